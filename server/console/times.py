"""Instants and spans as people say them. The same words are made in `static/clocks.js`."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

SOON = timedelta(hours=2)


def span_words(span: timedelta) -> str:
    """Return a span in its two largest units: `2 天 3 小时`, `1 小时 20 分`, `5 分`."""
    minutes = int(abs(span).total_seconds()) // 60
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        return _("%(days)s 天 %(hours)s 小时", days=days, hours=hours) if hours else _days(days)
    if hours:
        return _("%(hours)s 小时 %(minutes)s 分", hours=hours, minutes=minutes)
    return _("%(minutes)s 分", minutes=minutes)


def skew_words(skew: timedelta) -> str:
    """Return by how much a phone's clock is wrong: ahead is positive."""
    span = span_words(skew)
    return _("快 %(span)s", span=span) if skew > timedelta() else _("慢 %(span)s", span=span)


def due_words(due_at: datetime, now: datetime) -> str:
    """Return how much is left of a deadline, or by how much it has passed."""
    span = span_words(due_at - now)
    return _("还剩 %(span)s", span=span) if due_at >= now else _("已超 %(span)s", span=span)


def due_tone(due_at: datetime, now: datetime) -> str:
    """Return `late`, `soon` or `calm`: red, amber, or no colour."""
    if due_at < now:
        return "late"
    return "soon" if due_at - now <= SOON else "calm"


def exact(instant: datetime, zone: ZoneInfo) -> str:
    """Return `2026-09-20 11:30` in the bureau's zone."""
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def short(instant: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return the time for today, month and day for this year, else the date."""
    local, today = instant.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return local.strftime("%H:%M")
    if local.year == today.year:
        return local.strftime("%m-%d %H:%M")
    return local.strftime("%Y-%m-%d")


def _days(days: int) -> str:
    return _("%(days)s 天", days=days)
