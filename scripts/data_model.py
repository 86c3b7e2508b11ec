"""Bring `docs/data-model.md` up to date with the tables, keeping its sentences.

    .venv/bin/python -m scripts.data_model

Names, types and keys come from the models; what a table or column means is written in the page
itself. Says which sentences are missing, if any.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Column, Table
from sqlalchemy.sql.sqltypes import TypeEngine

import server.models  # noqa: F401  every table must be known
from server.db import Base, Instant, JsonText

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "data-model.md"
MISSING = "(not described)"

# What each part keeps, in the order in which the page shows them.
PARTS = {
    "areas": "Divisions, grids and what holds in them",
    "places": "Premises and roads",
    "worktime": "The working calendar",
    "catalog": "The catalogue",
    "accounts": "People and devices",
    "cases": "Cases and duty",
    "photos": "Photos",
    "ingest": "What devices sent",
    "feed": "What devices pull",
    "deadlines": "Scheduled jobs",
}

_HEADING = re.compile(r"^### `(\w+)`$")
_ROW = re.compile(r"^\| `(\w+)` \| [^|]* \| (.*) \|$")


@dataclass
class Sentences:
    """What the page says: of each table, of each (table, column), and before the first part."""

    tables: dict[str, str]
    columns: dict[tuple[str, str], str]
    opening: str


def read_sentences(page: str) -> Sentences:
    """Return the sentences of a page."""
    found = Sentences({}, {}, page.split("\n## ", 1)[0].rstrip() + "\n")
    table = ""
    for line in page.splitlines():
        if heading := _HEADING.match(line):
            table = heading[1]
        elif row := _ROW.match(line):
            found.columns[table, row[1]] = row[2]
        elif table and line and line[0] not in "#|" and table not in found.tables:
            found.tables[table] = line
    return found


def print_page(sentences: Sentences) -> str:
    """Return the page: structure from the models, sentences as given."""
    lines = [sentences.opening]
    parts = _tables_by_part()
    for part, title in PARTS.items():
        lines += [f"## {title} (`server.{part}`)", ""]
        for table in parts.get(part, []):
            lines += [f"### `{table.name}`", "", sentences.tables.get(table.name, MISSING), ""]
            lines += ["| column | type | meaning |", "| --- | --- | --- |"]
            lines += [_row(table, column, sentences.columns) for column in table.columns]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def missing(sentences: Sentences) -> Iterator[str]:
    """Yield `table` and `table.column` of everything without a sentence."""
    for tables in _tables_by_part().values():
        for table in tables:
            if sentences.tables.get(table.name, MISSING) == MISSING:
                yield table.name
            for column in table.columns:
                if sentences.columns.get((table.name, column.name), MISSING) == MISSING:
                    yield f"{table.name}.{column.name}"


def _tables_by_part() -> Mapping[str, list[Table]]:
    found: dict[str, list[Table]] = {}
    for mapper in Base.registry.mappers:
        part = mapper.class_.__module__.split(".")[1]
        table = mapper.local_table
        if isinstance(table, Table):
            found.setdefault(part, []).append(table)
    unknown = set(found) - set(PARTS)
    if unknown:
        raise SystemExit(f"scripts/data_model.py: give {sorted(unknown)} a place in PARTS")
    return {part: sorted(tables, key=lambda table: table.name) for part, tables in found.items()}


def _row(table: Table, column: Column[object], sentences: Mapping[tuple[str, str], str]) -> str:
    words = [_type_name(column.type)]
    words += ["key"] if column.primary_key else []
    words += [f"→ `{key.target_fullname}`" for key in sorted(column.foreign_keys, key=str)]
    words += ["may be empty"] if column.nullable else []
    meaning = sentences.get((table.name, column.name), MISSING)
    return f"| `{column.name}` | {', '.join(words)} | {meaning} |"


def _type_name(kind: TypeEngine[object]) -> str:
    if isinstance(kind, Instant):
        return "instant"
    if isinstance(kind, JsonText):
        return "JSON"
    name = {"VARCHAR": "text", "TEXT": "text", "BOOLEAN": "yes/no", "DATE": "local date"}
    plain = str(kind).split("(", maxsplit=1)[0]
    length = getattr(kind, "length", None)
    word = name.get(plain, plain.lower())
    return f"{word} ≤ {length}" if length else word


def main() -> int:
    """Write the page anew; return 1 when something in it is not described."""
    sentences = read_sentences(PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(print_page(sentences), encoding="utf-8")
    undescribed = list(missing(sentences))
    for name in undescribed:
        sys.stderr.write(f"docs/data-model.md: say what {name} is\n")
    return 1 if undescribed else 0


if __name__ == "__main__":
    raise SystemExit(main())
