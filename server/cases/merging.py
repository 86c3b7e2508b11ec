"""Which earlier case a new one may be the same as (并案): a suggestion, never more.

Same category, within 50 m, within the window. Streets do not matter: a vendor who is pushed across
a border is still one vendor (standards §7).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.cases.models import Case
from server.cases.rules import cells_around, merge_window, near
from server.cases.workflow import State
from server.catalog import lookup

# Put right or never there: a new report of it is a new matter.
_OVER = (State.VOID, State.REJECTED, State.CLOSED)


class _Earlier(NamedTuple):
    id: str
    category_key: str
    place_cell: str
    lat: float
    lon: float
    reported_at: datetime


_ByCell = dict[tuple[str, str], list[_Earlier]]


def suggest_merges(session: Session, cases: Sequence[Case]) -> None:
    """Set `merge_candidate` of new cases to the oldest near one, if any."""
    fresh = [
        _Earlier(case.id, case.category_key, case.place_cell, case.lat, case.lon, case.reported_at)
        for case in cases
        if case.place_cell is not None and case.lat is not None and case.lon is not None
    ]
    if not fresh:
        return
    windows = {each.category_key: _window(session, each.category_key) for each in fresh}
    around = {each.id: cells_around(each.lat, each.lon) for each in fresh}
    earlier = _near_by(session, fresh, around, max(windows.values()))
    found: dict[str, str] = {}
    for each in fresh:
        window = windows[each.category_key]
        same = [earlier.get((each.category_key, cell), ()) for cell in around[each.id]]
        matches = [other for cell in same for other in cell if _matches(each, other, window)]
        if matches:
            found[each.id] = min(matches, key=lambda other: other.reported_at).id
        else:
            earlier.setdefault((each.category_key, each.place_cell), []).append(each)
    for case in cases:
        case.merge_candidate = found.get(case.id)


def _window(session: Session, category_key: str) -> timedelta:
    its = lookup.category(session, category_key)
    return merge_window(its.perishable, its.perishable_minutes) if its else timedelta()


def _matches(it: _Earlier, other: _Earlier, window: timedelta) -> bool:
    in_window = timedelta() <= it.reported_at - other.reported_at <= window
    return in_window and near(it.lat, it.lon, other.lat, other.lon)


def _near_by(
    session: Session,
    fresh: Sequence[_Earlier],
    around: Mapping[str, Sequence[str]],
    window: timedelta,
) -> _ByCell:
    """Return what the database holds in the cells around: one statement for a whole batch.

    Those that are suggested for merging themselves are left out: their first one stands for them,
    which also keeps the cost low where everybody reports the same thing.
    """
    categories = sorted({each.category_key for each in fresh})
    cells = sorted({cell for each in fresh for cell in around[each.id]})
    since = min(each.reported_at for each in fresh) - window
    statement = select(
        Case.id, Case.category_key, Case.place_cell, Case.lat, Case.lon, Case.reported_at
    ).where(
        Case.category_key.in_(categories),
        Case.place_cell.in_(cells),
        Case.merge_candidate.is_(None),
        Case.reported_at >= since,
        Case.state.not_in(_OVER),
    )
    found: _ByCell = {}
    for row in session.execute(statement):
        one = _Earlier(*row)  # type: ignore[arg-type]  # a cell means a point
        found.setdefault((one.category_key, one.place_cell), []).append(one)
    return found
