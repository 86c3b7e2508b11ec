"""The catalogue as rules need it: one snapshot, kept in the process until the catalogue changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalog.models import Category, Condition, Responsibility, TimeLimit, Unit
from server.feed.caching import CatalogCache

ANY = "*"  # a limit for every category or condition


@dataclass(frozen=True)
class ConditionInfo:
    """A filing condition 立案条件."""

    category_key: str
    code: str
    zh: str
    en: str
    close_zh: str
    close_en: str
    urgent: bool


@dataclass(frozen=True)
class CategoryInfo:
    """A category; `default_condition` is the code that counts when none is given."""

    key: str
    code: str
    kind: str
    zh: str
    en: str
    unit_of_measure: str
    quantity_required: bool
    perishable: bool
    perishable_minutes: int
    auto_file: bool
    auto_dispatch: bool
    auto_close: bool
    enabled: bool
    default_condition: str | None
    conditions: tuple[ConditionInfo, ...]


@dataclass(frozen=True)
class UnitInfo:
    """A unit; crews have the `parent_id` of the unit that dispatches to them again."""

    id: str
    name: str
    name_en: str
    kind: str
    parent_id: str | None
    street_code: str | None
    schedule_code: str
    head_person_id: str | None
    active: bool


@dataclass(frozen=True)
class LimitRow:
    """One row of the limits table; `effective_to` is the first day on which it no longer holds."""

    area_code: str | None
    value: int
    unit: str
    effective_from: date
    effective_to: date | None
    source: str


@dataclass(frozen=True)
class Catalog:
    """Everything at one version. Limits by (category, condition, stage)."""

    categories: Mapping[str, CategoryInfo]
    conditions: Mapping[tuple[str, str], ConditionInfo]
    limits: Mapping[tuple[str, str, str], tuple[LimitRow, ...]]
    units: Mapping[str, UnitInfo]
    responsible: Mapping[tuple[str, str | None], str]


def catalog(session: Session) -> Catalog:
    """Return the whole snapshot."""
    return _CATALOG.get(session)


def category(session: Session, key: str) -> CategoryInfo | None:
    """Return the category with `key` (such as `E09006`), also when it is switched off."""
    return _CATALOG.get(session).categories.get(key)


def condition(session: Session, category_key: str, code: str | None) -> ConditionInfo | None:
    """Return a condition of a category; with no code, the category's default condition."""
    found = _CATALOG.get(session)
    if code is None:
        its = found.categories.get(category_key)
        code = its.default_condition if its else None
    return found.conditions.get((category_key, code or ""))


def unit(session: Session, unit_id: str) -> UnitInfo | None:
    """Return the unit with `unit_id`."""
    return _CATALOG.get(session).units.get(unit_id)


def crews_of(session: Session, unit_id: str) -> tuple[UnitInfo, ...]:
    """Return the active units that `unit_id` may dispatch to again (二级派遣), by name."""
    units = _CATALOG.get(session).units.values()
    crews = [each for each in units if each.parent_id == unit_id and each.active]
    return tuple(sorted(crews, key=lambda each: each.name))


def unit_for(session: Session, category_key: str, street_code: str | None) -> str | None:
    """Return the unit that answers for a category in a street; the narrower row wins."""
    responsible = _CATALOG.get(session).responsible
    return responsible.get((category_key, street_code)) or responsible.get((category_key, None))


def _load(session: Session) -> Catalog:
    conditions = [
        ConditionInfo(
            row.category_key, row.code, row.zh, row.en, row.close_zh, row.close_en, row.urgent
        )
        for row in session.execute(
            select(Condition).order_by(Condition.category_key, Condition.position)
        ).scalars()
    ]
    chosen = select(Condition.category_key, Condition.code).where(Condition.is_default)
    defaults = {row.category_key: row.code for row in session.execute(chosen)}
    return Catalog(
        categories=_categories(session, conditions, defaults),
        conditions={(each.category_key, each.code): each for each in conditions},
        limits=_limits(session),
        units=_units(session),
        responsible={
            (row.category_key, row.street_code): row.unit_id
            for row in session.execute(select(Responsibility)).scalars()
        },
    )


def _categories(
    session: Session, conditions: list[ConditionInfo], defaults: Mapping[str, str]
) -> dict[str, CategoryInfo]:
    of: dict[str, list[ConditionInfo]] = {}
    for each in conditions:
        of.setdefault(each.category_key, []).append(each)
    return {
        row.key: CategoryInfo(
            key=row.key,
            code=row.code,
            kind=row.kind,
            zh=row.zh,
            en=row.en,
            unit_of_measure=row.unit_of_measure,
            quantity_required=row.quantity_required,
            perishable=row.perishable,
            perishable_minutes=row.perishable_minutes,
            auto_file=row.auto_file,
            auto_dispatch=row.auto_dispatch,
            auto_close=row.auto_close,
            enabled=row.enabled,
            default_condition=defaults.get(row.key),
            conditions=tuple(of.get(row.key, ())),
        )
        for row in session.execute(select(Category).order_by(Category.key)).scalars()
    }


def _limits(session: Session) -> dict[tuple[str, str, str], tuple[LimitRow, ...]]:
    limits: dict[tuple[str, str, str], tuple[LimitRow, ...]] = {}
    for row in session.execute(select(TimeLimit).order_by(TimeLimit.id)).scalars():
        key = (row.category_key, row.condition_code, row.stage)
        limits[key] = (
            *limits.get(key, ()),
            LimitRow(
                row.area_code,
                row.value,
                row.unit,
                row.effective_from,
                row.effective_to,
                row.source,
            ),
        )
    return limits


def _units(session: Session) -> dict[str, UnitInfo]:
    return {
        row.id: UnitInfo(
            id=row.id,
            name=row.name,
            name_en=row.name_en,
            kind=row.kind,
            parent_id=row.parent_id,
            street_code=row.street_code,
            schedule_code=row.schedule_code,
            head_person_id=row.head_person_id,
            active=row.active,
        )
        for row in session.execute(select(Unit).order_by(Unit.id)).scalars()
    }


_CATALOG = CatalogCache(_load)
