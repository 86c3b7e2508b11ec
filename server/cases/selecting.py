"""What a list of cases shows: its filter, who may read what, and which deadline runs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, false, func, literal, or_
from sqlalchemy import case as sql_case

from server.accounts.actor import Actor
from server.cases.models import Case
from server.cases.workflow import OPEN_STATES, UNIT_STATES, State
from server.db import Instant
from sync.roles import UNIT_ROLES, Role

SOON = timedelta(hours=2)
FAR = datetime(9999, 1, 1, tzinfo=UTC)  # sorts a case without a deadline behind all others
OPEN = sorted(OPEN_STATES)
_OF_UNITS = UNIT_ROLES | {Role.CONTRACTOR}


class Order(StrEnum):
    """How a list is sorted. `due`: the nearest deadline first, open cases only."""

    NEWEST = "newest"
    OLDEST = "oldest"
    DUE = "due"


class Timing(StrEnum):
    OVERDUE = "overdue"
    SOON = "soon"  # due within two hours
    COMING = "coming"  # not yet due


@dataclass(frozen=True)
class CaseFilter:
    """What a list shows. Empty fields do not filter; `since` and `until` bound `reported_at`."""

    states: tuple[State, ...] = ()
    category_key: str | None = None
    street_code: str | None = None
    unit_id: str | None = None
    source: str | None = None
    timing: Timing | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    rework: bool = False
    late_sync: bool = False
    checked: str | None = None  # pass | fail | none: not yet checked in this round
    order: Order = Order.NEWEST


def clock_column() -> ColumnElement[datetime]:
    """Return the deadline that runs: the unit's while it has the case, else the stage's."""
    return sql_case((Case.state.in_(sorted(UNIT_STATES)), Case.due_at), else_=Case.stage_due_at)


def clock_of(case: Case) -> datetime | None:
    """Return the same of one case."""
    return case.due_at if State(case.state) in UNIT_STATES else case.stage_due_at


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition for cases that `actor` may read.

    Units read their own cases and those of their crews; everybody else the areas they work in. A
    district's code reads all of its streets and what lies outside every grid.
    """
    ways: list[ColumnElement[bool]] = []
    if actor.roles - _OF_UNITS:
        ways += [_in_area(code) for code in actor.areas]
    if actor.roles & _OF_UNITS and actor.unit_id:
        ways += [Case.unit_id == actor.unit_id, Case.crew_unit_id == actor.unit_id]
    return or_(*ways) if ways else false()


def conditions(actor: Actor, wanted: CaseFilter, now: datetime) -> list[ColumnElement[bool]]:
    """Return what `actor` may read of what is `wanted`, as conditions for a WHERE."""
    found = [visible_to(actor)]
    states = [str(state) for state in wanted.states]
    if wanted.order is Order.DUE or wanted.timing is not None:
        states = [state for state in states or OPEN if state in OPEN_STATES]
        found.append(Case.state.in_(states))
    elif states:
        found.append(Case.state.in_(states))
    for column, value in (
        (Case.category_key, wanted.category_key),
        (Case.source, wanted.source),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.street_code is not None:
        found.append(_in_area(wanted.street_code))
    if wanted.unit_id is not None:
        found.append(or_(Case.unit_id == wanted.unit_id, Case.crew_unit_id == wanted.unit_id))
    if wanted.since is not None:
        found.append(Case.reported_at >= wanted.since)
    if wanted.until is not None:
        found.append(Case.reported_at < wanted.until)
    if wanted.rework:
        found.append(Case.rework > 0)
    if wanted.late_sync:
        found.append(Case.late_sync.is_(True))
    if wanted.checked is not None:
        result = None if wanted.checked == "none" else wanted.checked
        found.append(Case.checked_result.is_not_distinct_from(result))
    return found + _timing(wanted.timing, now) + _text(wanted.text)


def _in_area(code: str) -> ColumnElement[bool]:
    # LIKE, not equality: a street holds a third of all cases, and an index on it would tempt the
    # planner away from the one that has the rows in order.
    return Case.area_code.startswith(code, autoescape=True)


def _timing(timing: Timing | None, now: datetime) -> list[ColumnElement[bool]]:
    if timing is None:
        return []
    clock = clock_column()
    running = Case.state != State.SUSPENDED
    if timing is Timing.OVERDUE:
        return [running, clock < now]
    if timing is Timing.COMING:
        return [running, clock >= now]
    return [running, clock >= now, clock < now + SOON]


def _text(text: str) -> list[ColumnElement[bool]]:
    words = text.split()[:4]
    if not words:
        return []
    if len(words) == 1 and words[0].isdigit() and len(words[0]) >= 10:
        # The beginning of a number: a range, so that the unique index answers.
        return [Case.number >= words[0], Case.number < words[0] + "~"]
    return [
        or_(
            Case.number.contains(word, autoescape=True),
            Case.address.contains(word, autoescape=True),
            Case.description.contains(word, autoescape=True),
        )
        for word in words
    ]


def sort_key(wanted: CaseFilter) -> ColumnElement[Any]:
    """Return what a list is sorted by, before the id."""
    if wanted.order is Order.DUE:
        return func.coalesce(clock_column(), literal(FAR, Instant), type_=Instant)
    return Case.reported_at  # type: ignore[return-value]
