"""Changing the working calendar: days and hours. Deadlines already given do not move by themselves.

Each function opens its own transaction and publishes into the catalogue, so that every process and
every phone learns of it.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select

from server.catalog.publishing import publish_calendar_days
from server.feed import publish, transaction
from server.feed.caching import CATALOG_SCOPE
from server.worktime.arithmetic import ScheduleDays
from server.worktime.models import CalendarDay, WorkSchedule
from sync.errors import Refused

ENTERED = "entered"  # source of a day that an administrator set
_CLOCK = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")
MESSAGES = ("时间应写成 08:30 这样", "每段的结束要晚于开始，各段不能重叠", "至少要有一段时间")


def change_day(on: date, *, working: bool, name: str, now: datetime) -> None:
    """Make a day a working day or a day off. Raises `Refused("not_found")` for an unknown day."""
    with transaction() as session:
        row = session.get(CalendarDay, on)
        if row is None:
            raise Refused("not_found")
        row.working, row.name, row.source = working, name, ENTERED
        row.version += 1
        publish_calendar_days(session, [row], now)


def confirm_year(year: int, now: datetime) -> int:
    """Declare a year's notice entered and final; return how many days that settles."""
    with transaction() as session:
        first, last = date(year, 1, 1), date(year, 12, 31)
        rows = session.scalars(
            select(CalendarDay).where(
                CalendarDay.day_on.between(first, last), CalendarDay.provisional
            )
        ).all()
        for row in rows:
            row.provisional = False
            row.version += 1
        publish_calendar_days(session, rows, now)
        return len(rows)


def change_schedule(code: str, days: str, spans: Sequence[tuple[str, str]], now: datetime) -> None:
    """Replace the hours of a schedule: spans as (`08:30`, `12:00`) in local time, in order.

    Raises `Refused`: `not_found`, `invalid` naming `spans`.
    """
    _check_spans(spans)
    with transaction() as session:
        row = session.get(WorkSchedule, code)
        if row is None:
            raise Refused("not_found")
        row.days = str(ScheduleDays(days))
        row.spans = [list(span) for span in spans]
        row.version += 1
        data = {"days": row.days, "spans": row.spans}
        publish(session, CATALOG_SCOPE, "work_schedule", row.code, row.version, data, now)


def _check_spans(spans: Sequence[tuple[str, str]]) -> None:
    if not spans:
        raise _wrong(MESSAGES[2])
    before = ""
    for begin, end in spans:
        if not _CLOCK.match(begin) or not _CLOCK.match(end):
            raise _wrong(MESSAGES[0])
        if end <= begin or begin < before:
            raise _wrong(MESSAGES[1])
        before = end


def _wrong(message: str) -> Refused:
    return Refused("invalid", fields={"spans": [message]})
