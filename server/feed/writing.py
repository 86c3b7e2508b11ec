"""Putting rows into the feed.

Rows wait in the session until just before commit; then each touched scope's counter is raised
once, in sorted order, and its rows get their numbers. Because the counter row stays locked until
commit, numbers become visible in the order in which they were given: a polling reader misses
nothing (`docs/decisions/feed-order.md`).
"""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.feed.models import FeedRow, PendingRow, ScopeCounter

_PENDING = "feed_pending"
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
    row = {"version": version, "deleted": False, "reason": None, "data": orjson.dumps(data).decode()}
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
    rows: list[PendingRow] = []
    for scope in sorted(by_scope):
        last = _raise_counter(session, scope, len(by_scope[scope]))
        for place, row in enumerate(reversed(by_scope[scope])):
            row["seq"] = last - place
            rows.append(row)
    session.execute(_upsert(session), rows)


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


def _raise_counter(session: Session, scope: str, by: int) -> int:
    raised = (
        update(ScopeCounter)
        .where(ScopeCounter.scope == bindparam("its_scope"))
        .values(seq=ScopeCounter.seq + bindparam("by"))
        .returning(ScopeCounter.seq)
        .execution_options(synchronize_session=False)
    )
    values = {"its_scope": scope, "by": by}
    last = session.execute(raised, values).scalar()
    if last is None:
        first = {"scope": scope, "seq": 0, "forgotten_seq": 0}
        session.execute(_insert(session, ScopeCounter).values(first).on_conflict_do_nothing())
        last = session.execute(raised, values).scalar_one()
    return int(last)


def _upsert(session: Session) -> Any:
    statement = _insert(session, FeedRow.__table__)
    return statement.on_conflict_do_update(
        index_elements=["scope", "entity", "id"],
        set_={name: statement.excluded[name] for name in _COLUMNS},
    )
