"""The clock of a case (pure): when a limit ends, runs on after a stop, warns and escalates.

The unit's clock starts at the server's dispatch and stops at the server's receipt of "done". A
failed check voids that stop: what was left then runs on from the failed check, for the wait was not
the unit's. A suspension stops the clock in the same way (`docs/decisions/case-clock.md`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from server.worktime.arithmetic import (
    Due,
    LimitUnit,
    WorkCalendar,
    add_limit,
    add_time,
    remaining,
)
from sync.roles import Role

HALF_DAY = timedelta(hours=3, minutes=30)
WHOLE_DAY = 2 * HALF_DAY


@dataclass(frozen=True)
class Span:
    """A limit on a calendar: `value` of `unit` (hour | work_hour | work_day)."""

    value: int
    unit: str
    calendar: WorkCalendar


class Step(NamedTuple):
    """One step of escalation: `after` is time on the case's clock since the deadline."""

    name: str
    to: Role
    after: timedelta


# unit → its head → supervisor. The first step is the deadline itself.
ESCALATION = (
    Step("overdue_unit", Role.UNIT_CLERK, timedelta()),
    Step("overdue_head", Role.UNIT_CLERK, timedelta(hours=2)),
    Step("overdue_supervisor", Role.SUPERVISOR, timedelta(hours=8)),
)

# A wrongly dispatched case may be returned within so much worked time of its dispatch.
RETURN_WITHIN = (2, LimitUnit.WORK_HOUR)


def deadline(start: datetime, span: Span) -> Due:
    """Return when a limit ends that starts at `start`."""
    return add_limit(start, span.value, span.unit, span.calendar)


def run_on(stopped: datetime, due: datetime, again: datetime, span: Span) -> Due:
    """Return the deadline of a clock that stood from `stopped` to `again`.

    What was left at the stop runs on. A clock that stopped when it was already overdue stays so.
    """
    left = remaining(stopped, due, span.unit, span.calendar)
    if left <= timedelta():
        return Due(due, provisional=False)
    return add_time(again, left, span.unit, span.calendar)


def extended(due: datetime, span: Span, until: datetime | None) -> Due:
    """Return the deadline after an approved extension: one original limit more, or `until`."""
    if until is not None:
        return Due(until, provisional=False)
    return add_limit(due, span.value, span.unit, span.calendar)


def warn_at(now: datetime, due: datetime, span: Span) -> datetime | None:
    """Return when to warn: with a quarter of the limit left (a working day for days).

    None when less than that is left already.
    """
    left = remaining(now, due, span.unit, span.calendar)
    lead = warning_lead(span)
    if left <= lead:
        return None
    return add_time(now, left - lead, span.unit, span.calendar).at


def warning_lead(span: Span) -> timedelta:
    """Return how long before a deadline the warning comes, on the limit's own clock."""
    if LimitUnit(span.unit) is LimitUnit.WORK_DAY:
        return HALF_DAY if span.value == 1 else WHOLE_DAY
    return timedelta(hours=span.value) / 4


def escalate_at(due: datetime, steps_taken: int, span: Span) -> datetime | None:
    """Return when the next step of escalation is due, or None after the last."""
    if steps_taken >= len(ESCALATION):
        return None
    return add_time(due, ESCALATION[steps_taken].after, span.unit, span.calendar).at


def return_by(dispatched: datetime, calendar: WorkCalendar) -> datetime:
    """Return until when a unit may return a case as not its own."""
    return add_limit(dispatched, *RETURN_WITHIN, calendar).at
