"""The one module that reads the clock. Everything else is told the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant, aware, in UTC, to the millisecond."""
    present = datetime.now(UTC)
    return present.replace(microsecond=present.microsecond // 1000 * 1000)
