"""Putting cases into the feed. The rows are written at the end of the transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from server.cases.ledger import ledger
from server.cases.models import Case
from server.cases.rows import ENTITY, KEEP_ENDED
from server.cases.workflow import State
from server.feed import transaction
from server.feed.models import FeedRow
from server.photos.models import PhotoUse


def publish_case(session: Session, case: Case, now: datetime) -> None:
    """Show a case in its area's and unit's scopes; it must have been found through the ledger."""
    ledger(session).touch(case, now)


def refresh_photos(session: Session, sha256s: Sequence[str], now: datetime) -> int:
    """Publish every case that names one of these photos again: arrived, opened, or refused.

    The cases' versions stay: nobody has moved them. Returns how many cases there were.
    """
    named = select(PhotoUse.record_id).where(PhotoUse.sha256.in_(sha256s)).distinct()
    ids = list(session.scalars(named))
    book = ledger(session)
    book.prefetch(ids)
    cases = [case for case in map(book.find, ids) if case is not None]
    for case in cases:
        book.touch(case, now)
    return len(cases)


def retire_ended(now: datetime, batch: int = 500) -> int:
    """Take cases that ended long ago out of the feed, so that devices drop them.

    Opens its own transactions; returns how many cases left.
    """
    left = 0
    while True:
        with transaction() as session:
            ids = session.scalars(_ended_in_feed(now - KEEP_ENDED).limit(batch)).all()
            book = ledger(session)
            book.prefetch(ids)
            for case_id in ids:
                book.touch(book.get(case_id), now)
        left += len(ids)
        if len(ids) < batch:
            return left


def _ended_in_feed(before: datetime) -> Select[str]:
    shown = and_(
        FeedRow.scope == "area:" + Case.area_code,
        FeedRow.entity == ENTITY,
        FeedRow.id == Case.id,
        FeedRow.deleted.is_(False),
    )
    ended = or_(
        and_(Case.state == State.CLOSED, Case.closed_at < before),
        and_(Case.state.in_((State.VOID, State.REJECTED)), Case.reported_at < before),
    )
    return select(Case.id).join(FeedRow, shown).where(ended).order_by(Case.id)
