"""First rows of the working calendar: published years as they are, later ones provisionally."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
from chinese_calendar import constants
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.worktime.arithmetic import Day, ScheduleDays, WorkCalendar, offset_of
from server.worktime.models import CalendarDay, WorkSchedule

PUBLISHED = "chinesecalendar"
STATUTORY = "statutory"

OFFICE_HOURS = [["08:30", "12:00"], ["14:00", "17:30"]]
SCHEDULES = (
    ("office", "工作日上班时间", "calendar", OFFICE_HOURS),
    ("seven_days", "每周七天上班时间", "daily", OFFICE_HOURS),
    ("always", "全天二十四小时", "daily", [["00:00", "24:00"]]),
)

_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
}
# 全国年节及纪念日放假办法 (2024 revision), Article 2: days with a date of their own.
_FIXED = {(1, 1): "元旦", (5, 1): "劳动节", (5, 2): "劳动节"} | {
    (10, day): "国庆节" for day in (1, 2, 3)
}
# Days of the same article that follow the moon or the sun, as dates of the common calendar:
# first day of the first month, tomb-sweeping, fifth of the fifth month, fifteenth of the eighth.
_LUNAR = {
    2027: ((2, 6), (4, 5), (6, 9), (9, 15)),
    2028: ((1, 26), (4, 4), (5, 28), (10, 3)),
    2029: ((2, 13), (4, 4), (6, 16), (9, 22)),
    2030: ((2, 3), (4, 5), (6, 5), (9, 12)),
}


def seed_schedules(session: Session) -> None:
    """Add the three schedules that are missing; what an administrator changed stays."""
    present = set(session.scalars(select(WorkSchedule.code)))
    for code, name, days, spans in SCHEDULES:
        if code not in present:
            session.add(WorkSchedule(code=code, name=name, days=days, spans=spans, version=1))


def seed_calendar(session: Session, first_year: int, last_year: int) -> list[CalendarDay]:
    """Add missing days and settle provisional ones whose year is now published.

    Days that an administrator entered (any other source) stay. Returns the rows that changed.
    """
    present = {row.day_on: row for row in session.scalars(select(CalendarDay))}
    changed: list[CalendarDay] = []
    for year in range(first_year, last_year + 1):
        for fresh in days_of_year(year):
            row = present.get(fresh.day_on)
            if row is None:
                session.add(fresh)
                changed.append(fresh)
            elif row.source == STATUTORY and fresh.source == PUBLISHED:
                row.working, row.name = fresh.working, fresh.name
                row.provisional, row.source = fresh.provisional, fresh.source
                row.version += 1
                changed.append(row)
    return changed


def seeded_calendars(zone: ZoneInfo, years: Iterable[int]) -> dict[str, WorkCalendar]:
    """Return the calendars of the three schedules as a new database would have them."""
    rows = (row for year in years for row in days_of_year(year))
    days = {row.day_on: Day(row.working, row.provisional) for row in rows}
    return {
        code: WorkCalendar(
            zone,
            tuple((offset_of(begin), offset_of(end)) for begin, end in spans),
            ScheduleDays(kind),
            days,
        )
        for code, _, kind, spans in SCHEDULES
    }


def days_of_year(year: int) -> Iterator[CalendarDay]:
    """Yield the rows of a year: published when the library knows it, else provisional."""
    published = _is_published(year)
    holidays = {} if published else statutory_holidays(year)
    on = date(year, 1, 1)
    while on.year == year:
        yield _published_day(on) if published else _provisional_day(on, holidays)
        on += timedelta(days=1)


def statutory_holidays(year: int) -> dict[date, str]:
    """Return the days off that the law names, without the swaps that a year's notice decides.

    The moon's holidays are known up to 2030 here; for later years only those with a fixed date.
    """
    found = {date(year, month, day): name for (month, day), name in _FIXED.items()}
    if year in _LUNAR:
        spring, tombs, boats, autumn = (date(year, month, day) for month, day in _LUNAR[year])
        for offset in (-1, 0, 1, 2):  # New Year's eve and the first three days
            found[spring + timedelta(days=offset)] = "春节"
        found |= {tombs: "清明节", boats: "端午节", autumn: "中秋节"}
    return found


def is_plain(row: CalendarDay) -> bool:
    """Say whether a day follows from its weekday alone, and has no name."""
    return not row.name and row.working == (row.day_on.weekday() < 5)


def _is_published(year: int) -> bool:
    # The library knows a year when it has a holiday in its autumn: a year's notice is published
    # whole, but its table also holds the last days of December before the year it knows.
    return date(year, 10, 1) in constants.holidays


def _published_day(on: date) -> CalendarDay:
    working = chinese_calendar.is_workday(on)
    _, english = chinese_calendar.get_holiday_detail(on)
    name = _NAMES.get(english or "", english or "")
    if working and name:
        name = f"{name}调休上班"
    return CalendarDay(
        day_on=on, working=working, name=name, provisional=False, source=PUBLISHED, version=1
    )


def _provisional_day(on: date, holidays: dict[date, str]) -> CalendarDay:
    return CalendarDay(
        day_on=on,
        working=on.weekday() < 5 and on not in holidays,
        name=holidays.get(on, ""),
        provisional=True,
        source=STATUTORY,
        version=1,
    )
