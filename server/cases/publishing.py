"""Putting cases into the feed. The rows are written at the end of the transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.cases.ledger import ledger
from server.cases.models import Case
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
