"""Putting rows into the feed.

Rows wait in the session until just before commit; then each touched scope's counter is raised
once, in sorted order, and its rows get their numbers. Because the counter row stays locked until
commit, numbers become visible in the order in which they were given: a polling reader misses
nothing (`docs/decisions/feed-order.md`).
"""

from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Table
from sqlalchemy.orm import Session

from server.bulk import insert_rows, mark_of, rows_of_keys, update_rows
from server.feed.models import FeedRow, PendingRow, ScopeCounter
from sync.digests import add, as_hex, row_digest, subtract

_PENDING = "feed_pending"
Key = tuple[str, str, str]  # scope, entity, id
_COUNTERS: Table = ScopeCounter.__table__  # type: ignore[assignment]
_ROWS: Table = FeedRow.__table__  # type: ignore[assignment]
_COLUMNS = ("seq", "version", "deleted", "reason", "data", "changed_at")
_NEWEST = "(scope, entity, id) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _COLUMNS
)


def publish(
    session: Session,
    scope: str,
    entity: str,
    row_id: str,
    version: int,
    data: dict[str, Any],
    now: datetime,
) -> None:
    """Show `data` to the holders of `scope` as the newest state of (entity, id)."""
    row = {
        "version": version,
        "deleted": False,
        "reason": None,
        "data": orjson.dumps(data).decode(),
    }
    _remember(session, scope, entity, row_id, row, now)


def retract(
    session: Session,
    scope: str,
    entity: str,
    row_id: str,
    version: int,
    now: datetime,
    *,
    left: bool = False,
) -> None:
    """Take (entity, id) out of `scope`; `left` says that it lives on in another scope."""
    row = {"version": version, "deleted": True, "reason": "left" if left else None, "data": None}
    _remember(session, scope, entity, row_id, row, now)


def write_pending(session: Session) -> None:
    """Give every pending row its number and write it. The last statements before commit."""
    pending: dict[tuple[str, str, str], PendingRow] = session.info.pop(_PENDING, {})
    by_scope: dict[str, list[PendingRow]] = {}
    for row in pending.values():
        by_scope.setdefault(row["scope"], []).append(row)
    if not by_scope:
        return
    session.flush()
    counters = [_raise_counter(session, scope, len(by_scope[scope])) for scope in sorted(by_scope)]
    known = _live_versions(session, list(pending))  # behind the locks: nobody changes them now
    counted = []
    for counter in counters:
        rows = by_scope[counter.scope]
        for place, row in enumerate(reversed(rows)):
            row["seq"] = counter.seq - place
        counted.append(_digest_after(counter, rows, known))
    insert_rows(session, _ROWS, list(pending.values()), on_conflict=_NEWEST)
    update_rows(session, _COUNTERS, ("live_count", "live_digest"), counted)


def forget_pending(session: Session) -> None:
    """Drop what a transaction that did not commit wanted to publish."""
    session.info.pop(_PENDING, None)


def pending_mark(session: Session) -> dict[tuple[str, str, str], PendingRow]:
    """Return a copy of the pending rows, to go back to when a savepoint is rolled back."""
    return dict(session.info.get(_PENDING, {}))


def reset_pending(session: Session, mark: dict[tuple[str, str, str], PendingRow]) -> None:
    session.info[_PENDING] = dict(mark)


def _remember(
    session: Session, scope: str, entity: str, row_id: str, row: PendingRow, now: datetime
) -> None:
    pending = session.info.setdefault(_PENDING, {})
    key = (scope, entity, row_id)
    pending.pop(key, None)  # written again: it moves behind the others
    pending[key] = {"scope": scope, "entity": entity, "id": row_id, "changed_at": now, **row}


class Counter(NamedTuple):
    """A scope's counter: its last number once raised, and its digest before this transaction."""

    scope: str
    seq: int
    live_count: int
    live_digest: str


_LIVE = (
    "WITH wanted (scope, entity, id) AS (VALUES {values}) "
    "SELECT held.scope, held.entity, held.id, held.version "
    "FROM wanted CROSS JOIN feed_row AS held "
    "WHERE held.scope = wanted.scope AND held.entity = wanted.entity "
    "AND held.id = wanted.id AND NOT held.deleted"
)
_RAISE = (
    "UPDATE scope_counter SET seq = seq + {mark} WHERE scope = {mark} "
    "RETURNING scope, seq, live_count, live_digest"
)


def _raise_counter(session: Session, scope: str, by: int) -> Counter:
    connection = session.connection()
    statement = _RAISE.format(mark=mark_of(connection.dialect))
    raised = connection.exec_driver_sql(statement, (by, scope)).one_or_none()
    if raised is None:
        first = {"scope": scope, "seq": 0, "forgotten_seq": 0}
        insert_rows(session, _COUNTERS, [first], on_conflict="DO NOTHING")
        raised = connection.exec_driver_sql(statement, (by, scope)).one()
    return Counter(*raised)


def _digest_after(
    counter: Counter, rows: list[PendingRow], known: dict[Key, int]
) -> dict[str, Any]:
    """Return the scope's count and digest once `rows` are written.

    Kept up here, under the counter's lock, so that nobody who pulls has to read a whole scope
    (`docs/decisions/running-digest.md`).
    """
    count, total = counter.live_count, int(counter.live_digest, 16)
    for row in rows:
        entity, row_id = row["entity"], row["id"]
        before = known.get((counter.scope, entity, row_id))
        if before is not None:
            count, total = count - 1, subtract(total, row_digest(entity, row_id, before))
        if not row["deleted"]:
            count, total = count + 1, add(total, row_digest(entity, row_id, row["version"]))
    return {"scope": counter.scope, "live_count": count, "live_digest": as_hex(total)}


def _live_versions(session: Session, keys: list[Key]) -> dict[Key, int]:
    """Return the versions of those rows that live in their scopes already."""
    found = rows_of_keys(session, _LIVE, keys)
    return {(scope, entity, row_id): version for scope, entity, row_id, version in found}
