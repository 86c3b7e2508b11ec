"""The database: engine, column types, and the one-writer rule of SQLite.

Rows are read through `db.session`; they are written only inside `server.feed.transaction`.
"""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, MetaData, String, Text, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base)


@lru_cache(4096)
def _as_text(value: datetime) -> str:
    # Kept: one transaction writes the same few instants into hundreds of columns.
    return value.astimezone(UTC).isoformat(timespec="milliseconds")


class Instant(TypeDecorator[datetime]):
    """An instant in UTC: `timestamptz` on PostgreSQL, sortable ISO text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return _as_text(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, _: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return value.astimezone(UTC)  # type: ignore[no-any-return]


class JsonText(TypeDecorator[Any]):
    """JSON kept as text, exactly as written: the same bytes on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: Any, _: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


class WriteLock:
    """Lets one writer at a time into an SQLite file, across threads and processes.

    SQLite's own busy handler polls; with many writers its slowest waits over a second. A queue in
    front of it (a thread lock, then a lock on a file beside the database) keeps the waits short.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._threads, self._path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def insert_into(session: Session, table: Any) -> Any:
    """Return an INSERT that knows `on_conflict_do_…`, in the dialect of the session's database."""
    bind = session.get_bind()
    dialect = (bind.engine if isinstance(bind, Connection) else bind).dialect.name
    return (sqlite if dialect == "sqlite" else postgresql).insert(table)


@contextmanager
def write_access(session: Session) -> Iterator[None]:
    """Wait for the right to write, and mark the session's next transaction as a writing one."""
    lock: WriteLock | None = current_app.extensions["xuncheng_write_lock"]
    session.rollback()  # a read snapshot taken earlier must not become the base of a write
    if lock is None:
        yield
        return
    with lock.held():
        session.connection(execution_options={"xuncheng_write": True})
        yield


def init_db(app: Flask, database_url: str) -> None:
    """Bind the database to `app`."""
    sqlite = database_url.startswith("sqlite")
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(sqlite)
    db.init_app(app)
    app.extensions["xuncheng_write_lock"] = None
    if sqlite:
        path = Path(database_url.removeprefix("sqlite:///") + ".lock")
        app.extensions["xuncheng_write_lock"] = WriteLock(path)
    with app.app_context():
        if sqlite:
            _prepare_sqlite(db.engine)


def _engine_options(sqlite: bool) -> dict[str, Any]:
    if sqlite:
        return {"connect_args": {"timeout": 30, "check_same_thread": False}}
    # prepare_threshold=None: works behind PgBouncer in transaction mode.
    return {"pool_pre_ping": True, "pool_size": 16, "connect_args": {"prepare_threshold": None}}


def _prepare_sqlite(engine: Engine) -> None:
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)


# The pages that every push touches are written back once in 32 MB of log, not once in 4.
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-65536",
    "wal_autocheckpoint=8000",
)


def _on_sqlite_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("xuncheng_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
