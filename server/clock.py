"""The one module that reads the clock. Everything else is told the time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


def _machine() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _machine


@contextmanager
def told_by(source: Callable[[], datetime]) -> Iterator[None]:
    """Take the time from `source` (aware, UTC): for a simulation, whose time is its own."""
    global _source  # noqa: PLW0603  the machine's clock is one for the process, too
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before


def now() -> datetime:
    """Return the present instant, aware, in UTC, to the millisecond."""
    present = _source()
    return present.replace(microsecond=present.microsecond // 1000 * 1000)
