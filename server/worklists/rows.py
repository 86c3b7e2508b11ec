"""Feed rows as one person's device gets them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.cases.standing import sendable
from server.feed.models import FeedRow, ScopeCounter
from server.places.reading import premises_for

FeedTuple = Row[str, int, str, str, int, bool, str | None, str | None]
_AT_ONCE = 2000


def counters_of(session: Session, scopes: list[str]) -> dict[str, ScopeCounter]:
    """Return the counters of those scopes in which anything was ever published."""
    query = select(ScopeCounter).where(ScopeCounter.scope.in_(scopes))
    return {counter.scope: counter for counter in session.scalars(query)}


def rows_after(session: Session, scope: str, seq: int, limit: int) -> list[FeedTuple]:
    """Return at most `limit` rows of a scope behind `seq`, in commit order."""
    query = _columns().where(FeedRow.scope == scope, FeedRow.seq > seq)
    return list(session.execute(query.order_by(FeedRow.seq).limit(limit)))


def live_rows(session: Session, scope: str) -> Iterator[FeedTuple]:
    """Yield every row that lives in a scope, in commit order, without holding all of them."""
    query = _columns().where(FeedRow.scope == scope, FeedRow.deleted.is_(False))
    return iter(session.execute(query.order_by(FeedRow.seq).execution_options(yield_per=_AT_ONCE)))


def as_sent(row: FeedTuple, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Return a row in the shape of the wire; a case's with what `actor` may do with it now."""
    scope, seq, entity, row_id, version, deleted, reason, data = row
    shape: dict[str, Any] = {
        "scope": scope,
        "seq": seq,
        "entity": entity,
        "id": row_id,
        "version": version,
        "deleted": deleted,
    }
    if deleted:
        return shape | ({"reason": reason} if reason else {})
    if entity == "case":
        shape["data"] = sendable(orjson.loads(data or "{}"), actor, now)
    elif entity == "premises":
        shape["data"] = premises_for(orjson.loads(data or "{}"), actor)
    else:
        shape["data"] = orjson.Fragment(data or "{}")  # JSON already: it is not taken apart again
    return shape


def _columns() -> Select[str, int, str, str, int, bool, str | None, str | None]:
    return select(
        FeedRow.scope,
        FeedRow.seq,
        FeedRow.entity,
        FeedRow.id,
        FeedRow.version,
        FeedRow.deleted,
        FeedRow.reason,
        FeedRow.data,
    )
