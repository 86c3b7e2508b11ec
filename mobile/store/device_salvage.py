"""A damaged `device.sqlite`: its settings and people are saved, or asked for again."""

import re
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from mobile.store.carving import Row, carve
from mobile.store.database import Database
from mobile.store.salvage import copied, finish, set_aside

DEVICE_FILE = "device.sqlite"
DEVICE_TABLES = frozenset({"setting", "person"})
_NAME = re.compile(r"[a-z_:]{2,40}[\w:-]*")
_PERSON = (
    "id, username, content, salt, password_hash, pin_salt, pin_hash, failures, locked_until, "
    "seen_at"
)
_PERSON_COLUMNS = 10
_QUERIES = (
    "SELECT name, value FROM setting",
    f"SELECT {_PERSON} FROM person",
    "SELECT person_id, way, salt, wrapped FROM person_key",
)


def restore_device(folder: Path, make: Callable[[], Database]) -> Database:
    """Set the damaged file aside and return a new one with what could be saved.

    A person who could not be saved signs in with the server once more; their store is untouched.
    """
    place = set_aside(folder / DEVICE_FILE)
    rows = _read(place)
    database = make()
    with database.writing() as connection:
        for row in rows:
            if _is_setting(row):
                connection.execute("INSERT OR IGNORE INTO setting VALUES (?, ?)", row)
            elif _is_wrapped_key(row):
                connection.execute("INSERT OR IGNORE INTO person_key VALUES (?, ?, ?, ?)", row)
            elif _is_person(row):
                connection.execute(
                    f"INSERT OR IGNORE INTO person ({_PERSON}) VALUES (?,?,?,?,?,?,?,?,?,?)", row
                )
    finish(place)
    return database


def _read(place: Path) -> list[Row]:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=place) as work:
        copy = copied(place, DEVICE_FILE, Path(work))
        for query in _QUERIES:
            try:
                with closing(sqlite3.connect(copy)) as connection:
                    rows += connection.execute(query).fetchall()
            except (sqlite3.Error, UnicodeDecodeError):
                continue
        rows += carve(copied(place, DEVICE_FILE, Path(work)))
    return rows


def _is_setting(row: Row) -> bool:
    name = row[0]
    known = len(row) == 2 and isinstance(name, str) and isinstance(row[1], str)
    return known and _NAME.fullmatch(str(name)) is not None


def _is_wrapped_key(row: Row) -> bool:
    return len(row) == 4 and row[1] in ("password", "pin") and isinstance(row[3], bytes)


def _is_person(row: Row) -> bool:
    if len(row) != _PERSON_COLUMNS:
        return False
    texts = all(isinstance(row[place], str) for place in (0, 1, 2, 9))
    return texts and all(isinstance(row[place], bytes) for place in (3, 4))
