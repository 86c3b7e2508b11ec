"""Which earlier case a new one may be the same as (并案): a suggestion, never more.

Same category, within 50 m, within the window. Streets do not matter: a vendor who is pushed across
a border is still one vendor (standards §7).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from server.bulk import rows_of_keys
from server.cases.models import Case
from server.cases.rules import cells_around, merge_window, near
from server.cases.workflow import State
from server.catalog import lookup
from server.db import Instant

# Put right or never there: a new report of it is a new matter.
_OVER = (State.VOID, State.REJECTED, State.CLOSED)
_INSTANT = Instant()
_NEAR = f"""
    WITH wanted (category_key, place_cell) AS (VALUES {{values}})
    SELECT held.id, held.category_key, held.place_cell, held.lat, held.lon, held.reported_at
    FROM wanted CROSS JOIN "case" AS held
    WHERE held.category_key = wanted.category_key AND held.place_cell = wanted.place_cell
    AND held.merge_candidate IS NULL AND held.reported_at >= {{mark}}
    AND held.state NOT IN ({", ".join(f"'{state}'" for state in _OVER)})
"""


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
    since = min(each.reported_at for each in fresh) - window
    keys = sorted({(each.category_key, cell) for each in fresh for cell in around[each.id]})
    dialect = session.get_bind().dialect
    found: _ByCell = {}
    for row in rows_of_keys(session, _NEAR, keys, _INSTANT.process_bind_param(since, dialect)):
        case_id, key, cell, lat, lon, at = row
        reported_at = _INSTANT.process_result_value(at, dialect)
        assert reported_at is not None  # the column is never empty
        found.setdefault((key, cell), []).append(
            _Earlier(case_id, key, cell, lat, lon, reported_at)
        )
    return found
