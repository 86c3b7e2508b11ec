"""Who does a job when several schedulers run: whoever inserts the row of its slot."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, update

from server.db import db, insert_into
from server.deadlines.models import JobSlot
from server.feed import transaction

KEEP_SLOTS = timedelta(days=7)


def claim(job: str, slot: str, now: datetime) -> bool:
    """Take a job's slot; False when another scheduler has it."""
    with transaction() as session:
        row = {"job": job, "slot": slot, "claimed_at": now}
        insert = insert_into(session, JobSlot.__table__).on_conflict_do_nothing()
        taken = session.execute(insert.returning(JobSlot.slot), row)
        return taken.scalar() is not None


def finish(job: str, slot: str, result: str, now: datetime) -> None:
    """Write down what came of a slot."""
    with transaction() as session:
        session.execute(
            update(JobSlot)
            .where(JobSlot.job == job, JobSlot.slot == slot)
            .values(finished_at=now, result=result[:256])
        )


def forget_slots(now: datetime) -> None:
    """Delete slots that nobody will ask for again."""
    with transaction() as session:
        session.execute(delete(JobSlot).where(JobSlot.claimed_at < now - KEEP_SLOTS))


def slot_of(now: datetime, every: timedelta) -> str:
    """Return the name of the slot that `now` lies in: the same on every machine."""
    seconds = int(every.total_seconds())
    return str(int(now.timestamp()) // seconds * seconds)


def once(job: str, slot: str, now: datetime, work: Callable[[datetime], str]) -> str | None:
    """Do `work` unless the slot is another's; return what it says, or None."""
    if not claim(job, slot, now):
        return None
    try:
        result = work(now)
    except Exception as error:
        db.session.rollback()
        finish(job, slot, f"failed: {type(error).__name__}", now)
        raise
    finish(job, slot, result, now)
    return result
