"""Case numbers: division, local date, serial: `36080220261120-0001`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy.orm import Session

from server.cases.models import Case, CaseNumber
from server.config import Settings
from server.db import insert_into


def number_cases(session: Session, cases: Sequence[Case]) -> None:
    """Give new cases their numbers, in their order; one statement per local date.

    The serials are taken in the transaction that inserts the cases: what is rolled back leaves no
    gap. On PostgreSQL the counter stays locked until commit, so this runs late.
    """
    settings: Settings = current_app.extensions["xuncheng_settings"]
    by_prefix: dict[str, list[Case]] = {}
    for case in cases:
        prefix = number_prefix(settings.division, case.reported_at, settings.timezone)
        by_prefix.setdefault(prefix, []).append(case)
    for prefix in sorted(by_prefix):
        group = by_prefix[prefix]
        last = _take(session, prefix, len(group))
        for place, case in enumerate(group):
            case.number = f"{prefix}-{last - len(group) + 1 + place:04d}"


def number_prefix(division: str, at: datetime, zone: ZoneInfo) -> str:
    """Return the part of a number before its serial: division (6) and local date (8). Pure."""
    return f"{division}{at.astimezone(zone):%Y%m%d}"


def _take(session: Session, prefix: str, count: int) -> int:
    """Raise the counter of `prefix` by `count` and return its new value."""
    table: Any = CaseNumber.__table__
    statement = insert_into(session, table)
    raised = statement.on_conflict_do_update(
        index_elements=["prefix"], set_={"serial": table.c.serial + statement.excluded.serial}
    ).returning(table.c.serial)
    return int(session.execute(raised, {"prefix": prefix, "serial": count}).scalar_one())
