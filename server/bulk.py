"""Many rows in one statement, written the short way.

A push writes some ten rows per record. SQLAlchemy spends several times as long on the parameters of
such a row as the database does on storing it; here the statement is made once per table and each
row is turned into a tuple by the columns' own converters. For anything but hot paths use the ORM.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Dialect, Table
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

Convert = Callable[[Any], Any]
_KEPT = 256


@dataclass(frozen=True)
class _Part:
    """One column of a statement: its name, what converts its values, and its default."""

    name: str
    convert: Convert | None
    default: Any


def insert_rows(
    session: Session,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    on_conflict: str = "",
) -> int:
    """Insert `rows` (column name → value; absent ones take their default). Return how many went in.

    `on_conflict` is the SQL behind `ON CONFLICT`, the same on both databases.
    """
    if not rows:
        return 0
    dialect = session.get_bind().dialect
    statement, parts = _insertion(table, dialect, on_conflict)
    return _run(session, statement, [_values(parts, row) for row in rows])


def update_rows(
    session: Session, table: Table, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]]
) -> int:
    """Set `columns` of the rows that have the same single-column primary key."""
    if not rows:
        return 0
    dialect = session.get_bind().dialect
    statement, parts = _updating(table, dialect, columns)
    return _run(session, statement, [_values(parts, row) for row in rows])


def _run(session: Session, statement: str, values: list[tuple[Any, ...]]) -> int:
    return session.connection().exec_driver_sql(statement, values).rowcount


def _values(parts: tuple[_Part, ...], row: Mapping[str, Any]) -> tuple[Any, ...]:
    values = []
    for part in parts:
        value = row.get(part.name)
        if value is None and part.default is not None and part.name not in row:
            value = part.default() if callable(part.default) else part.default
        if part.convert is not None:
            value = part.convert(value)
        values.append(value)
    return tuple(values)


@lru_cache(_KEPT)
def _insertion(table: Table, dialect: Dialect, on_conflict: str) -> tuple[str, tuple[_Part, ...]]:
    quote = dialect.identifier_preparer.quote
    columns = [column for column in table.columns if column is not table.autoincrement_column]
    names = ", ".join(quote(column.name) for column in columns)
    marks = ", ".join([_mark(dialect)] * len(columns))
    statement = f"INSERT INTO {quote(table.name)} ({names}) VALUES ({marks})"
    if on_conflict:
        statement += f" ON CONFLICT {on_conflict}"
    return statement, tuple(_part(column, dialect) for column in columns)


@lru_cache(_KEPT)
def _updating(
    table: Table, dialect: Dialect, columns: tuple[str, ...]
) -> tuple[str, tuple[_Part, ...]]:
    quote, mark = dialect.identifier_preparer.quote, _mark(dialect)
    (key,) = table.primary_key.columns
    settings = ", ".join(f"{quote(name)} = {mark}" for name in columns)
    statement = f"UPDATE {quote(table.name)} SET {settings} WHERE {quote(key.name)} = {mark}"
    return statement, tuple(_part(table.columns[name], dialect) for name in (*columns, key.name))


def _mark(dialect: Dialect) -> str:
    return "?" if dialect.paramstyle == "qmark" else "%s"


def _part(column: Column[Any], dialect: Dialect) -> _Part:
    kind = column.type
    own = kind if isinstance(kind, TypeDecorator) else kind.dialect_impl(dialect)
    default: Any = column.default
    if default is not None:
        default = _without_context(default.arg) if default.is_callable else default.arg
    return _Part(column.name, own.bind_processor(dialect), default)


def _without_context(make: Convert) -> Callable[[], Any]:
    return lambda: make(None)
