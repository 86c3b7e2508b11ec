"""Reading cases for pages: lists by keyset, counts, one case with everything about it.

Nothing here writes or knows who is asking beyond `visible_to`. Lists aim at 300,000 cases: an open
queue is read through the index on (state, due_at), everything else through (reported_at, id).
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.cases.models import Case, CaseRequest
from server.cases.selecting import (
    FAR,
    OPEN,
    SOON,
    CaseFilter,
    Order,
    clock_column,
    conditions,
    sort_key,
    visible_to,
)
from server.cases.workflow import OPEN_STATES, State
from server.db import Instant
from sync.errors import Malformed

COUNT_TO = 1000  # a list says "1000+" beyond this


@dataclass(frozen=True)
class CaseRow:
    """One line of a list. `clock_at` is the deadline that runs in its state."""

    id: str
    number: str
    version: int
    state: State
    category_key: str
    condition_code: str | None
    area_code: str
    address: str
    description: str
    unit_id: str | None
    crew_unit_id: str | None
    source: str
    reported_at: datetime
    clock_at: datetime | None
    closed_at: datetime | None
    overdue_at: datetime | None
    rework: int
    supervised: bool
    ownerless: bool
    checked_result: str | None
    merge_candidate: str | None
    lat: float | None
    lon: float | None

    @property
    def running(self) -> bool:
        """Say whether a deadline counts down now."""
        return self.state in OPEN_STATES and self.state is not State.SUSPENDED


@dataclass(frozen=True)
class CasePage:
    """Some lines of a list; `after` continues it, None at the end."""

    rows: tuple[CaseRow, ...]
    after: str | None


@dataclass(frozen=True)
class StateCount:
    """Open cases of one state: all, past their deadline, due within two hours, sent back."""

    cases: int = 0
    overdue: int = 0
    soon: int = 0
    rework: int = 0


@dataclass(frozen=True)
class WaitingRequest:
    """A request that somebody must decide, with its case."""

    case: CaseRow
    kind: str
    asked_by: str
    asked_at: datetime
    reason: str
    until: datetime | None


@dataclass(frozen=True)
class MapPoint:
    id: str
    lat: float
    lon: float
    state: State
    category_key: str
    clock_at: datetime | None


def list_cases(
    session: Session,
    actor: Actor,
    wanted: CaseFilter,
    now: datetime,
    *,
    after: str | None,
    limit: int,
) -> CasePage:
    """Return up to `limit` lines behind the cursor `after`. Raises `Malformed("bad_cursor")`."""
    query = _rows().where(*conditions(actor, wanted, now))
    key = sort_key(wanted)
    descending = wanted.order is Order.NEWEST
    if after is not None:
        query = query.where(_behind(key, *_read_cursor(after), descending=descending))
    direction = (key.desc(), Case.id.desc()) if descending else (key.asc(), Case.id.asc())
    found = session.execute(query.order_by(*direction).limit(limit + 1)).all()
    rows = tuple(_line(row) for row in found[:limit])
    more = len(found) > limit
    return CasePage(rows, _write_cursor(rows[-1], wanted) if more else None)


def count_cases(session: Session, actor: Actor, wanted: CaseFilter, now: datetime) -> int:
    """Return how many cases a list has, counting no further than `COUNT_TO` + 1."""
    some = select(Case.id).where(*conditions(actor, wanted, now)).limit(COUNT_TO + 1).subquery()
    return session.execute(select(func.count()).select_from(some)).scalar_one()


def each_case(
    session: Session, actor: Actor, wanted: CaseFilter, now: datetime, most: int
) -> Iterable[Case]:
    """Return up to `most` whole lines for an export, in the list's order."""
    key = sort_key(wanted)
    descending = wanted.order is Order.NEWEST
    direction = (key.desc(), Case.id.desc()) if descending else (key.asc(), Case.id.asc())
    query = select(Case).where(*conditions(actor, wanted, now)).order_by(*direction).limit(most)
    return session.scalars(query.execution_options(yield_per=500))


