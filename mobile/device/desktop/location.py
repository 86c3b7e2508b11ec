"""A simulated walk in the place of a satellite receiver."""

import math
import time
from collections.abc import Callable, Sequence

from mobile.store.places import metres_between
from sync.messages import Location

Point = tuple[float, float]
_METRES_PER_SECOND = 1.2


class SimulatedLocation:
    """Walks along `route` (WGS-84 lat, lon) and back, as fast as an officer on the beat.

    Its positions say so: `provider` is `simulated`. `mock` stays false: on a phone it tells that
    some other app feeds false positions, and the server keeps such a report from its rules.
    """

    name = "模拟定位（代替卫星定位）"

    def __init__(
        self, route: Sequence[Point], uptime_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._route = list(route)
        self._uptime_s = uptime_s
        self._started_at = uptime_s()
        self._fixed: Point | None = None

    def last(self) -> Location | None:
        lat, lon = self._fixed or self._point(
            (self._uptime_s() - self._started_at) * _METRES_PER_SECOND
        )
        return Location(round(lat, 6), round(lon, 6), accuracy_m=8.0, provider="simulated")

    def start(self) -> None:
        """Nothing to switch on."""

    def stop(self) -> None:
        """Nothing to switch off."""

    def stand_at(self, lat: float, lon: float) -> None:
        """Stay at one point from now on."""
        self._fixed = (lat, lon)

    def _point(self, metres: float) -> Point:
        lengths = [metres_between(*a, *b) for a, b in self._legs()]
        whole = sum(lengths)
        if whole == 0:
            return self._route[0]
        along = math.fmod(metres, 2 * whole)
        along = along if along <= whole else 2 * whole - along
        for (start, end), length in zip(self._legs(), lengths, strict=True):
            if along <= length:
                share = along / length if length else 0.0
                return tuple(a + (b - a) * share for a, b in zip(start, end, strict=True))  # type: ignore[return-value]
            along -= length
        return self._route[-1]

    def _legs(self) -> list[tuple[Point, Point]]:
        return list(zip(self._route, self._route[1:], strict=False))
