"""Which earlier case a new one may be the same as (并案): a suggestion, never more.

Same category, within 50 m, within the window. Streets do not matter: a vendor who is pushed across
a border is still one vendor (standards §7).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from server.cases.models import Case
from server.cases.rules import cells_around, merge_window, near
from server.cases.workflow import State
from server.catalog import lookup

_GONE = (State.VOID, State.REJECTED)


class _Earlier(NamedTuple):
    id: str
    category_key: str
    lat: float
    lon: float
    reported_at: datetime


def suggest_merges(session: Session, cases: Sequence[Case]) -> None:
    """Set `merge_candidate` of new cases to the oldest near one, if any."""
    placed = [case for case in cases if case.place_cell is not None]
    if not placed:
        return
    windows = {case.category_key: _window(session, case.category_key) for case in placed}
    earlier = _near_by(session, placed, max(windows.values()))
    for case in placed:
        it = _Earlier(case.id, case.category_key, case.lat or 0, case.lon or 0, case.reported_at)
        found = _first_match(it, earlier.get(case.category_key, ()), windows[case.category_key])
        case.merge_candidate = found
        earlier.setdefault(case.category_key, []).append(it)


def _window(session: Session, category_key: str) -> timedelta:
    its = lookup.category(session, category_key)
    return merge_window(its.perishable, its.perishable_minutes) if its else timedelta()


def _first_match(it: _Earlier, earlier: Iterable[_Earlier], window: timedelta) -> str | None:
    for other in earlier:
        in_window = timedelta() <= it.reported_at - other.reported_at <= window
        if in_window and near(it.lat, it.lon, other.lat, other.lon):
            return other.id
    return None


def _near_by(
    session: Session, placed: Sequence[Case], window: timedelta
) -> dict[str, list[_Earlier]]:
    wanted = {
        (case.category_key, cell)
        for case in placed
        for cell in cells_around(case.lat or 0, case.lon or 0)
    }
    since = min(case.reported_at for case in placed) - window
    statement = (
        select(Case.id, Case.category_key, Case.lat, Case.lon, Case.reported_at)
        .where(
            tuple_(Case.category_key, Case.place_cell).in_(sorted(wanted)),
            Case.reported_at >= since,
            Case.state.not_in(_GONE),
        )
        .order_by(Case.reported_at)
    )
    found: dict[str, list[_Earlier]] = {}
    for row in session.execute(statement):
        found.setdefault(row.category_key, []).append(_Earlier(*row.tuple()))  # type: ignore[arg-type]  # a cell means a point
    return found