def count_open(session: Session, actor: Actor, now: datetime) -> dict[State, StateCount]:
    """Return the open cases that `actor` may read, by state."""
    clock = clock_column()
    late = and_(clock < now, Case.state != State.SUSPENDED)
    soon = and_(clock >= now, clock < now + SOON, Case.state != State.SUSPENDED)
    query = (
        select(
            Case.state,
            func.count(),
            func.sum(sql_case((late, 1), else_=0)),
            func.sum(sql_case((soon, 1), else_=0)),
            func.sum(sql_case((Case.rework > 0, 1), else_=0)),
        )
        .where(Case.state.in_(OPEN), visible_to(actor))
        .group_by(Case.state)
    )
    return {
        State(state): StateCount(cases, overdue, due_soon, rework)
        for state, cases, overdue, due_soon, rework in session.execute(query)
    }


def waiting_requests(
    session: Session, actor: Actor, limit: int = 200
) -> tuple[WaitingRequest, ...]:
    """Return what units asked for and nobody has decided, oldest first."""
    query = (
        _rows()
        .add_columns(
            CaseRequest.kind,
            CaseRequest.asked_by,
            CaseRequest.asked_at,
            CaseRequest.reason.label("asked_reason"),
            CaseRequest.until,
        )
        .join(CaseRequest, CaseRequest.case_id == Case.id)
        .where(CaseRequest.decided_at.is_(None), visible_to(actor))
        .order_by(CaseRequest.asked_at)
        .limit(limit)
    )
    return tuple(
        WaitingRequest(
            _line(row), row.kind, row.asked_by, row.asked_at, row.asked_reason, row.until
        )
        for row in session.execute(query)
    )


def map_points(session: Session, actor: Actor, limit: int = 5000) -> tuple[MapPoint, ...]:
    """Return where open cases are, the nearest deadlines first."""
    clock = clock_column().label("clock_at")
    query = (
        select(Case.id, Case.lat, Case.lon, Case.state, Case.category_key, clock)
        .where(Case.state.in_(OPEN), Case.lat.is_not(None), visible_to(actor))
        .order_by(Case.due_at)
        .limit(limit)
    )
    return tuple(
        MapPoint(row.id, row.lat, row.lon, State(row.state), row.category_key, row.clock_at)
        for row in session.execute(query)
    )


def find_case(session: Session, actor: Actor, case_id: str) -> Case | None:
    """Return a case that `actor` may read, by its id or number."""
    named = or_(Case.id == case_id, Case.number == case_id)
    return session.scalar(select(Case).where(named, visible_to(actor)))


def _rows() -> Select[*tuple[Any, ...]]:
    return select(
        Case.id,
        Case.number,
        Case.version,
        Case.state,
        Case.category_key,
        Case.condition_code,
        Case.area_code,
        Case.address,
        Case.description,
        Case.unit_id,
        Case.crew_unit_id,
        Case.source,
        Case.reported_at,
        clock_column().label("clock_at"),
        Case.closed_at,
        Case.overdue_at,
        Case.rework,
        Case.supervised,
        Case.ownerless,
        Case.checked_result,
        Case.merge_candidate,
        Case.lat,
        Case.lon,
    )


def _line(row: Row[Any]) -> CaseRow:
    values = {name: getattr(row, name) for name in CaseRow.__dataclass_fields__}
    values["state"] = State(row.state)
    return CaseRow(**values)


def _behind(
    key: ColumnElement[Any], value: datetime, case_id: str, *, descending: bool
) -> ColumnElement[bool]:
    at = literal(value, Instant)
    if descending:
        return and_(key <= at, or_(key < at, Case.id < case_id))
    return and_(key >= at, or_(key > at, Case.id > case_id))


def _write_cursor(row: CaseRow, wanted: CaseFilter) -> str:
    value = (row.clock_at or FAR) if wanted.order is Order.DUE else row.reported_at
    return base64.urlsafe_b64encode(f"{value.isoformat()}|{row.id}".encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[datetime, str]:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        value, case_id = raw.split("|")
        instant = datetime.fromisoformat(value)
    except (ValueError, binascii.Error) as error:
        raise Malformed("bad_cursor") from error
    if instant.tzinfo is None:
        raise Malformed("bad_cursor")
    return instant, case_id
