"""The background thread that carries records, photos and pages between phone and server."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mobile.device.devices import Devices
from mobile.store.home import DeviceHome
from mobile.store.person_store import PersonStore


class Phase(StrEnum):
    IDLE = "idle"  # all sent, or waiting for the next occasion
    OFFLINE = "offline"
    SENDING = "sending"  # records
    PHOTOS = "photos"
    RECEIVING = "receiving"
    WAITING = "waiting"  # a try failed; the next one is at `next_try_at`
    SIGN_IN_NEEDED = "sign_in_needed"
    REVOKED = "revoked"
    UPDATE_NEEDED = "update_needed"


@dataclass(frozen=True)
class CourierStatus:
    """`error` is a code of `sync.errors.CATALOGUE`, or `no_connection`, or None."""

    phase: Phase
    last_sync_at: datetime | None = None
    next_try_at: datetime | None = None
    error: str | None = None
    photo_bytes_left: int = 0


class Courier:
    """Single flight: one round at a time, another one after it when nudged meanwhile."""

    def __init__(self, home: DeviceHome, store: PersonStore, person_id: str, devices: Devices) -> None:
        ...

    def start(self) -> None: ...

    def stop(self, timeout_s: float = 5.0) -> None: ...

    def nudge(self, reason: str) -> None:
        """Ask for a round soon (`start`, `resume`, `connectivity`, `new_record`, `asked`, `timer`).

        `asked` (by the person) also overrides the wait after a failed try, not a Retry-After.
        """

    def on_status(self, listener: Callable[[CourierStatus], None]) -> None:
        """Call `listener` on the courier's thread at each change of status."""

    @property
    def status(self) -> CourierStatus:
        raise NotImplementedError
