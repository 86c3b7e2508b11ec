"""The device's copy of the server's rows, keyed by (scope, entity, id).

It holds only what the server said. Unsent work lies over it when it is read
(`mobile.store.overlay`), so a pull can never overwrite it.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mobile.store.database import Database
from mobile.store.overlay import WORK_MOVES
from sync.digests import scope_digest
from sync.messages import Json
from sync.remote import LinkDown, Page, Row, ScopeDigest

_COLUMNS = 13
_LOAD_ROWS = 1000
_DATA = 5  # the place of `data` among the columns
_MARKS = ",".join("sealed(?)" if place == _DATA else "?" for place in range(_COLUMNS))
_PUT = f"""INSERT INTO {{table}} VALUES ({_MARKS})
    ON CONFLICT (scope, entity, id) DO UPDATE SET seq = excluded.seq, version = excluded.version,
        data = excluded.data, state = excluded.state, due_at = excluded.due_at,
        actionable = excluded.actionable, min_lat = excluded.min_lat, min_lon = excluded.min_lon,
        max_lat = excluded.max_lat, max_lon = excluded.max_lon
    WHERE excluded.seq >= seq"""


class ReplicaTable:
    """Implements `sync.pages.Replica` over the person's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cursors(self) -> Sequence[str]:
        return [str(cursor) for cursor in json.loads(self._meta("cursors", "[]"))]

    def set_cursors(self, cursors: Sequence[str]) -> None:
        with self._database.writing() as connection:
            _set_meta(connection, "cursors", json.dumps(list(cursors)))

    def epoch(self) -> str | None:
        return self._meta("epoch", "") or None

    def set_epoch(self, epoch: str) -> None:
        with self._database.writing() as connection:
            _set_meta(connection, "epoch", epoch)

    def scopes(self) -> Sequence[str]:
        return [str(scope) for scope in json.loads(self._meta("scopes", "[]"))]

    def apply_page(self, page: Page) -> None:
        with self._database.writing() as connection:
            gone = [(row.scope, row.entity, row.id) for row in page.rows if row.deleted]
            connection.executemany(
                "DELETE FROM replica WHERE scope = ? AND entity = ? AND id = ?", gone
            )
            live = (_values(row) for row in page.rows if not row.deleted)
            connection.executemany(_PUT.format(table="replica"), live)
            _set_meta(connection, "cursors", json.dumps([page.cursor]))
            known = set(json.loads(self._meta("scopes", "[]"))) | set(page.scopes)
            _set_meta(connection, "scopes", json.dumps(sorted(known)))

    def load_scope(self, scope: str, rows: Iterator[Row], count: int) -> None:
        loaded = 0
        with self._database.writing() as connection:
            connection.execute("DELETE FROM staging")
        for part in _parts(rows, _LOAD_ROWS):
            # In pieces, so that a record saved meanwhile does not wait for a whole download.
            with self._database.writing() as connection:
                connection.executemany(_PUT.format(table="staging"), map(_values, part))
            loaded += len(part)
        if loaded != count:
            raise LinkDown(f"snapshot of {scope}: {loaded} of {count} rows")
        with self._database.writing() as connection:
            # Another round may have used the staging table meanwhile.
            staged = connection.execute("SELECT count(*) FROM staging WHERE scope = ?", (scope,))
            if staged.fetchone()[0] != count:
                raise LinkDown(f"snapshot of {scope}: staged twice at once")
            connection.execute("DELETE FROM replica WHERE scope = ?", (scope,))
            connection.execute(
                "INSERT INTO replica SELECT * FROM staging WHERE scope = ?", (scope,)
            )
            connection.execute("DELETE FROM staging")

    def drop_scope(self, scope: str) -> bool:
        with self._database.writing() as connection:
            connection.execute(
                """DELETE FROM replica WHERE scope = ? AND id NOT IN (
                     SELECT record_id FROM change WHERE state IN ('waiting', 'sending', 'attention')
                     UNION SELECT record_id FROM photo_use JOIN photo USING (sha256)
                       WHERE photo.state IN ('local', 'uploading', 'held')
                     UNION SELECT record_id FROM draft)""",
                (scope,),
            )
            left = connection.execute("SELECT 1 FROM replica WHERE scope = ? LIMIT 1", (scope,))
            if left.fetchone() is not None:
                return False
            known = [one for one in json.loads(self._meta("scopes", "[]")) if one != scope]
            _set_meta(connection, "scopes", json.dumps(known))
            return True

    def digest(self, scope: str) -> ScopeDigest:
        rows = (
            self._database.reading()
            .execute("SELECT entity, id, version FROM replica WHERE scope = ?", (scope,))
            .fetchall()
        )
        return ScopeDigest(len(rows), scope_digest(tuple(row) for row in rows))

    # --- reading, for the screens' queries

    def one(self, entity: str, row_id: str) -> Json | None:
        """Return an entity's data in whichever scope has its newest version."""
        row = (
            self._database.reading()
            .execute(
                "SELECT data FROM replica WHERE entity = ? AND id = ? ORDER BY version DESC",
                (entity, row_id),
            )
            .fetchone()
        )
        return None if row is None else json.loads(row["data"])

    def all(self, entity: str) -> Sequence[Json]:
        """Return the data of every row of a kind that is small in number (categories, units)."""
        rows = self._database.reading().execute(
            "SELECT data FROM replica WHERE entity = ? ORDER BY id", (entity,)
        )
        return [json.loads(row["data"]) for row in rows]

    def starting(self, entity: str, prefix: str) -> Sequence[Json]:
        """Return the data of the rows whose id begins with `prefix`."""
        rows = self._database.reading().execute(
            "SELECT data FROM replica WHERE entity = ? AND id >= ? AND id < ?",
            (entity, prefix, prefix + "\U0010ffff"),
        )
        return [json.loads(row["data"]) for row in rows]

    def within(
        self, entity: str, south: float, west: float, north: float, east: float
    ) -> Sequence[tuple[str, Json]]:
        """Return (id, data) of the rows that lie inside a box of degrees."""
        rows = self._database.reading().execute(
            """SELECT id, data FROM replica WHERE entity = ? AND min_lat >= ? AND max_lat <= ?
                 AND min_lon >= ? AND max_lon <= ?""",
            (entity, south, north, west, east),
        )
        return [(row["id"], json.loads(row["data"])) for row in rows]

    def containing(self, entity: str, lat: float, lon: float) -> Sequence[tuple[str, Json]]:
        """Return (id, data) of the rows whose bounding box contains a point."""
        rows = self._database.reading().execute(
            """SELECT id, data FROM replica WHERE entity = ? AND min_lat <= ? AND max_lat >= ?
                 AND min_lon <= ? AND max_lon >= ?""",
            (entity, lat, lat, lon, lon),
        )
        return [(row["id"], json.loads(row["data"])) for row in rows]

    def _meta(self, name: str, default: str) -> str:
        row = (
            self._database.reading()
            .execute("SELECT value FROM meta WHERE name = ?", (name,))
            .fetchone()
        )
        return default if row is None else str(row["value"])


