"""The catalogue on the phone: categories, conditions, phrases and units, all offline."""

from collections.abc import Sequence
from dataclasses import dataclass

from mobile.store.names import Name
from mobile.store.person_store import PersonStore


@dataclass(frozen=True)
class CategoryChoice:
    """A category as the picker shows it. `kind` is `component` or `event`."""

    key: str
    code: str
    kind: str
    name: Name
    major: Name
    initials: str
    unit_of_measure: str
    quantity_required: bool
    perishable: bool


@dataclass(frozen=True)
class ConditionChoice:
    code: str
    name: Name
    closes_when: Name
    urgent: bool
    is_default: bool


@dataclass(frozen=True)
class Phrase:
    id: str
    topic: str  # report | handle | check | reason
    text: Name
    category_key: str | None


@dataclass(frozen=True)
class UnitName:
    id: str
    name: Name


def search_categories(store: PersonStore, text: str, limit: int = 60) -> Sequence[CategoryChoice]:
    """Return categories whose name, code or pinyin initials have `text`; recent and frequent first.

    An empty text returns the recent and frequent ones, then all by code.
    """
    raise NotImplementedError


def recent_categories(store: PersonStore, limit: int = 8) -> Sequence[CategoryChoice]:
    """Return the categories this person used last and most."""
    raise NotImplementedError


def category(store: PersonStore, key: str) -> CategoryChoice | None:
    raise NotImplementedError


def conditions(store: PersonStore, key: str) -> Sequence[ConditionChoice]:
    raise NotImplementedError


def phrases(store: PersonStore, topic: str, category_key: str | None = None) -> Sequence[Phrase]:
    """Return ready sentences, those of the category first."""
    raise NotImplementedError


def units(store: PersonStore) -> Sequence[UnitName]:
    raise NotImplementedError
