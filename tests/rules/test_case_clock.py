"""The clock of a case: deadlines to the minute, stops, extensions, warnings, escalation."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.cases import clock
from server.cases.clock import ESCALATION, Span
from server.worktime.arithmetic import Day, ScheduleDays, WorkCalendar

ZONE = ZoneInfo("Asia/Shanghai")
OFFICE = (
    (timedelta(hours=8, minutes=30), timedelta(hours=12)),
    (timedelta(hours=14), timedelta(hours=17, minutes=30)),
)
# November 2026 as published: plain weeks. A make-up Sunday is added to be seen.
DAYS = {date(2026, 11, day): Day(date(2026, 11, day).weekday() < 5) for day in range(1, 31)}
CALENDAR = WorkCalendar(ZONE, OFFICE, ScheduleDays.CALENDAR, DAYS | {date(2026, 11, 29): Day(True)})


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZONE).astimezone(UTC)


def limit(value: int, unit: str) -> Span:
    return Span(value, unit, CALENDAR)


def test_what_was_left_runs_on_after_a_failed_check():
    # Dispatched Friday 09:30 with 4 work hours: due 15:30. Done at 11:00, so 2.5 h are left.
    due = clock.deadline(at("20 09:30"), limit(4, "work_hour")).at
    assert due == at("20 15:30")
    again = clock.run_on(at("20 11:00"), due, at("23 09:00"), limit(4, "work_hour"))
    assert again.at == at("23 11:30")


def test_time_that_waits_over_a_weekend_costs_nothing():
    due = clock.deadline(at("20 16:30"), limit(4, "work_hour")).at
    assert due == at("23 11:30")
    same = clock.run_on(at("20 18:00"), due, at("22 12:00"), limit(4, "work_hour"))
    assert same.at == due


def test_a_continuous_clock_runs_on_by_the_hour():
    due = clock.deadline(at("20 09:30"), limit(2, "hour")).at
    again = clock.run_on(at("20 10:00"), due, at("21 03:00"), limit(2, "hour"))
    assert again.at == at("21 04:30")


def test_days_run_on_by_the_worked_time_that_was_left():
    due = clock.deadline(at("20 09:30"), limit(2, "work_day")).at
    assert due == at("24 17:30")
    # Done on Monday at 10:00: 5.5 h of Monday and 7 h of Tuesday are left.
    again = clock.run_on(at("23 10:00"), due, at("25 14:00"), limit(2, "work_day"))
    assert again.at == at("27 10:30")  # Wednesday 3.5 h, Thursday 7 h, Friday 2 h


def test_an_overdue_clock_stays_overdue():
    due = at("20 11:00")
    assert clock.run_on(at("20 11:30"), due, at("23 09:00"), limit(2, "work_hour")).at == due


def test_an_extension_gives_the_original_limit_once_more():
    assert clock.extended(at("20 15:30"), limit(4, "work_hour"), None).at == at("23 10:30")
    assert clock.extended(at("24 17:30"), limit(2, "work_day"), None).at == at("26 17:30")


def test_an_extension_may_be_asked_for_until_a_date():
    until = at("27 17:30")
    assert clock.extended(at("24 17:30"), limit(2, "work_day"), until).at == until


@pytest.mark.parametrize(
    ("value", "unit", "due", "warned"),
    [
        (4, "work_hour", "20 15:30", "20 14:30"),
        (2, "hour", "20 11:30", "20 11:00"),
        (1, "work_day", "23 17:30", "23 12:00"),
        (3, "work_day", "25 17:30", "24 17:30"),
    ],
)
def test_the_warning_comes_with_a_quarter_left_and_a_day_before_for_days(value, unit, due, warned):
    span = limit(value, unit)
    start = at("20 09:30")
    assert clock.deadline(start, span).at == at(due)
    assert clock.warn_at(start, at(due), span) == at(warned)


def test_there_is_no_warning_when_less_than_its_lead_is_left():
    assert clock.warn_at(at("20 14:30"), at("20 15:30"), limit(4, "work_hour")) is None


def test_escalation_goes_from_the_unit_to_its_head_to_the_supervisor():
    assert [step.name for step in ESCALATION] == [
        "overdue_unit",
        "overdue_head",
        "overdue_supervisor",
    ]


def test_escalation_waits_on_the_units_own_clock():
    due, span = at("20 16:30"), limit(4, "work_hour")
    assert clock.escalate_at(due, 0, span) == due
    assert clock.escalate_at(due, 1, span) == at("23 09:30")
    assert clock.escalate_at(due, 2, span) == at("23 17:30")
    assert clock.escalate_at(due, 3, span) is None
    assert clock.escalate_at(due, 1, limit(4, "hour")) == at("20 18:30")


def test_a_case_is_returned_within_two_work_hours():
    assert clock.return_by(at("20 16:30"), CALENDAR) == at("23 09:30")


def test_a_make_up_sunday_counts():
    assert clock.deadline(at("27 16:30"), limit(4, "work_hour")).at == at("29 11:30")
