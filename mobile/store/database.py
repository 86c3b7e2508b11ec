"""SQLite as the phone uses it: durable at every commit, one writer, a connection per thread."""

import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mobile.store.sealing import Seal, prepare
from sync.errors import Unavailable

Migration = Sequence[str]
"""The statements that lead from one version of the schema to the next."""


class _Connection(sqlite3.Connection):
    """A plain connection; the subclass only makes it weakly referable."""


class Database:
    """One SQLite file, brought up to date by `migrations` when it is opened.

    Raises `Unavailable("unsupported_protocol")` for a file that a newer app has written.
    """

    def __init__(self, path: Path, migrations: Sequence[Migration]) -> None:
        self.path = path
        self._seal: Seal | None = None
        self._here = threading.local()
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self._writer = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._migrate(migrations)

    def reading(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        connection: _Connection | None = getattr(self._here, "connection", None)
        if connection is None:
            connection = self._connect()
            self._here.connection = connection
            self._open.add(connection)
        return connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run a transaction: durable when the block ends, undone when it raises.

        A block inside another one on the same thread belongs to the outer transaction.
        """
        with self._writer:
            connection = self.reading()
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.commit()
            except BaseException:
                # Also when the commit itself failed (a full disk): a transaction left open would
                # swallow whatever this thread writes next.
                connection.rollback()
                raise

    def open_seal(self, seal: Seal) -> None:
        """Read and write sealed values from now on; called before other threads come."""
        self._seal = seal
        prepare(self.reading(), seal)

    def close(self) -> None:
        """Close the connections of all threads; the database may not be used afterwards."""
        with self._writer:
            for connection in list(self._open):
                connection.close()
            self._here = threading.local()

    def _connect(self) -> _Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=20,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
        )
        prepare(connection, self._seal)
        connection.execute("PRAGMA journal_mode=WAL")
        # FULL: a record that was saved stays saved when the battery goes flat the next moment.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def _migrate(self, migrations: Sequence[Migration]) -> None:
        with self.writing() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(migrations):
                raise Unavailable("unsupported_protocol", detail=f"schema {version}")
            for migration in migrations[version:]:
                for statement in migration:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version={len(migrations)}")
