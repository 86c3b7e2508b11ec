"""The device's clock, and how far it is known to be off."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class ClockReading:
    """`wall` is aware (the phone's zone); `offset_ms` = server minus device, None before a sync."""

    wall: datetime
    uptime_ms: int
    offset_ms: int | None = None
    synced_at: datetime | None = None


class Clock(Protocol):
    def read(self) -> ClockReading: ...

    def learn(self, server_time: datetime, asked_at: datetime, answered_at: datetime) -> None:
        """Take the offset from an answer of the server."""
