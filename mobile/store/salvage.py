"""A damaged database of a person: noticed, set aside, and its unsent work saved into a new one.

What came from the server is fetched again; what only this phone has is saved row by row: changes,
drafts, photos, the origin of rescued changes. The damaged files are kept in `damaged/<time>/`.
"""

import json
import logging
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mobile.store.carving import Row, carve
from mobile.store.person_store import PersonStore
from mobile.store.times import as_text
from sync.outbox import ChangeState
from sync.photos import PhotoState

_log = logging.getLogger(__name__)

SALVAGED = "salvaged"
PERSON_FILE = "person.sqlite"
# Those of the first version: what came later is made when the file is opened.
PERSON_TABLES = frozenset({"meta", "draft", "change", "photo", "photo_use", "replica", "staging"})
_DONE = "done"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[\w-]{1,64}")
_COLUMNS: Mapping[str, Sequence[str]] = {
    "change": ("id", "n", "kind", "record_id", "previous", "replaces", "content", "created_at",
               "state", "outcome", "version", "error", "acknowledged_at", "reflected"),
    "draft": ("id", "kind", "record_id", "content", "created_at", "saved_at"),
    "photo": ("sha256", "path", "thumb", "screen", "marked", "caption", "bytes", "type", "state",
              "stand_in", "created_at", "upload_url", "upload_offset", "restarts", "error",
              "verified_at", "removed_at"),
    "rescued": ("change_id", "device_id", "n"),
    "meta": ("name", "value"),
}  # fmt: skip
# What the person's own work needs; the rest of `meta` belongs to rows that are fetched again.
_NOTES = frozenset({"last_n"})


@dataclass
class Salvage:
    """What was saved. `lost`: rows that were seen and could not be read, photos without a file."""

    at: str = ""
    records: int = 0
    drafts: int = 0
    photos: int = 0
    lost: int = 0
    kept_in: str = ""


@dataclass
class Saved:
    """Rows by table and key, as they stood in the damaged file."""

    rows: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {table: {} for table in _COLUMNS}
    )
    lost: int = 0

    def add(self, table: str, row: Sequence[Any]) -> None:
        values = dict(zip(_COLUMNS[table], row, strict=True))
        self.rows[table].setdefault(str(row[0]), values)


def damage(path: Path, tables: frozenset[str]) -> str | None:
    """Say what is wrong with the database at `path`, or None when it is sound or new.

    `tables` are those that it must have.
    """
    if _unfinished(path.parent) is not None:
        return "a salvage was interrupted"
    log = path.with_name(f"{path.name}-wal")
    if not path.exists() or (path.stat().st_size == 0 and not log.exists()):
        # A new one, unless there is something that it should know of.
        return "empty" if _originals(path.parent) else None
    try:
        with closing(sqlite3.connect(path, timeout=20)) as connection:
            return _what_is_wrong(connection, tables)
    except sqlite3.DatabaseError as error:
        passing = ("locked", "unable to open", "disk is full", "busy")
        return None if any(words in str(error) for words in passing) else str(error)


def _what_is_wrong(connection: sqlite3.Connection, tables: frozenset[str]) -> str | None:
    said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(20)")]
    # SQLite 3.40 looks for NULL in the wrong column of tables without rowid: no damage.
    wrong = [line for line in said if line != "ok" and not line.startswith("NULL value in ")]
    if wrong:
        return wrong[0]
    there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        return "no version" if there else None
    return None if tables <= there else "tables are missing"


def unreadable(store: PersonStore) -> str | None:
    """Say which unsent record cannot be read, or None: one would hold up all that are behind it."""
    for table, condition in (
        ("change", "state IN ('waiting', 'sending', 'attention')"),
        ("draft", "1"),
    ):
        connection = store.reading()
        connection.text_factory = bytes
        try:
            rows = connection.execute(f"SELECT id, content FROM {table} WHERE {condition}")
            for _, content in rows:
                json.loads(content)
        except ValueError as error:  # no JSON, no UTF-8, or a broken seal
            return f"a row of {table} cannot be read: {error}"
        finally:
            connection.text_factory = str
    return None


