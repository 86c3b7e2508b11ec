"""Putting rows into the feed.

Rows wait in the session until just before commit; then each touched scope's counter is raised
once, in sorted order, and its rows get their numbers. Because the counter row stays locked until
commit, numbers become visible in the order in which they were given: a polling reader misses
nothing (`docs/decisions/feed-order.md`).
"""

from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.feed.models import FeedRow, PendingRow, ScopeCounter
from sync.digests import add, as_hex, row_digest, subtract

_PENDING = "feed_pending"
_AT_ONCE = 1000  # keys per query
_COLUMNS = ("seq", "version", "deleted", "reason", "data", "changed_at")


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
    counted: list[dict[str, Any]] = []
    for scope in sorted(by_scope):
        rows = by_scope[scope]
        counter = _raise_counter(session, scope, len(rows))
        for place, row in enumerate(reversed(rows)):
            row["seq"] = counter.seq - place
        counted.append(_digest_after(session, counter, rows))
    session.execute(_upsert(session), list(pending.values()))
    session.execute(_COUNT_DIGEST, counted)


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


def _insert(session: Session, table: Any) -> Any:
    dialect = session.get_bind().dialect.name
    return (sqlite if dialect == "sqlite" else postgresql).insert(table)


class Counter(NamedTuple):
    """A scope's counter: its last number once raised, and its digest before this transaction."""

    scope: str
    seq: int
    live_count: int
    live_digest: str


_RAISE = (
    update(ScopeCounter)
    .where(ScopeCounter.scope == bindparam("its_scope"))
    .values(seq=ScopeCounter.seq + bindparam("by"))
    .returning(
        ScopeCounter.scope, ScopeCounter.seq, ScopeCounter.live_count, ScopeCounter.live_digest
    )
    .execution_options(synchronize_session=False)
)
_COUNTERS = ScopeCounter.__table__
_COUNT_DIGEST = (
    update(_COUNTERS)  # type: ignore[arg-type]
    .where(_COUNTERS.c.scope == bindparam("its_scope"))
    .values(live_count=bindparam("count"), live_digest=bindparam("digest"))
)


def _raise_counter(session: Session, scope: str, by: int) -> Counter:
    values = {"its_scope": scope, "by": by}
    raised = session.execute(_RAISE, values).one_or_none()
    if raised is None:
        first = {"scope": scope, "seq": 0, "forgotten_seq": 0}
        session.execute(_insert(session, ScopeCounter).values(first).on_conflict_do_nothing())
        raised = session.execute(_RAISE, values).one()
    return Counter(*raised)


def _upsert(session: Session) -> Any:
    statement = _insert(session, FeedRow.__table__)
    return statement.on_conflict_do_update(
        index_elements=["scope", "entity", "id"],
        set_={name: statement.excluded[name] for name in _COLUMNS},
    )


def _digest_after(session: Session, counter: Counter, rows: list[PendingRow]) -> dict[str, Any]:
    """Return the scope's count and digest once `rows` are written.

    Kept up here, under the counter's lock, so that nobody who pulls has to read a whole scope
    (`docs/decisions/running-digest.md`).
    """
    count, total = counter.live_count, int(counter.live_digest, 16)
    known = _live_versions(session, counter.scope, rows) if counter.seq > len(rows) else {}
    for row in rows:
        key = (row["entity"], row["id"])
        if key in known:
            count, total = count - 1, subtract(total, row_digest(*key, known[key]))
        if not row["deleted"]:
            count, total = count + 1, add(total, row_digest(*key, row["version"]))
    return {"its_scope": counter.scope, "count": count, "digest": as_hex(total)}


def _live_versions(
    session: Session, scope: str, rows: list[PendingRow]
) -> dict[tuple[str, str], int]:
    """Return the versions of those of `rows` that live in the scope already."""
    by_entity: dict[str, list[str]] = {}
    for row in rows:
        by_entity.setdefault(row["entity"], []).append(row["id"])
    known: dict[tuple[str, str], int] = {}
    for entity, ids in by_entity.items():
        for start in range(0, len(ids), _AT_ONCE):
            found = session.execute(
                select(FeedRow.id, FeedRow.version).where(
                    FeedRow.scope == scope,
                    FeedRow.entity == entity,
                    FeedRow.id.in_(ids[start : start + _AT_ONCE]),
                    FeedRow.deleted.is_(False),
                )
            )
            known |= {(entity, row_id): version for row_id, version in found}
    return known
