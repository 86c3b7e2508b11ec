"""Rows of scope `catalog`: categories, conditions, units, phrases and calendar days.

Publishing anything here also raises the catalogue's version (`server.feed.caching`), so every
change of a catalogue row, a limit or a responsibility ends with one of these functions.
"""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalog.limits import narrowest
from server.catalog.lookup import LimitRow
from server.catalog.models import Category, Condition, Phrase, TimeLimit, Unit
from server.feed import publish
from server.feed.caching import CATALOG_SCOPE
from server.worktime.models import CalendarDay
from server.worktime.seeding import is_plain


def publish_category(session: Session, row: Category, now: datetime) -> None:
    data = {
        "key": row.key,
        "code": row.code,
        "kind": row.kind,
        "major_code": row.major_code,
        "major_zh": row.major_zh,
        "major_en": row.major_en,
        "zh": row.zh,
        "en": row.en,
        "initials": row.initials,
        "legacy_code": row.legacy_code,
        "unit_of_measure": row.unit_of_measure,
        "quantity_required": row.quantity_required,
        "perishable": row.perishable,
        "perishable_minutes": row.perishable_minutes,
        "enabled": row.enabled,
    }
    publish(session, CATALOG_SCOPE, "category", row.key, row.version, data, now)


def publish_condition(
    session: Session, row: Condition, limit: LimitRow | None, now: datetime
) -> None:
    """Show a condition with the general limit of its handling (an area's own may differ)."""
    data = {
        "category": row.category_key,
        "code": row.code,
        "zh": row.zh,
        "en": row.en,
        "close_zh": row.close_zh,
        "close_en": row.close_en,
        "urgent": row.urgent,
        "is_default": row.is_default,
        "position": row.position,
        "limit": {"value": limit.value, "unit": limit.unit} if limit else None,
    }
    row_id = f"{row.category_key}:{row.code}"
    publish(session, CATALOG_SCOPE, "condition", row_id, row.version, data, now)


def publish_unit(session: Session, row: Unit, now: datetime) -> None:
    data = {
        "name": row.name,
        "name_en": row.name_en,
        "kind": row.kind,
        "parent_id": row.parent_id,
        "street": row.street_code,
        "active": row.active,
    }
    publish(session, CATALOG_SCOPE, "unit", row.id, row.version, data, now)


def publish_phrase(session: Session, row: Phrase, now: datetime) -> None:
    """Show a phrase to everybody, or to the one person whose own it is."""
    scope = CATALOG_SCOPE if row.person_id is None else f"person:{row.person_id}"
    data = {
        "topic": row.topic,
        "zh": row.zh,
        "en": row.en,
        "category": row.category_key,
        "position": row.position,
    }
    publish(session, scope, "phrase", row.id, row.version, data, now)


def publish_calendar_days(session: Session, rows: Iterable[CalendarDay], now: datetime) -> None:
    """Show the days that do not follow from their weekday; a device derives the others."""
    for row in rows:
        if is_plain(row) and row.version == 1:
            continue
        data = {
            "on": row.day_on.isoformat(),
            "working": row.working,
            "name": row.name,
            "provisional": row.provisional,
        }
        publish(
            session, CATALOG_SCOPE, "calendar_day", row.day_on.isoformat(), row.version, data, now
        )


def publish_all_categories(session: Session, now: datetime, on: date) -> None:
    """Show every category and condition, with the limits in force on the local date `on`."""
    for category in session.scalars(select(Category).order_by(Category.key)):
        publish_category(session, category, now)
    limits = _general_limits(session)
    for row in session.scalars(
        select(Condition).order_by(Condition.category_key, Condition.position)
    ):
        limit = narrowest(limits.get((row.category_key, row.code), ()), None, on)
        publish_condition(session, row, limit, now)


def _general_limits(session: Session) -> dict[tuple[str, str], tuple[LimitRow, ...]]:
    rows = session.scalars(
        select(TimeLimit).where(TimeLimit.stage == "handle", TimeLimit.area_code.is_(None))
    )
    found: dict[tuple[str, str], tuple[LimitRow, ...]] = {}
    for row in rows:
        key = (row.category_key, row.condition_code)
        limit = LimitRow(
            None, row.value, row.unit, row.effective_from, row.effective_to, row.source
        )
        found[key] = (*found.get(key, ()), limit)
    return found
