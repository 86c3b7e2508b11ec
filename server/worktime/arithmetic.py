"""Working-time arithmetic. Pure: the calendar is an argument, nothing here reads a clock.

Limits run on one of three clocks (standards §1.3): `hour` is continuous (紧急工作时), `work_hour`
counts only worked time (工作时), `work_day` ends at close of the Nth working day after the day of
dispatch (工作日). What is worked follows from the unit's schedule: office hours on calendar days,
its hours on seven days, or round the clock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

# No holiday is longer: a calendar without a worked hour in so many days is wrong, not long.
_MAX_IDLE_DAYS = 60
_MIDNIGHT = time()
_DAY = timedelta(days=1)


class LimitUnit(StrEnum):
    HOUR = "hour"
    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"


class ScheduleDays(StrEnum):
    """Which days a schedule's hours hold on: the calendar's working days, or all seven."""

    CALENDAR = "calendar"
    DAILY = "daily"


@dataclass(frozen=True)
class Day:
    """What is known of one day; `provisional` until its year's notice is published."""

    working: bool
    provisional: bool = False


@dataclass(frozen=True)
class Due:
    """An instant (UTC) and whether it rests on a day that is not officially known yet."""

    at: datetime
    provisional: bool


@dataclass(frozen=True)
class WorkCalendar:
    """When work is done: `spans` are (from, to) offsets from local midnight, in order, disjoint.

    `days` holds the known calendar days; a day outside it counts by its weekday, provisionally.
    """

    zone: ZoneInfo
    spans: tuple[tuple[timedelta, timedelta], ...]
    kind: ScheduleDays
    days: Mapping[date, Day]

    def __post_init__(self) -> None:
        # One span may begin where the one before it ends.
        bounds = [timedelta(), *(bound for span in self.spans for bound in span), _DAY]
        empty = not self.spans or any(end <= begin for begin, end in self.spans)
        if empty or bounds != sorted(bounds):
            raise ValueError(f"spans must be in order and inside one day: {self.spans}")

    def day(self, on: date) -> Day:
        """Return what holds for the local date `on` under this schedule."""
        if self.kind is ScheduleDays.DAILY:
            return Day(working=True)
        return self.days.get(on) or Day(working=on.weekday() < 5, provisional=True)

    def last_known_on(self) -> date | None:
        """Return the last day that is not provisional, or None when no day is."""
        return max((on for on, day in self.days.items() if not day.provisional), default=None)


def offset_of(clock: str) -> timedelta:
    """Return `HH:MM` (up to 24:00) as an offset from midnight."""
    hours, minutes = clock.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def add_limit(start: datetime, value: int, unit: str, calendar: WorkCalendar) -> Due:
    """Return when a limit of `value` `unit` that starts at `start` ends.

    Raises ValueError for a value below 1, an unknown unit, or a naive `start`.
    """
    if value < 1:
        raise ValueError(f"a limit is at least 1, not {value}")
    if LimitUnit(unit) is LimitUnit.WORK_DAY:
        return _close_of_nth_day(start, value, calendar)
    return add_time(start, timedelta(hours=value), unit, calendar)


def add_time(start: datetime, amount: timedelta, unit: str, calendar: WorkCalendar) -> Due:
    """Return when `amount` of the clock of `unit` has run since `start`.

    A stopped clock runs on with this: `amount` is then what `remaining` said. The clock of
    `work_day` is worked time, as `work_hour`'s is. Ends at a span's end rather than at the next
    one's beginning.
    """
    if amount < timedelta():
        raise ValueError(f"time does not run backwards: {amount}")
    local = _local(start, calendar)
    if LimitUnit(unit) is LimitUnit.HOUR or not amount:
        return Due((start + amount).astimezone(UTC), provisional=False)
    left, provisional = amount, False
    for midnight, day in _days_from(local.date(), calendar):
        provisional = provisional or day.provisional
        for begin, end in _spans_of(midnight, day, calendar):
            since = max(begin, local)
            if end - since >= left:
                return Due(_instant(since + left, calendar), provisional)
            left -= max(end - since, timedelta())
    raise AssertionError("days do not end")


def worked_between(start: datetime, end: datetime, unit: str, calendar: WorkCalendar) -> timedelta:
    """Return how much of the clock of `unit` runs from `start` to `end`; zero if `end` is first."""
    if LimitUnit(unit) is LimitUnit.HOUR:
        return max(end - start, timedelta())
    first, last = _local(start, calendar), _local(end, calendar)
    worked = timedelta()
    on = first.date()
    while on <= last.date():
        midnight = datetime.combine(on, _MIDNIGHT)
        for begin, close in _spans_of(midnight, calendar.day(on), calendar):
            worked += max(min(close, last) - max(begin, first), timedelta())
        on += _DAY
    return worked


def remaining(stopped: datetime, due: datetime, unit: str, calendar: WorkCalendar) -> timedelta:
    """Return what is left on the clock of `unit` when it stops; negative when it is overdue.

    `add_time(stopped, remaining(stopped, due, …), …)` is `due` again, as long as any is left.
    """
    if due >= stopped:
        return worked_between(stopped, due, unit, calendar)
    return -worked_between(due, stopped, unit, calendar)


def _close_of_nth_day(start: datetime, count: int, calendar: WorkCalendar) -> Due:
    """The day of dispatch is not counted, whether it is worked or not (vectors 2, 3 and 5)."""
    first = _local(start, calendar).date() + _DAY
    provisional, left = False, count
    for midnight, day in _days_from(first, calendar):
        provisional = provisional or day.provisional
        left -= day.working
        if left == 0:
            close = midnight + calendar.spans[-1][1]
            return Due(_instant(close, calendar), provisional)
    raise AssertionError("days do not end")


def _days_from(first: date, calendar: WorkCalendar) -> Iterator[tuple[datetime, Day]]:
    """Yield each day from `first` as its local midnight; raise when none is worked for too long."""
    on, idle = first, 0
    while idle <= _MAX_IDLE_DAYS:
        day = calendar.day(on)
        idle = 0 if day.working else idle + 1
        yield datetime.combine(on, _MIDNIGHT), day
        on += _DAY
    raise ValueError(f"no working day in the {_MAX_IDLE_DAYS} days before {on}")


def _spans_of(
    midnight: datetime, day: Day, calendar: WorkCalendar
) -> Iterator[tuple[datetime, datetime]]:
    if day.working:
        for begin, end in calendar.spans:
            yield midnight + begin, midnight + end


def _local(instant: datetime, calendar: WorkCalendar) -> datetime:
    """Wall-clock time without zone: all sums are done on it."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(calendar.zone).replace(tzinfo=None)


def _instant(local: datetime, calendar: WorkCalendar) -> datetime:
    return local.replace(tzinfo=calendar.zone).astimezone(UTC)
