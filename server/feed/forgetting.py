"""Forgetting tombstones: a device that was away for longer starts again from snapshots."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from server.feed.models import FeedRow, ScopeCounter
from server.feed.transaction import transaction

KEEP_TOMBSTONES = timedelta(days=180)


def forget_tombstones(now: datetime) -> int:
    """Remove rows that were deleted long ago, remember up to where per scope; return how many.

    A cursor from before that place gets `cursor_expired`. Digests count live rows only: they stay.
    """
    old = (FeedRow.deleted.is_(True), FeedRow.changed_at < now - KEEP_TOMBSTONES)
    with transaction() as session:
        reached = session.execute(
            select(FeedRow.scope, func.max(FeedRow.seq)).where(*old).group_by(FeedRow.scope)
        ).all()
        for scope, seq in sorted(reached):
            session.execute(
                update(ScopeCounter)
                .where(ScopeCounter.scope == scope, ScopeCounter.forgotten_seq < seq)
                .values(forgotten_seq=seq)
            )
        gone = session.execute(delete(FeedRow).where(*old))
    return int(gone.rowcount)  # type: ignore[attr-defined]
