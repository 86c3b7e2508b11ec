"""The device's clock, and how far it is known to be off."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mobile.store.home import DeviceHome

_OFFSET = "clock_offset_ms"
_SYNCED = "clock_synced_at"


@dataclass(frozen=True)
class ClockReading:
    """`wall` is aware (the phone's zone); `offset_ms` = server minus device, None before a sync."""

    wall: datetime
    uptime_ms: int
    offset_ms: int | None = None
    synced_at: datetime | None = None

    @property
    def now(self) -> datetime:
        """The wall clock set right by what the server said last; deadlines are shown by it."""
        return self.wall + timedelta(milliseconds=self.offset_ms or 0)


class Clock(Protocol):
    def read(self) -> ClockReading: ...

    def learn(self, server_time: datetime, asked_at: datetime, answered_at: datetime) -> None:
        """Take the offset from an answer of the server."""


class DeviceClock:
    """The machine's clock. What the server taught it is kept in the device's settings."""

    def __init__(self, home: DeviceHome) -> None:
        self._home = home
        offset, synced = home.setting(_OFFSET), home.setting(_SYNCED)
        self._offset_ms = int(offset) if offset else None
        self._synced_at = datetime.fromisoformat(synced) if synced else None

    def read(self) -> ClockReading:
        return ClockReading(
            wall=datetime.now().astimezone(),
            uptime_ms=time.monotonic_ns() // 1_000_000,
            offset_ms=self._offset_ms,
            synced_at=self._synced_at,
        )

    def learn(self, server_time: datetime, asked_at: datetime, answered_at: datetime) -> None:
        """Take the middle of the request as the moment of `server_time`."""
        middle = asked_at + (answered_at - asked_at) / 2
        offset_ms = round((server_time - middle).total_seconds() * 1000)
        known, self._synced_at = self._offset_ms, answered_at
        self._offset_ms = offset_ms
        # Written only when it moved: a sync asks the time often, and each write costs a flush.
        if known is None or abs(offset_ms - known) > 500:
            self._home.set_setting(_OFFSET, str(offset_ms))
            self._home.set_setting(_SYNCED, answered_at.isoformat())
