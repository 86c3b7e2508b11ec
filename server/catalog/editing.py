"""Changing the catalogue: what rules may do by themselves for a category, and time limits.

Each function opens its own transaction and publishes what it changed. Limits are never overwritten:
the old row ends on the day on which the new one begins, and cases keep the limit they were given.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalog.lookup import LimitRow
from server.catalog.models import Category, Condition, TimeLimit, Unit
from server.catalog.publishing import publish_category, publish_condition, publish_unit
from server.feed import transaction
from server.worktime.models import WorkSchedule
from sync.errors import Refused

UNITS = ("hour", "work_hour", "work_day")
STAGES = ("handle", "file", "dispatch", "verify", "check", "accept")
MAX_VALUE = 365
ENTERED = "系统设置"
MESSAGES = ("时限应为 1 到 365 的整数", "单位应为小时、工作时或工作日")


@dataclass(frozen=True)
class Switches:
    """What rules do by themselves for a category, and whether it is in use."""

    auto_file: bool
    auto_dispatch: bool
    auto_close: bool
    enabled: bool


def change_switches(key: str, switches: Switches, now: datetime) -> None:
    """Set a category's switches. Raises `Refused("unknown_category")`."""
    with transaction() as session:
        row = session.get(Category, key)
        if row is None:
            raise Refused("unknown_category")
        row.auto_file, row.auto_dispatch = switches.auto_file, switches.auto_dispatch
        row.auto_close, row.enabled = switches.auto_close, switches.enabled
        row.version += 1
        publish_category(session, row, now)


def change_limit(
    key: str,
    condition_code: str,
    stage: str,
    value: int,
    unit: str,
    on: date,
    now: datetime,
    area_code: str | None = None,
) -> None:
    """Give a condition's stage a new limit from the local date `on`, in a known area or in all.

    Raises `Refused`: `unknown_condition`, `invalid` naming the field.
    """
    _check(stage, value, unit)
    with transaction() as session:
        condition = session.get(Condition, (key, condition_code))
        if condition is None:
            raise Refused("unknown_condition")
        row = _replace_limit(session, condition, stage, on, area_code)
        row.value, row.unit, row.source = value, unit, f"{ENTERED} {on.isoformat()}"
        session.flush()
        condition.version += 1
        # Phones show what holds everywhere; the server knows better where the case lies.
        publish_condition(session, condition, _handling(session, condition, on), now)


def change_unit_hours(unit_id: str, schedule_code: str, now: datetime) -> None:
    """Let a unit work by another schedule; deadlines already given stay. Raises `Refused`."""
    with transaction() as session:
        row = session.get(Unit, unit_id)
        if row is None:
            raise Refused("unknown_unit")
        if session.get(WorkSchedule, schedule_code) is None:
            raise Refused("not_found")
        row.schedule_code = schedule_code
        row.version += 1
        publish_unit(session, row, now)


def _replace_limit(
    session: Session, condition: Condition, stage: str, on: date, area_code: str | None
) -> TimeLimit:
    """End what holds from `on`, and return the row for the new limit."""
    rows = session.scalars(
        select(TimeLimit).where(
            TimeLimit.category_key == condition.category_key,
            TimeLimit.condition_code == condition.code,
            TimeLimit.stage == stage,
            TimeLimit.area_code == area_code,
        )
    )
    same_day: TimeLimit | None = None
    for row in rows:
        if row.effective_from == on:
            same_day = row
        elif row.effective_from < on and (row.effective_to is None or row.effective_to > on):
            row.effective_to = on
    if same_day is not None:
        return same_day
    fresh = TimeLimit(
        category_key=condition.category_key,
        condition_code=condition.code,
        stage=stage,
        area_code=area_code,
        effective_from=on,
        value=0,
        unit="hour",
    )
    session.add(fresh)
    return fresh


def _handling(session: Session, condition: Condition, on: date) -> LimitRow | None:
    row = session.scalars(
        select(TimeLimit)
        .where(
            TimeLimit.category_key == condition.category_key,
            TimeLimit.condition_code == condition.code,
            TimeLimit.stage == "handle",
            TimeLimit.area_code.is_(None),
            TimeLimit.effective_from <= on,
        )
        .order_by(TimeLimit.effective_from.desc())
    ).first()
    if row is None:
        return None
    return LimitRow(None, row.value, row.unit, row.effective_from, row.effective_to, row.source)


def _check(stage: str, value: int, unit: str) -> None:
    wrong: dict[str, list[str]] = {}
    if not 1 <= value <= MAX_VALUE:
        wrong["value"] = [MESSAGES[0]]
    if unit not in UNITS or stage not in STAGES:
        wrong["unit"] = [MESSAGES[1]]
    if wrong:
        raise Refused("invalid", fields=wrong)
