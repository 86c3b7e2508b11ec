"""Working calendars from their rows, kept in the process until the catalogue changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.feed.caching import CatalogCache
from server.worktime.arithmetic import Day, ScheduleDays, WorkCalendar, offset_of
from server.worktime.models import CalendarDay, WorkSchedule

DEFAULT_SCHEDULE = "office"


@dataclass(frozen=True)
class _Calendars:
    by_schedule: Mapping[str, WorkCalendar]
    last_known_on: date | None


def calendar_for(session: Session, schedule_code: str | None, now: datetime) -> WorkCalendar:
    """Return the calendar of a schedule (default and fallback: office hours) as of `now`.

    Raises LookupError when the database holds no schedule at all.
    """
    found = _CALENDARS.get(session).by_schedule
    calendar = found.get(schedule_code or DEFAULT_SCHEDULE) or found.get(DEFAULT_SCHEDULE)
    if calendar is None:
        raise LookupError(f"no work schedule {DEFAULT_SCHEDULE!r} at {now}: run init-db")
    return calendar


def last_known_on(session: Session) -> date | None:
    """Return the last calendar day that is officially known; deadlines after it are provisional."""
    return _CALENDARS.get(session).last_known_on


def _load(session: Session) -> _Calendars:
    rows = session.execute(select(CalendarDay.day_on, CalendarDay.working, CalendarDay.provisional))
    days = MappingProxyType({on: Day(working, provisional) for on, working, provisional in rows})
    zone: ZoneInfo = current_app.extensions["xuncheng_settings"].timezone
    schedules = session.execute(select(WorkSchedule)).scalars()
    calendars = {
        row.code: WorkCalendar(
            zone=zone,
            spans=tuple((offset_of(begin), offset_of(end)) for begin, end in row.spans),
            kind=ScheduleDays(row.days),
            days=days,
        )
        for row in schedules
    }
    known = max((on for on, day in days.items() if not day.provisional), default=None)
    return _Calendars(calendars, known)


_CALENDARS = CatalogCache(_load)
