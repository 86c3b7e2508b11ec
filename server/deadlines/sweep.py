"""The sweep: one pass over everything whose time has come.

The row is the truth: `next_sweep_at` says when something is to be done with a case (index
`ix_case_sweep`), so a pass costs what is due and not what is open.

1. Read the ids of due rows, oldest first, in batches. On PostgreSQL rows that another sweeper holds
   are left to it.
2. Claim them by compare-and-set: `next_sweep_at` moves into the future where it still is due. Who
   finds it moved already has lost, and does nothing.
3. In the same transaction do what is due, record it and set the true next time. If the process
   dies before commit, the claim dies with it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.cases.ledger import ledger
from server.cases.models import Case, CaseIntake
from server.cases.recording import hand_of
from server.cases.sweeping import knock, knock_reply
from server.feed import transaction

BATCH = 200
_CLAIM_FOR = timedelta(minutes=5)


@dataclass(frozen=True)
class Swept:
    """How many cases and replies were looked at in a pass."""

    cases: int = 0
    replies: int = 0


def sweep(now: datetime, batch: int = BATCH) -> Swept:
    """Do everything that is due by `now`, in transactions of `batch` cases each."""
    cases = replies = 0
    while True:
        with transaction() as session:
            found = _sweep_cases(session, now, batch)
        cases += found
        if found < batch:
            break
    while True:
        with transaction() as session:
            found = _sweep_replies(session, now, batch)
        replies += found
        if found < batch:
            break
    return Swept(cases, replies)


def _sweep_cases(session: Session, now: datetime, batch: int) -> int:
    due = (
        select(Case.id)
        .where(Case.next_sweep_at <= now)
        .order_by(Case.next_sweep_at)
        .limit(batch)
        .with_for_update(skip_locked=True)
    )
    claim = (
        update(Case)
        .where(Case.id.in_(session.scalars(due).all()), Case.next_sweep_at <= now)
        .values(next_sweep_at=now + _CLAIM_FOR)
        .returning(Case.id)
        .execution_options(synchronize_session=False)
    )
    claimed = list(session.scalars(claim))
    book = ledger(session)
    book.prefetch(claimed)
    hand = hand_of(session, None, now)
    for case_id in claimed:
        knock(hand, book.get(case_id))
    return len(claimed)


def _sweep_replies(session: Session, now: datetime, batch: int) -> int:
    due = CaseIntake.next_sweep_at <= now
    oldest = select(CaseIntake.case_id).where(due).order_by(CaseIntake.next_sweep_at).limit(batch)
    ids = session.scalars(oldest).all()
    book = ledger(session)
    book.prefetch(ids)  # the case is locked before its intake, as by a clerk who replies
    claimed = select(CaseIntake).where(CaseIntake.case_id.in_(ids), due).with_for_update()
    hand = hand_of(session, None, now)
    for intake in session.scalars(claimed.execution_options(populate_existing=True)):
        knock_reply(hand, book.get(intake.case_id), intake)
    return len(ids)
