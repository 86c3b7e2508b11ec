"""Virtual time: what happens next, happens next. Phones wait in greenlets until they are woken."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet

from tests.simulation.town import START


@dataclass
class TimeLine:
    """Seconds since `START`, and what is to happen at which of them."""

    seconds: float = 0.0
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: count = field(default_factory=count)
    _main: greenlet = field(default_factory=getcurrent)

    @property
    def now(self) -> datetime:
        """The true time, to the millisecond."""
        return START + timedelta(milliseconds=round(self.seconds * 1000))

    def after(self, seconds: float, happening: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.seconds + seconds, next(self._order), happening))

    def pass_time(self, seconds: float) -> None:
        """Let everything happen that is due within `seconds`."""
        until = self.seconds + seconds
        while self._due and self._due[0][0] <= until:
            self._next()
        self.seconds = until

    def run_dry(self) -> None:
        """Let everything happen that is under way, and what follows from it."""
        while self._due:
            self._next()

    def begin(self, work: Callable[[], None]) -> greenlet:
        """Start work that may wait; it runs until it waits for the first time."""
        task = greenlet(work, parent=self._main)
        task.switch()
        return task

    def wait(self) -> Any:
        """Wait, inside a task, until somebody switches to it; return what they bring."""
        return self._main.switch()

    def _next(self) -> None:
        self.seconds, _, happening = heapq.heappop(self._due)
        happening()
