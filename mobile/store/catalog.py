"""The catalogue on the phone: categories, conditions and phrases, all offline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mobile.store.names import Name
from mobile.store.person_store import PersonStore
from sync.messages import Json

_REMEMBERED_REPORTS = 300
_FADING = 0.97  # each report counts this much less than the one after it


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
    """A filing condition. `limit` is such as (4, "work_hour"), or None where there is none."""

    code: str
    name: Name
    closes_when: Name
    urgent: bool
    is_default: bool
    limit: tuple[int, str] | None = None


@dataclass(frozen=True)
class Phrase:
    text: Name
    topic: str  # report | handle | check | reason
    category_key: str | None


def search_categories(store: PersonStore, text: str, limit: int = 60) -> Sequence[CategoryChoice]:
    """Return categories whose name, code or pinyin initials have `text`; recent and frequent first.

    An empty text returns the recent and frequent ones, then all by code.
    """
    wanted = "".join(text.split()).lower()
    used = _use(store)
    ranked = []
    for choice in _choices(store):
        rank = _rank(choice, wanted)
        if rank is not None:
            ranked.append((rank, -used.get(choice.key, 0.0), choice.key, choice))
    ranked.sort(key=lambda entry: entry[:3])
    return [entry[3] for entry in ranked[:limit]]


def recent_categories(store: PersonStore, limit: int = 8) -> Sequence[CategoryChoice]:
    """Return the categories this person used last and most."""
    used = _use(store)
    known = {choice.key: choice for choice in _choices(store)}
    best = sorted(used, key=lambda key: -used[key])
    return [known[key] for key in best if key in known][:limit]


def category(store: PersonStore, key: str) -> CategoryChoice | None:
    data = store.replica.one("category", key)
    return None if data is None else _choice(data)


def category_names(store: PersonStore) -> Mapping[str, Name]:
    """Return the name of every category, those no longer in use included."""
    return {data["key"]: Name(data["zh"], data["en"]) for data in store.replica.all("category")}


def conditions(store: PersonStore, key: str) -> Sequence[ConditionChoice]:
    """Return the conditions of a category in the catalogue's order."""
    rows = list(store.replica.starting("condition", f"{key}:"))
    rows.sort(key=lambda data: data.get("position", 0))
    return [_condition(data) for data in rows]


def condition_name(store: PersonStore, key: str, code: str | None) -> Name:
    data = store.replica.one("condition", f"{key}:{code}") if code else None
    return Name("") if data is None else Name(data["zh"], data["en"])


def phrases(store: PersonStore, topic: str, category_key: str | None = None) -> Sequence[Phrase]:
    """Return ready sentences, those of the category first."""
    rows = [
        data
        for data in store.replica.all("phrase")
        if data["topic"] == topic and data.get("category") in (None, category_key)
    ]
    rows.sort(key=lambda data: (data.get("category") is None, data.get("position", 0)))
    return [Phrase(Name(row["zh"], row["en"]), topic, row.get("category")) for row in rows]


def _choices(store: PersonStore) -> Sequence[CategoryChoice]:
    return [_choice(data) for data in store.replica.all("category") if data.get("enabled", True)]


def _choice(data: Json) -> CategoryChoice:
    return CategoryChoice(
        key=data["key"],
        code=data["code"],
        kind=data["kind"],
        name=Name(data["zh"], data["en"]),
        major=Name(data["major_zh"], data["major_en"]),
        initials=data.get("initials", ""),
        unit_of_measure=data["unit_of_measure"],
        quantity_required=data["quantity_required"],
        perishable=data["perishable"],
    )


def _condition(data: Json) -> ConditionChoice:
    limit = data.get("limit")
    return ConditionChoice(
        code=data["code"],
        name=Name(data["zh"], data["en"]),
        closes_when=Name(data["close_zh"], data["close_en"]),
        urgent=data["urgent"],
        is_default=data["is_default"],
        limit=(limit["value"], limit["unit"]) if limit else None,
    )


def _rank(choice: CategoryChoice, wanted: str) -> int | None:
    """Return how well a category answers a search, 0 best; None when it does not."""
    if not wanted or wanted in (choice.code, choice.key.lower()):
        return 0
    name, initials = choice.name.zh.lower(), choice.initials.lower()
    if any(word.startswith(wanted) for word in (name, initials, choice.code, choice.key.lower())):
        return 1
    if wanted in name or wanted in initials:
        return 2
    return 3 if wanted in choice.name.en.lower().replace(" ", "") else None


def _use(store: PersonStore) -> Mapping[str, float]:
    """Return a weight per category: how often this person reported it, newer ones counting more."""
    rows = store.reading().execute(
        """SELECT json_extract(opened(content), '$.body.category') AS key FROM change
           WHERE kind = 'case.report' ORDER BY n DESC LIMIT ?""",
        (_REMEMBERED_REPORTS,),
    )
    weights: dict[str, float] = {}
    for place, row in enumerate(rows.fetchall()):
        weights[row["key"]] = weights.get(row["key"], 0.0) + _FADING**place
    return weights
