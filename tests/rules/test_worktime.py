"""Working-time arithmetic: the checked examples, and what must hold for every limit."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.worktime.arithmetic import (
    Day,
    ScheduleDays,
    WorkCalendar,
    add_limit,
    add_time,
    remaining,
    worked_between,
)

ZONE = ZoneInfo("Asia/Shanghai")
VECTORS = json.loads((Path(__file__).parent / "deadline_vectors.json").read_text())["vectors"]
HOURS = (
    (timedelta(hours=8, minutes=30), timedelta(hours=12)),
    (timedelta(hours=14), timedelta(hours=17, minutes=30)),
)


def _days(first: date, last: date) -> dict[date, Day]:
    span = (last - first).days + 1
    dates = (first + timedelta(days=n) for n in range(span))
    return {on: Day(chinese_calendar.is_workday(on)) for on in dates}


OFFICE = WorkCalendar(
    ZONE, HOURS, ScheduleDays.CALENDAR, _days(date(2025, 1, 1), date(2026, 12, 31))
)
SEVEN_DAYS = WorkCalendar(ZONE, HOURS, ScheduleDays.DAILY, OFFICE.days)
ALWAYS = WorkCalendar(ZONE, ((timedelta(), timedelta(days=1)),), ScheduleDays.DAILY, OFFICE.days)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


instants = st.datetimes(
    min_value=datetime(2025, 1, 1), max_value=datetime(2026, 11, 1), timezones=st.just(UTC)
)
calendars = st.sampled_from([OFFICE, SEVEN_DAYS, ALWAYS])
work_units = st.sampled_from(["work_hour", "work_day"])
any_unit = st.sampled_from(["hour", "work_hour", "work_day"])
amounts = st.timedeltas(min_value=timedelta(), max_value=timedelta(hours=200))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['dispatched_at']}+{v['value']}")
def test_a_checked_example_holds(vector):
    due = add_limit(local(vector["dispatched_at"]), vector["value"], vector["unit"], OFFICE)
    assert due.at == local(vector["due_at"])
    assert not due.provisional


def test_there_are_seven_checked_examples():
    assert len(VECTORS) == 7


@given(instants, st.integers(1, 60), work_units, calendars)
def test_a_deadline_is_a_worked_moment(start, value, unit, calendar):
    due = add_limit(start, value, unit, calendar).at.astimezone(ZONE)
    minute_before = due - timedelta(minutes=1)
    assert calendar.day(minute_before.date()).working
    since_midnight = timedelta(hours=minute_before.hour, minutes=minute_before.minute)
    assert any(begin <= since_midnight < end for begin, end in calendar.spans)


@given(instants, st.integers(1, 100), calendars)
def test_a_limit_in_work_hours_consumes_exactly_that_many(start, value, calendar):
    due = add_limit(start, value, "work_hour", calendar).at
    assert worked_between(start, due, "work_hour", calendar) == timedelta(hours=value)


@given(instants, st.integers(1, 20))
def test_a_limit_in_work_days_ends_at_close_of_a_later_working_day(start, value):
    due = add_limit(start, value, "work_day", OFFICE).at.astimezone(ZONE)
    first = start.astimezone(ZONE).date() + timedelta(days=1)
    between = [first + timedelta(days=n) for n in range((due.date() - first).days + 1)]
    assert sum(chinese_calendar.is_workday(on) for on in between) == value
    assert (due.hour, due.minute) == (17, 30)


@given(instants, instants, st.integers(1, 60), any_unit, calendars)
def test_a_later_dispatch_is_never_due_earlier(one, other, value, unit, calendar):
    early, late = sorted((one, other))
    assert add_limit(early, value, unit, calendar).at <= add_limit(late, value, unit, calendar).at


@given(instants, st.integers(1, 59), any_unit, calendars)
def test_a_longer_limit_is_due_later(start, value, unit, calendar):
    shorter = add_limit(start, value, unit, calendar).at
    assert start < shorter < add_limit(start, value + 1, unit, calendar).at


@given(instants, amounts, any_unit, calendars)
def test_a_clock_that_is_stopped_and_started_at_once_ends_when_it_would_have(
    stopped, amount, unit, calendar
):
    due = add_time(stopped, amount, unit, calendar).at
    left = remaining(stopped, due, unit, calendar)
    assert left == amount
    assert add_time(stopped, left, unit, calendar).at == due


@given(instants, instants, any_unit, calendars)
def test_an_overdue_clock_has_less_than_nothing_left(one, other, unit, calendar):
    early, late = sorted((one, other))
    assert remaining(late, early, unit, calendar) == -worked_between(early, late, unit, calendar)


def test_a_continuous_limit_runs_through_nights_and_holidays():
    assert add_limit(local("2026-10-01 23:00"), 2, "hour", OFFICE).at == local("2026-10-02 01:00")


def test_a_unit_that_works_seven_days_gets_no_weekend():
    saturday = local("2026-01-31 10:00")
    assert add_limit(saturday, 2, "work_hour", SEVEN_DAYS).at == local("2026-01-31 12:00")
    assert add_limit(saturday, 1, "work_day", SEVEN_DAYS).at == local("2026-02-01 17:30")


def test_a_unit_that_works_round_the_clock_gets_no_night():
    evening = local("2026-01-31 22:00")
    assert add_limit(evening, 4, "work_hour", ALWAYS).at == local("2026-02-01 02:00")
    assert add_limit(evening, 1, "work_day", ALWAYS).at == local("2026-02-02 00:00")


def test_a_deadline_past_the_last_published_day_is_provisional():
    assert OFFICE.last_known_on() == date(2026, 12, 31)
    assert not add_limit(local("2026-12-30 09:00"), 1, "work_day", OFFICE).provisional
    assert add_limit(local("2026-12-30 09:00"), 2, "work_day", OFFICE).provisional
    assert add_limit(local("2026-12-31 17:00"), 1, "work_hour", OFFICE).provisional
    assert not add_limit(local("2026-12-31 20:00"), 8, "hour", OFFICE).provisional


def test_hours_may_be_written_as_spans_that_meet():
    noon = timedelta(hours=12)
    whole = WorkCalendar(
        ZONE, ((timedelta(hours=9), noon), (noon, timedelta(hours=17))), ScheduleDays.DAILY, {}
    )
    assert add_limit(local("2026-03-02 11:00"), 2, "work_hour", whole).at == local(
        "2026-03-02 13:00"
    )


def test_what_makes_no_sense_is_refused():
    start = local("2026-03-02 09:00")
    with pytest.raises(ValueError, match="at least 1"):
        add_limit(start, 0, "hour", OFFICE)
    with pytest.raises(ValueError, match="fortnight"):
        add_limit(start, 1, "fortnight", OFFICE)
    with pytest.raises(ValueError, match="time zone"):
        add_limit(datetime(2026, 3, 2, 9), 1, "work_hour", OFFICE)
    with pytest.raises(ValueError, match="backwards"):
        add_time(start, timedelta(hours=-1), "hour", OFFICE)
    with pytest.raises(ValueError, match="in order"):
        WorkCalendar(ZONE, HOURS[::-1], ScheduleDays.CALENDAR, {})
    with pytest.raises(ValueError, match="in order"):
        WorkCalendar(ZONE, ((timedelta(hours=20), timedelta(hours=25)),), ScheduleDays.DAILY, {})
    with pytest.raises(ValueError, match="in order"):
        WorkCalendar(ZONE, (), ScheduleDays.DAILY, {})
    closed = {date(2026, 1, 1) + timedelta(days=n): Day(working=False) for n in range(365)}
    shut = WorkCalendar(ZONE, HOURS, ScheduleDays.CALENDAR, closed)
    with pytest.raises(ValueError, match="no working day"):
        add_limit(start, 1, "work_hour", shut)
