"""Instants as the phone's tables hold them: UTC text of one width, which sorts by time."""

from datetime import UTC, datetime


def as_text(moment: datetime) -> str:
    """Return an aware datetime as `2026-11-20T01:14:03.000000+00:00`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def from_text(text: str | None) -> datetime | None:
    """Return RFC 3339 text as an aware datetime; None or nothing stays None."""
    return datetime.fromisoformat(text) if text else None