def set_aside(path: Path) -> Path:
    """Move the damaged files into a folder of their own, named for the time; return it.

    An interrupted one is gone on with. Nothing is deleted.
    """
    place = _unfinished(path.parent)
    if place is None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        place = path.parent / "damaged" / stamp
        place.mkdir(parents=True)
    if not (place / path.name).exists():
        # The log first: without it a file may look sound, and what the log held would be lost.
        for ending in ("-shm", "-wal", ""):
            file = path.with_name(path.name + ending)
            if file.exists():
                file.rename(place / file.name)
    return place


def restore(folder: Path, open_store: Callable[[], PersonStore]) -> Salvage:
    """Set the person's damaged database aside and save what it held into a new one.

    What was saved is noted in the new store under `SALVAGED`, for the person to be told.
    """
    place = set_aside(folder / PERSON_FILE)
    saved = read_damaged(place)
    store = open_store()
    try:
        with store.writing() as connection:
            salvage = put_back(connection, saved, folder)
            salvage.kept_in = place.name
            store.set_note(SALVAGED, json.dumps(asdict(salvage)))
        store.outbox.recover()
    finally:
        store.close()
    _log.warning("a damaged database was set aside: %s", salvage)
    finish(place)
    return salvage


def read_damaged(place: Path) -> Saved:
    """Return what can be read of the files set aside; they are not touched."""
    saved = Saved()
    with tempfile.TemporaryDirectory(dir=place) as work:
        copy = copied(place, PERSON_FILE, Path(work))
        readable = {table for table in _COLUMNS if _read_table(copy, table, saved)}
        # SQLite has changed the copy by opening it.
        for row in carve(copied(place, PERSON_FILE, Path(work))):
            table = _table_of(row)
            if table is not None and table not in readable:
                saved.add(table, row)
    return saved


def copied(place: Path, name: str, work: Path) -> Path:
    """Copy a database with its log into `work`; without -shm, which SQLite makes anew."""
    for each in (name, f"{name}-wal"):
        if (place / each).exists():
            shutil.copyfile(place / each, work / each)
    return work / name


def finish(place: Path) -> None:
    """Note that everything that could be saved of the files in `place` has been."""
    (place / _DONE).touch()


def put_back(connection: sqlite3.Connection, saved: Saved, folder: Path) -> Salvage:
    """Write what was saved into a new database, inside the caller's transaction."""
    salvage = Salvage(at=as_text(datetime.now(UTC)), lost=saved.lost)
    files = _originals(folder)
    for row in saved.rows["photo"].values():
        if (folder / "photos" / str(row["path"])).exists() or row["removed_at"]:
            _insert(connection, "photo", row)
    for row in saved.rows["change"].values():
        content = _content(connection, row)
        if content is None or content.get("id") != row["id"]:
            salvage.lost += 1
            continue
        _insert(connection, "change", row)
        salvage.records += row["state"] in ("waiting", "sending", "attention")
        _link(connection, row, content.get("photos") or (), files, salvage)
    for row in saved.rows["draft"].values():
        content = _content(connection, row)
        if content is None or "body" not in content:
            salvage.lost += 1
            continue
        _insert(connection, "draft", row)
        salvage.drafts += 1
        for photo in content.get("photos") or ():
            _relink(connection, photo, files, row["created_at"], salvage)
    for row in saved.rows["rescued"].values():
        known = connection.execute("SELECT 1 FROM change WHERE id = ?", (row["change_id"],))
        if known.fetchone():
            _insert(connection, "rescued", row)
    _keep_last_n(connection, saved)
    return salvage


def _unfinished(folder: Path) -> Path | None:
    places = sorted((folder / "damaged").glob("*Z"))
    return places[-1] if places and not (places[-1] / _DONE).exists() else None


def _originals(folder: Path) -> dict[str, Path]:
    """Return the originals on the disk by the hash that is their name."""
    found = (folder / "photos").glob("[0-9a-f][0-9a-f]/*")
    return {path.stem: path for path in found if _SHA256.fullmatch(path.stem)}


