"""The location port."""

from typing import Protocol

from sync.messages import Location


class Locator(Protocol):
    name: str

    def last(self) -> Location | None:
        """Return the newest position known, at once; None while there is none."""

    def start(self) -> None:
        """Begin to listen (a screen that needs it is open, or the person is on duty)."""

    def stop(self) -> None: ...
