"""Names of categories, streets, units and people for pages, in the reader's language."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import g
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.accounts.models import Person
from server.areas.models import Area
from server.catalog.lookup import Catalog, catalog
from server.catalog.models import Category
from server.console.words import either


@dataclass(frozen=True)
class Option:
    """One choice of a select. `hint`: what one may type to find it (pinyin initials)."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True)
class OptionGroup:
    label: str
    options: tuple[Option, ...]


class Names:
    """Looks names up once per request; the catalogue comes from the process's snapshot."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._catalog: Catalog = catalog(session)
        rows = session.execute(select(Area.code, Area.name, Area.name_en, Area.level))
        self._areas = {row.code: (either(row.name, row.name_en), row.level) for row in rows}

    def category(self, key: str) -> str:
        found = self._catalog.categories.get(key)
        return either(found.zh, found.en) if found else key

    def condition(self, category_key: str, code: str | None) -> str:
        found = self._catalog.conditions.get((category_key, code or ""))
        return either(found.zh, found.en) if found else ""

    def close_condition(self, category_key: str, code: str | None) -> str:
        found = self._catalog.conditions.get((category_key, code or ""))
        return either(found.close_zh, found.close_en) if found else ""

    def unit(self, unit_id: str | None) -> str:
        found = self._catalog.units.get(unit_id or "")
        return either(found.name, found.name_en) if found else ""

    def area(self, code: str | None) -> str:
        return self._areas.get(code or "", (code or "", ""))[0]

    def people(self, ids: Iterable[str | None]) -> dict[str, str]:
        """Return the names of people by id."""
        wanted = {each for each in ids if each}
        if not wanted:
            return {}
        rows = self._session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))
        return {row.id: row.name for row in rows}

    def streets(self, actor: Actor) -> tuple[Option, ...]:
        """Return the streets a person may choose from."""
        return tuple(
            Option(code, name)
            for code, (name, level) in sorted(self._areas.items())
            if level == "street" and (actor.works_in(code) or not actor.areas)
        )

    def units(self, *, crews: bool = True) -> tuple[Option, ...]:
        """Return the active units, departments first."""
        order = {"street": 0, "department": 1, "company": 2, "crew": 3}
        found = [each for each in self._catalog.units.values() if each.active]
        if not crews:
            found = [each for each in found if each.kind != "crew"]
        found.sort(key=lambda each: (order.get(each.kind, 9), each.name))
        return tuple(Option(each.id, either(each.name, each.name_en)) for each in found)

    def crews_of(self, unit_id: str | None) -> tuple[Option, ...]:
        found = [
            each
            for each in self._catalog.units.values()
            if each.active and each.parent_id == unit_id and unit_id
        ]
        found.sort(key=lambda each: each.name)
        return tuple(Option(each.id, either(each.name, each.name_en)) for each in found)

    def categories(self) -> tuple[OptionGroup, ...]:
        """Return all categories that are in use, by their major class."""
        columns = (
            Category.key,
            Category.zh,
            Category.en,
            Category.kind,
            Category.major_zh,
            Category.major_en,
            Category.initials,
        )
        query = (
            select(*columns).where(Category.enabled).order_by(Category.kind.desc(), Category.code)
        )
        groups: dict[str, list[Option]] = {}
        for row in self._session.execute(query):
            label = either(row.major_zh, row.major_en)
            groups.setdefault(label, []).append(
                Option(row.key, either(row.zh, row.en), row.initials)
            )
        return tuple(OptionGroup(label, tuple(options)) for label, options in groups.items())

    def conditions(self, category_key: str) -> tuple[Option, ...]:
        """Return a category's filing conditions."""
        found = self._catalog.categories.get(category_key)
        if found is None:
            return ()
        return tuple(Option(each.code, either(each.zh, each.en)) for each in found.conditions)


def names_for(session: Session) -> Names:
    """Return this request's names."""
    if "names" not in g:
        g.names = Names(session)
    found: Names = g.names
    return found
