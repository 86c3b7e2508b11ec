"""Many rows in one statement, written the short way.

A push writes some ten rows per record. SQLAlchemy spends several times as long on the parameters of
such a row as the database does on storing it; here the statement is made once per table and each
row is turned into a tuple by the columns' own converters. For anything but hot paths use the ORM.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Dialect, Table
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

Convert = Callable[[Any], Any]
_KEPT = 256
_KEYS_AT_ONCE = 1000


class _Statement:
    """SQL with its columns: takes a row (column name → value) apart into the tuple it wants."""

    def __init__(self, text: str, columns: Sequence[Column[Any]], dialect: Dialect) -> None:
        self.text = text
        self._pick = itemgetter(*(column.name for column in columns))
        self._defaults = {column.name: column.default for column in columns}
        kinds = [_bound(column, dialect) for column in columns]
        self._convert = [(place, kind) for place, kind in enumerate(kinds) if kind is not None]

    def run(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> int:
        values = [self._values(row) for row in rows]
        return session.connection().exec_driver_sql(self.text, values).rowcount

    def _values(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        try:
            values = list(self._pick(row))
        except KeyError:
            values = list(self._pick(self._filled(row)))
        for place, convert in self._convert:
            if values[place] is not None:
                values[place] = convert(values[place])
        return tuple(values)

    def _filled(self, row: Mapping[str, Any]) -> dict[str, Any]:
        filled = {
            name: None if default is None else _value_of(default)
            for name, default in self._defaults.items()
        }
        return filled | {name: row[name] for name in row.keys() & filled.keys()}


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
    return _insertion(table, session.get_bind().dialect, on_conflict).run(session, rows)


def update_rows(
    session: Session, table: Table, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]]
) -> int:
    """Set `columns` of the rows that have the same single-column primary key."""
    if not rows:
        return 0
    return _updating(table, session.get_bind().dialect, columns).run(session, rows)


def rows_of_keys(
    session: Session, statement: str, keys: Sequence[tuple[Any, ...]], *more: Any
) -> Iterator[Any]:
    """Yield what `statement` finds for `keys`, a thousand keys at a time.

    It begins `WITH wanted (…) AS (VALUES {values})` and joins `wanted`: for `(a, b) IN (VALUES …)`
    SQLite would read the whole table. `{mark}` stands for each of `more`, which come behind.
    """
    connection = session.connection()
    mark = mark_of(connection.dialect)
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        one = f"({', '.join([mark] * len(some[0]))})"
        text = statement.format(values=", ".join([one] * len(some)), mark=mark)
        yield from connection.exec_driver_sql(text, (*chain(*some), *more))


@lru_cache(_KEPT)
def _insertion(table: Table, dialect: Dialect, on_conflict: str) -> _Statement:
    quote = dialect.identifier_preparer.quote
    columns = [column for column in table.columns if column is not table.autoincrement_column]
    names = ", ".join(quote(column.name) for column in columns)
    marks = ", ".join([mark_of(dialect)] * len(columns))
    text = f"INSERT INTO {quote(table.name)} ({names}) VALUES ({marks})"
    if on_conflict:
        text += f" ON CONFLICT {on_conflict}"
    return _Statement(text, columns, dialect)


@lru_cache(_KEPT)
def _updating(table: Table, dialect: Dialect, columns: tuple[str, ...]) -> _Statement:
    quote, mark = dialect.identifier_preparer.quote, mark_of(dialect)
    (key,) = table.primary_key.columns
    settings = ", ".join(f"{quote(name)} = {mark}" for name in columns)
    text = f"UPDATE {quote(table.name)} SET {settings} WHERE {quote(key.name)} = {mark}"
    return _Statement(text, [*(table.columns[name] for name in columns), key], dialect)


def mark_of(dialect: Dialect) -> str:
    """Return what stands for a value in the driver's SQL."""
    return "?" if dialect.paramstyle == "qmark" else "%s"


def _bound(column: Column[Any], dialect: Dialect) -> Convert | None:
    """Return what turns a value of the column into the driver's; None where it goes as it is."""
    kind = column.type
    own = kind if isinstance(kind, TypeDecorator) else kind.dialect_impl(dialect)
    return own.bind_processor(dialect)


def _value_of(default: Any) -> Any:
    return default.arg(None) if default.is_callable else default.arg
