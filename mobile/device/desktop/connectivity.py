"""The desk's network: there, unless somebody switches it off to see what happens."""

from collections.abc import Callable

from mobile.device.connectivity import Network


class SwitchedConnectivity:
    """Says what it was told to say. The demo and the tests switch it."""

    def __init__(self, network: Network = Network.WIFI) -> None:
        self._network = network
        self._listeners: list[Callable[[Network], None]] = []

    def network(self) -> Network:
        return self._network

    def on_change(self, listener: Callable[[Network], None]) -> None:
        self._listeners.append(listener)

    def switch(self, network: Network) -> None:
        """Change the network and tell those who listen."""
        self._network = network
        for listener in list(self._listeners):
            listener(network)
