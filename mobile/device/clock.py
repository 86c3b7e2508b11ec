"""The device's clock, and how far it is known to be off."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mobile.store.home import DeviceHome

_OFFSET = "clock_offset_ms"
_SYNCED = "clock_synced_at"
_JITTER_MS = 1000
_LONGEST_TRIP = timedelta(minutes=2)


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


def _wall() -> datetime:
    return datetime.now().astimezone()


def _uptime_ms() -> int:
    # Android sleeps: CLOCK_MONOTONIC stands still meanwhile, CLOCK_BOOTTIME does not.
    which = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(which) // 1_000_000


class DeviceClock:
    """The machine's clock. What the server taught it is kept in the device's settings.

    While the app runs, the time since the last lesson is counted by the uptime, so that a clock
    that somebody sets meanwhile moves `wall` and `offset_ms` but never `ClockReading.now`.
    """

    def __init__(
        self,
        home: DeviceHome,
        wall: Callable[[], datetime] = _wall,
        uptime_ms: Callable[[], int] = _uptime_ms,
    ) -> None:
        self._home, self._wall, self._uptime_ms = home, wall, uptime_ms
        offset, synced = home.setting(_OFFSET), home.setting(_SYNCED)
        self._offset_ms = int(offset) if offset else None
        self._synced_at = datetime.fromisoformat(synced) if synced else None
        self._lesson: tuple[datetime, int] | None = None  # the server's time, and our uptime then

    def read(self) -> ClockReading:
        wall, uptime_ms = self._wall(), self._uptime_ms()
        return ClockReading(
            wall=wall,
            uptime_ms=uptime_ms,
            offset_ms=self._offset_at(wall, uptime_ms),
            synced_at=self._synced_at,
        )

    def _offset_at(self, wall: datetime, uptime_ms: int) -> int | None:
        if self._lesson is None:
            return self._offset_ms
        taught, then_ms = self._lesson
        now = taught + timedelta(milliseconds=uptime_ms - then_ms)
        offset_ms = round((now - wall).total_seconds() * 1000)
        known = self._offset_ms or 0
        return known if abs(offset_ms - known) < _JITTER_MS else offset_ms

    def learn(self, server_time: datetime, asked_at: datetime, answered_at: datetime) -> None:
        """Take the middle of the request as the moment of `server_time`."""
        trip = answered_at - asked_at
        if not timedelta(0) <= trip <= _LONGEST_TRIP:
            trip = timedelta(0)  # the clock was set while we asked
        now = server_time + trip / 2
        offset_ms = round((now - answered_at).total_seconds() * 1000)
        known, self._synced_at = self._offset_ms, answered_at
        self._lesson = (now, self._uptime_ms())
        self._offset_ms = offset_ms
        # Written only when it moved: a sync asks the time often, and each write costs a flush.
        if known is None or abs(offset_ms - known) > 500:
            self._home.set_setting(_OFFSET, str(offset_ms))
            self._home.set_setting(_SYNCED, answered_at.isoformat())
