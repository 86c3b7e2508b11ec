"""Which time limit 处置时限 holds: by condition, stage, area and date."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from server.catalog.lookup import ANY, LimitRow, catalog


@dataclass(frozen=True)
class Limit:
    """`value` in `unit` (hour | work_hour | work_day), and the rule that gave it."""

    value: int
    unit: str
    source: str


def limit_for(
    session: Session,
    category_key: str,
    condition_code: str | None,
    area_code: str | None,
    stage: str,
    on: date,
) -> Limit | None:
    """Return the limit of a stage (handle, file, dispatch, verify, check, accept), or None.

    The condition's own rows come first, then the category's, then those for every category. Among
    the rows in force on the local date `on`, the narrowest area wins, then the latest beginning.
    No condition means the category's default one.
    """
    found = catalog(session)
    its = found.categories.get(category_key)
    code = condition_code or (its.default_condition if its else None) or ANY
    for key in ((category_key, code, stage), (category_key, ANY, stage), (ANY, ANY, stage)):
        row = narrowest(found.limits.get(key, ()), area_code, on)
        if row is not None:
            return Limit(row.value, row.unit, row.source)
    return None


def narrowest(rows: tuple[LimitRow, ...], area_code: str | None, on: date) -> LimitRow | None:
    """Return the row that holds in `area_code` on `on`, or None. Pure."""
    inside = [
        row
        for row in rows
        if row.effective_from <= on
        and (row.effective_to is None or on < row.effective_to)
        and (row.area_code is None or (area_code or "").startswith(row.area_code))
    ]
    return max(inside, key=lambda row: (len(row.area_code or ""), row.effective_from), default=None)
