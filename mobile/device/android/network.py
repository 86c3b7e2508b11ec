"""What network the phone has, and when that changes."""

import threading
import time
from collections.abc import Callable

from jnius import autoclass

from mobile.device.connectivity import Network

_Activity = autoclass("org.kivy.android.PythonActivity")
_Capabilities = autoclass("android.net.NetworkCapabilities")
_Context = autoclass("android.content.Context")
_LOOK_EVERY_S = 5.0


class PhoneNetwork:
    """Looks every five seconds: pyjnius cannot extend the abstract class of Java's callback."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Network], None]] = []
        self._last = self.network()
        threading.Thread(target=self._watch, name="network", daemon=True).start()

    def network(self) -> Network:
        manager = _Activity.mActivity.getSystemService(_Context.CONNECTIVITY_SERVICE)
        active = manager.getActiveNetwork()
        found = manager.getNetworkCapabilities(active) if active is not None else None
        if found is None or not found.hasCapability(_Capabilities.NET_CAPABILITY_INTERNET):
            return Network.NONE
        metered = not found.hasCapability(_Capabilities.NET_CAPABILITY_NOT_METERED)
        on_cable = found.hasTransport(_Capabilities.TRANSPORT_WIFI) or found.hasTransport(
            _Capabilities.TRANSPORT_ETHERNET
        )
        return Network.WIFI if on_cable and not metered else Network.MOBILE

    def on_change(self, listener: Callable[[Network], None]) -> None:
        self._listeners.append(listener)

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_EVERY_S)
            network = self.network()
            if network is self._last:
                continue
            self._last = network
            for listener in list(self._listeners):
                listener(network)