def _read_table(path: Path, table: str, saved: Saved) -> bool:
    """Read a table through SQLite; return whether that went to its end."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.text_factory = lambda text: text.decode(errors="replace")
            columns = ",".join(_COLUMNS[table])
            for row in connection.execute(f"SELECT {columns} FROM {table}"):
                if _table_of(row) == table:
                    saved.add(table, row)
                else:
                    saved.lost += table != "meta"
    except (sqlite3.Error, UnicodeDecodeError):
        return False
    return True


def _table_of(row: Row) -> str | None:
    """Say by its shape which table a row is of."""
    for table, columns in _COLUMNS.items():
        if len(row) == len(columns) and _FITS[table](dict(zip(columns, row, strict=True))):
            return table
    return None


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _fits_change(row: Mapping[str, Any]) -> bool:
    texts = all(isinstance(row[name], str) for name in ("kind", "record_id", "created_at"))
    known = row["state"] in set(ChangeState)
    return _is_id(row["id"]) and isinstance(row["n"], int) and texts and known


def _fits_draft(row: Mapping[str, Any]) -> bool:
    texts = ("kind", "record_id", "created_at", "saved_at")
    return _is_id(row["id"]) and all(isinstance(row[name], str) for name in texts)


def _fits_photo(row: Mapping[str, Any]) -> bool:
    named = isinstance(row["sha256"], str) and _SHA256.fullmatch(row["sha256"]) is not None
    texts = ("path", "thumb", "type", "created_at")
    known = row["state"] in set(PhotoState) and isinstance(row["bytes"], int)
    return named and known and all(isinstance(row[name], str) for name in texts)


_FITS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "change": _fits_change,
    "draft": _fits_draft,
    "photo": _fits_photo,
    "rescued": lambda row: (
        _is_id(row["change_id"]) and _is_id(row["device_id"]) and isinstance(row["n"], int)
    ),
    "meta": lambda row: row["name"] in _NOTES and str(row["value"]).isdigit(),
}


def _insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    names = ",".join(_COLUMNS[table])
    marks = ",".join("?" * len(_COLUMNS[table]))
    connection.execute(
        f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", tuple(row.values())
    )


def _content(connection: sqlite3.Connection, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the JSON of a record, or None when it is damaged."""
    with suppress(ValueError, TypeError, sqlite3.Error):
        found = json.loads(connection.execute("SELECT ?", (row["content"],)).fetchone()[0])
        return found if isinstance(found, dict) else None
    return None


def _link(
    connection: sqlite3.Connection,
    change: Mapping[str, Any],
    photos: Sequence[Mapping[str, Any]],
    files: Mapping[str, Path],
    salvage: Salvage,
) -> None:
    for position, photo in enumerate(photos):
        if _relink(connection, photo, files, change["created_at"], salvage):
            connection.execute(
                "INSERT OR IGNORE INTO photo_use VALUES (?, ?, ?, ?, ?)",
                (change["id"], photo["sha256"], change["record_id"], photo["role"], position),
            )


def _relink(
    connection: sqlite3.Connection,
    photo: Mapping[str, Any],
    files: Mapping[str, Path],
    created_at: str,
    salvage: Salvage,
) -> bool:
    """Find the file of a photo that a record names by its hash; return whether it is known."""
    sha256 = str(photo["sha256"])
    known = connection.execute("SELECT state FROM photo WHERE sha256 = ?", (sha256,)).fetchone()
    if known is None:
        file = files.get(sha256)
        if file is None:
            salvage.lost += 1
            return False
        connection.execute(
            """INSERT INTO photo (sha256, path, thumb, bytes, type, state, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?)""",
            (
                sha256,
                f"{file.parent.name}/{file.name}",
                f"copies/{sha256}-thumb.jpg",
                photo["bytes"],
                photo["type"],
                PhotoState.LOCAL,
                created_at,
            ),
        )
    salvage.photos += sha256 in files
    return True


def _keep_last_n(connection: sqlite3.Connection, saved: Saved) -> None:
    """Go on counting after the highest number that is known to have been given."""
    highest = connection.execute("SELECT max(n) FROM change").fetchone()[0] or 0
    noted = saved.rows["meta"].get("last_n", {}).get("value", "0")
    connection.execute(
        "INSERT OR REPLACE INTO meta VALUES ('last_n', ?)", (str(max(highest, int(noted))),)
    )
