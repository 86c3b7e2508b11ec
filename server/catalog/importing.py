"""Taking in the seed catalogue: categories, conditions and limits, with their provenance.

The file's codes come from a third-party transcription of GB/T 47678.5-2026; its limits are one
city's (standards §1.1–1.3). Rows keep that source, and an administrator's later edits are theirs:
a file that was taken in before is not taken in again.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from pypinyin import Style, lazy_pinyin
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalog.lookup import ANY
from server.catalog.models import CatalogFile, Category, Condition, TimeLimit

SEED_FILE = Path(__file__).parent / "case_categories.json"
# The seed's limits have no date of their own: they hold until a bureau enters its own.
SEED_FROM = date(2025, 1, 1)
PERISHABLE_MINUTES = 120

# What has moved on within hours: vendors, vehicles, smoke, hawkers (architecture, Cases).
PERISHABLE = frozenset(
    {"E06020", "E06028", "E06029", "E07002", "E09001", "E09002", "E09003", "E09006", "E09008"}
    | {"E09009", "E09010", "E09011", "E09012", "E09014", "E09018", "E09019", "E09021", "E09022"}
    | {"X06997", "X09997", "X09998", "X09999", "X10991"}
)
# Counted in vehicles or wires, not in places (standards §13, reading rule).
_COUNTED = frozenset({"辆", "条"})
_WIRES = frozenset({"E06008", "X06998", "X06999"})

# Limits of the bureau's own stages. Local practice; edit them as rows.
STAGE_LIMITS = (
    ("accept", 1, "work_hour"),
    ("verify", 2, "work_hour"),
    ("file", 1, "work_hour"),
    ("dispatch", 1, "work_hour"),
    ("check", 4, "work_hour"),
)
_STAGE_SOURCE = "系统初始值：采集监督各环节时限"


@dataclass(frozen=True)
class Imported:
    """How many rows a catalogue file brought; all zero when it was taken in before."""

    categories: int = 0
    conditions: int = 0


def import_catalog(session: Session, file: Path = SEED_FILE) -> Imported:
    """Add the categories, conditions and limits of `file` that are missing, and note the file."""
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    noted = session.get(CatalogFile, file.name)
    if noted is not None and noted.sha256 == sha256:
        return Imported()
    parsed = orjson.loads(content)
    present = set(session.scalars(select(Category.key)))
    fresh = [entry for entry in parsed["categories"] if entry["key"] not in present]
    session.add_all(_category(entry) for entry in fresh)
    session.flush()
    conditions = [row for entry in fresh for row in _conditions(entry)]
    session.add_all(conditions)
    session.add_all(limit for entry in fresh for limit in _limits(entry, file.name))
    provenance = {key: value for key, value in parsed.items() if key != "categories"}
    session.merge(CatalogFile(name=file.name, sha256=sha256, provenance=provenance))
    return Imported(len(fresh), len(conditions))


def seed_stage_limits(session: Session) -> None:
    """Add the limits of the stages other than handling, unless any such row exists."""
    general = select(TimeLimit.id).where(TimeLimit.category_key == ANY).limit(1)
    if session.scalar(general) is None:
        session.add_all(
            TimeLimit(
                category_key=ANY,
                condition_code=ANY,
                stage=stage,
                value=value,
                unit=unit,
                effective_from=SEED_FROM,
                source=_STAGE_SOURCE,
            )
            for stage, value, unit in STAGE_LIMITS
        )


def initials(text: str) -> str:
    """Return the pinyin initials of Chinese text in lower case: 店外经营 → dwjy."""
    letters = "".join(lazy_pinyin(text, style=Style.FIRST_LETTER, errors="default"))
    return "".join(letter for letter in letters.lower() if letter.isascii() and letter.isalnum())


def unit_of_measure(entry: dict[str, Any]) -> str:
    """Return what a category is counted in; places unless it is vehicles, wires or the like."""
    if entry["key"] in _WIRES:
        return "条"
    units: list[str] = entry["quantity_units"]
    return units[0] if len(units) == 1 else "处"


def _category(entry: dict[str, Any]) -> Category:
    component = entry["kind"] == "component"
    name = entry["matter_zh"] if component else entry["zh"]
    counted_in = unit_of_measure(entry)
    return Category(
        key=entry["key"],
        code=entry["code"],
        kind=entry["kind"],
        major_code=entry["major_code"],
        major_zh=entry["major_zh"],
        major_en=entry["major_en"],
        zh=name,
        en=entry["matter_en"] if component else entry["en"],
        initials=initials(name),
        legacy_code=entry["legacy_code"],
        unit_of_measure=counted_in,
        quantity_required=counted_in in _COUNTED,
        perishable=entry["key"] in PERISHABLE,
        perishable_minutes=PERISHABLE_MINUTES,
        auto_file=False,
        auto_dispatch=False,
        auto_close=False,
        enabled=True,
        source=f"{entry['source']} [{entry['confidence']}]",
        version=1,
    )


def _conditions(entry: dict[str, Any]) -> list[Condition]:
    return [
        Condition(
            category_key=entry["key"],
            code=each["id"],
            zh=each["zh"],
            en=each["en"],
            close_zh=each["close_zh"],
            close_en=each.get("close_en", ""),
            urgent=each["urgent"],
            is_default=each["id"] == entry["default_condition"],
            position=position,
            version=1,
        )
        for position, each in enumerate(entry["conditions"])
    ]


def _limits(entry: dict[str, Any], file_name: str) -> list[TimeLimit]:
    return [
        TimeLimit(
            category_key=entry["key"],
            condition_code=each["id"],
            stage="handle",
            value=each["limit"]["value"],
            unit=each["limit"]["unit"],
            effective_from=SEED_FROM,
            source=f"{file_name} {entry['key']}/{each['id']}: {each['zh']}",
        )
        for each in entry["conditions"]
    ]
