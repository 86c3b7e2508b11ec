"""The network port."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol


class Network(StrEnum):
    NONE = "none"
    MOBILE = "mobile"
    WIFI = "wifi"


class Connectivity(Protocol):
    def network(self) -> Network: ...

    def on_change(self, listener: Callable[[Network], None]) -> None:
        """Call `listener` (on any thread) whenever the network changes."""
