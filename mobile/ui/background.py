"""Work off the UI thread, and the one door back to it."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from kivy.clock import mainthread

from sync.errors import XunchengError

Result = TypeVar("Result")
logger = logging.getLogger(__name__)


class Background:
    """Runs work on a few threads; `then` and `failed` are called on the UI thread.

    `failed` gets the `XunchengError`; an unexpected error becomes `server_error`-free plain
    `unexpected` handling by the owner through `on_unexpected`. After `stop()` nothing comes back.
    """

    def __init__(self, on_unexpected: Callable[[BaseException], None], threads: int = 3) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="ui-work")
        self._on_unexpected = on_unexpected
        self._open = True
        self.pending = 0

    def run(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None] | None = None,
        failed: Callable[[XunchengError], None] | None = None,
    ) -> None:
        """Start `work()`. Call this on the UI thread only. After `stop()` nothing happens."""
        if not self._open:
            return
        self.pending += 1
        future = self._pool.submit(work)
        future.add_done_callback(lambda done: self._come_back(done, then, failed))

    @mainthread
    def _come_back(
        self,
        done: "Future[Result]",
        then: Callable[[Result], None] | None,
        failed: Callable[[XunchengError], None] | None,
    ) -> None:
        self.pending -= 1
        if not self._open or done.cancelled():
            return
        error = done.exception()
        if error is None:
            if then is not None:
                then(done.result())
        elif isinstance(error, XunchengError) and failed is not None:
            failed(error)
        else:
            logger.error("work behind a screen failed", exc_info=error)
            self._on_unexpected(error)

    def stop(self) -> None:
        """Finish what has begun (it may be saving), then answer nobody."""
        self._open = False
        self._pool.shutdown(wait=True)
