"""A consistent copy of the database while others write, and putting one back.

SQLite: the online backup API in one step, which reads one state of the log and holds up nobody.
PostgreSQL: `pg_dump` over an exported snapshot, so that the list of photos is of the same moment.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from sync.errors import XunchengError

_PHOTOS = "SELECT sha256, bytes FROM photo WHERE verified_at IS NOT NULL ORDER BY sha256"
_EPOCH = "SELECT value FROM epoch"
_REVISION = "SELECT version_num FROM alembic_version"
_DEBIAN = "/usr/lib/postgresql"


@dataclass(frozen=True)
class Snapshot:
    """What the copied database says: revision, epoch and verified photos (hash, bytes)."""

    revision: str
    epoch: str
    photos: tuple[tuple[str, int], ...]


def copy_sqlite(source: Path, target: Path) -> Snapshot:
    """Copy the database at `source` to `target`, as of one moment."""
    with (
        contextlib.closing(_read_only(source)) as present,
        contextlib.closing(sqlite3.connect(target)) as copied,
    ):
        present.backup(copied, pages=-1)
        copied.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        (verdict,) = copied.execute("PRAGMA quick_check").fetchone()
        if verdict != "ok":
            raise XunchengError("backup_failed", detail=f"quick_check: {verdict}")
        return Snapshot(
            _one(copied.execute(_REVISION).fetchone()),
            _one(copied.execute(_EPOCH).fetchone()),
            tuple(copied.execute(_PHOTOS).fetchall()),
        )


def copy_postgresql(url: str, target: Path) -> Snapshot:
    """Dump the database at `url` to `target`, as of one moment."""
    address = plain_address(url)
    with psycopg.connect(address) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        moment = _one(connection.execute("SELECT pg_export_snapshot()").fetchone())
        found = Snapshot(
            _one(connection.execute(_REVISION).fetchone()),
            _one(connection.execute(_EPOCH).fetchone()),
            tuple((str(row[0]), int(row[1])) for row in connection.execute(_PHOTOS).fetchall()),
        )
        _run("pg_dump", "--format=custom", f"--snapshot={moment}", f"--file={target}", address)
        return found


def put_back_sqlite(copied: Path, target: Path, now: datetime) -> Path | None:
    """Put a copy in the place of `target`; return where the one before was set aside.

    Raises `XunchengError("database_busy")` when a server is still running over it.
    """
    aside: Path | None = None
    if target.exists():
        _require_alone(target)
        aside = target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%SZ}")
        _set_aside(target, aside)
    shutil.copyfile(copied, target)
    target.chmod(0o600)
    handle = os.open(target, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return aside


def put_back_postgresql(copied: Path, url: str) -> None:
    """Replace everything in the database at `url`, in one transaction: all of it or nothing.

    Raises `XunchengError("database_busy")` while anybody else is connected to it.
    """
    if others := _others_connected(url):
        raise XunchengError("database_busy", detail=f"{others} other connections")
    options = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
    clean = ("--clean", "--if-exists")
    _run("pg_restore", *options, *clean, f"--dbname={plain_address(url)}", str(copied))


def holds_tables(url: str) -> bool:
    """Say whether the PostgreSQL database at `url` has a Xuncheng database in it already."""
    with psycopg.connect(plain_address(url)) as connection:
        row = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
    return bool(row and row[0])


def _others_connected(url: str) -> int:
    with psycopg.connect(plain_address(url)) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchone()
    return int(row[0]) if row else 0


def plain_address(url: str) -> str:
    """Return an SQLAlchemy URL as libpq reads it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)


def _one(row: Sequence[object] | None) -> str:
    return str(row[0]) if row else ""


def _require_alone(path: Path) -> None:
    """Leaving the log's mode needs the file for oneself: it fails while anybody has it open."""
    with contextlib.closing(sqlite3.connect(path, timeout=1)) as connection:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        except sqlite3.DatabaseError as error:
            if "locked" not in str(error):
                return  # damaged: which may be why a backup is restored
            mode = "wal"
    if mode == "wal":
        raise XunchengError("database_busy", detail=str(path))


def _set_aside(target: Path, aside: Path) -> None:
    """Rename a database and what lies beside it: a damaged one may need its log."""
    for suffix in ("", "-wal", "-shm"):
        beside = target.with_name(target.name + suffix)
        if beside.exists():
            beside.replace(aside.with_name(aside.name + suffix))


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [_program(program), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise XunchengError("backup_failed", detail=f"{program}: {done.stderr.strip()[-500:]}")


def _program(name: str) -> str:
    """Return PostgreSQL's own program: Debian keeps the newest beside those of each version."""
    versions = sorted(Path(_DEBIAN).glob(f"*/bin/{name}"), key=_version)
    found = str(versions[-1]) if versions else shutil.which(name)
    if found is None:
        raise XunchengError("backup_failed", detail=f"{name} is not installed (postgresql-client)")
    return found


def _version(path: Path) -> int:
    text = path.parts[-3]
    return int(text) if text.isdigit() else 0