def _set_meta(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def _parts(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def _values(row: Row) -> tuple[Any, ...]:
    """Return a row with the columns that queries need drawn out of its data."""
    data = row.data or {}
    state = due_at = None
    actionable = 0
    if row.entity == "case":
        state = data.get("state")
        due_at = data.get("stage_due_at") or data.get("due_at")
        actionable = int(not WORK_MOVES.isdisjoint(data.get("moves") or ()))
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    box = _box(data)
    key = (row.scope, row.entity, row.id, row.seq, row.version, text)
    return (*key, state, due_at, actionable, *box)


def _box(data: Json) -> tuple[float | None, float | None, float | None, float | None]:
    """Return (min lat, min lon, max lat, max lon) of a polygon or a point, else four None."""
    points = list(_points((data.get("polygon") or {}).get("coordinates", ())))
    if not points and isinstance(data.get("lat"), float | int):
        points = [(data["lon"], data["lat"])]
    if not points:
        return None, None, None, None
    lons, lats = [lon for lon, _ in points], [lat for _, lat in points]
    return min(lats), min(lons), max(lats), max(lons)


def _points(coordinates: Iterable[Any]) -> Iterator[tuple[float, float]]:
    """Walk GeoJSON coordinates of any depth down to (lon, lat)."""
    for part in coordinates:
        if part and isinstance(part[0], float | int):
            yield part[0], part[1]
        else:
            yield from _points(part)
