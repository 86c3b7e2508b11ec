"""What a supervisor must look at, and what they can do about it.

Nothing that a device sent is ever thrown away: what was refused waits here with its raw content,
what waits for another change for more than five days is shown, and so is what came from an area
that had been taken away, or lost against another value of the same field (`docs/protocol.md`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, Text, select, text, type_coerce
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.accounts.models import Person, PersonArea
from server.accounts.people import actor_of
from server.accounts.sessions import AFTER_REVOCATION
from server.feed import transaction
from server.ingest.batch import Batch, Standing, standing_of
from server.ingest.carrying import SCOPE_REVOKED, carry_out
from server.ingest.device_status import lock_status
from server.ingest.envelope import read_stored
from server.ingest.models import ReceivedChange, UnreadableChange
from server.ingest.settling import write_standings
from server.ingest.taking_in import load_context
from server.places import conflicts
from server.places.conflicts import Choice
from server.places.models import Conflict
from sync.errors import Refused
from sync.messages import Outcome

HELD_TOO_LONG = timedelta(days=5)
RETRIED = "retried"
MEND_ASKED = "mend_asked"
SETTLED = "settled"
SEEN = "seen"
MOST = 200


@dataclass(frozen=True)
class Attention:
    """What waits for somebody, each oldest first, at most `MOST` of a kind."""

    conflicts: list[Conflict]
    rejected: list[ReceivedChange]
    held: list[ReceivedChange]
    former_area: list[ReceivedChange]
    unreadable: list[UnreadableChange]

    @property
    def count(self) -> int:
        return sum(len(some) for some in vars(self).values())


def attention(session: Session, actor: Actor, now: datetime) -> Attention:
    """Return what waits in the actor's areas: by the record's area, or by its sender's."""
    return Attention(
        conflicts=conflicts.open_conflicts(session, actor, MOST),
        rejected=_changes(
            session,
            actor,
            ReceivedChange.outcome == str(Outcome.REJECTED),
            ReceivedChange.replaced_by.is_(None),
        ),
        held=_changes(
            session,
            actor,
            ReceivedChange.outcome == str(Outcome.HELD),
            ReceivedChange.received_at < now - HELD_TOO_LONG,
        ),
        former_area=_changes(
            session, actor, text("flags <> '[]'"), _flagged(SCOPE_REVOKED), ~_flagged(SEEN)
        ),
        unreadable=_unreadable(session, actor),
    )


def find_change(
    session: Session, actor: Actor, change_id: str, *, lock: bool = True
) -> ReceivedChange:
    """Return a change whose sender works in the actor's areas. Raises `not_found`."""
    query = select(ReceivedChange).where(
        ReceivedChange.id == change_id, ReceivedChange.person_id.in_(_people(actor))
    )
    if lock:
        query = query.with_for_update()
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise Refused("not_found")
    return row


def retry_change(change_id: str, by: Actor, now: datetime) -> Outcome:
    """Carry a refused change out again, by the same path and as its sender; return what came of it.

    For what was refused for a reason that is gone: a category that is there now, an app newer than
    the server was. Raises `not_found`, `not_rejected`.
    """
    with transaction() as session:
        row = find_change(session, by, change_id)
        if row.outcome != Outcome.REJECTED or row.replaced_by is not None:
            raise Refused("not_rejected")
        lock_status(session, row.device_id, row.person_id)
        incoming = read_stored(row.raw)
        batch = _batch(session, row, now, careful=True)
        standing = batch.standings[change_id]
        load_context(batch, [incoming])
        carry_out(batch, incoming)
        _handled(row, standing, RETRIED, by, now)
        row.kind = incoming.change.kind if incoming.change else row.kind
        write_standings(batch)
        return standing.outcome


def ask_to_mend(change_id: str, note: str, by: Actor, now: datetime) -> None:
    """Tell the sender of a refused change what to mend; it shows beside the record on the phone."""
    if not note.strip():
        raise Refused("reason_required", fields={"note": ["请填写原因"]})
    with transaction() as session:
        row = find_change(session, by, change_id)
        if row.outcome != Outcome.REJECTED or row.replaced_by is not None:
            raise Refused("not_rejected")
        batch = _batch(session, row, now)
        batch.standings[change_id].note = note.strip()[:256]
        _handled(row, batch.standings[change_id], MEND_ASKED, by, now)
        write_standings(batch)


def mark_seen(change_id: str, by: Actor, now: datetime) -> None:
    """Note that a supervisor has looked at a change from an area that had been taken away."""
    with transaction() as session:
        row = find_change(session, by, change_id)
        batch = _batch(session, row, now)
        _handled(row, batch.standings[change_id], SEEN, by, now)
        write_standings(batch)


def settle(
    conflict_id: str, choice: Choice, other: str, note: str, by: Actor, now: datetime
) -> None:
    """Decide a conflict, and show its sender that it is decided. Raises as `settle_conflict`."""
    with transaction() as session:
        conflict = conflicts.settle_conflict(session, by, conflict_id, choice, other, note, now)
        session.flush()
        row = session.get(ReceivedChange, conflict.change_id)
        if row is None or _still_open(session, row.id):
            return
        batch = _batch(session, row, now)
        _handled(row, batch.standings[row.id], SETTLED, by, now)
        write_standings(batch)


def _handled(row: ReceivedChange, standing: Standing, flag: str, by: Actor, now: datetime) -> None:
    if flag not in standing.flags:
        standing.flags.append(flag)
    standing.version += 1
    standing.changed = True
    row.handled_by, row.handled_at = by.person_id, now


def _batch(session: Session, row: ReceivedChange, now: datetime, *, careful: bool = False) -> Batch:
    """Return a push of one change that was received before, by the person who sent it."""
    person = session.get_one(Person, row.person_id)
    since = row.received_at - AFTER_REVOCATION
    former = tuple(
        area.area_code
        for area in person.area_rows
        if area.revoked_at is not None and area.revoked_at > since
    )
    batch = Batch(
        session,
        actor_of(person, row.device_id),
        row.device_id,
        now,
        row.clock_skew_ms,
        careful,
        (read_stored(row.raw),),
        former,
    )
    batch.follow(standing_of(row))
    return batch


def _changes(
    session: Session, actor: Actor, *where: ColumnElement[bool] | object
) -> list[ReceivedChange]:
    query: Select[ReceivedChange] = (
        select(ReceivedChange)
        .where(*where, ReceivedChange.person_id.in_(_people(actor)))  # type: ignore[arg-type]
        .order_by(ReceivedChange.received_at)
    )
    return list(session.scalars(query.limit(MOST)))


def _unreadable(session: Session, actor: Actor) -> list[UnreadableChange]:
    query = (
        select(UnreadableChange)
        .where(UnreadableChange.person_id.in_(_people(actor)))
        .order_by(UnreadableChange.received_at)
    )
    return list(session.scalars(query.limit(MOST)))


def _people(actor: Actor) -> Select[str]:
    """Select who works, or worked, in the actor's areas; the whole district's see everybody."""
    if any(len(code) <= 6 for code in actor.areas):
        return select(Person.id)
    return select(PersonArea.person_id).where(PersonArea.area_code.in_(actor.areas))


def _flagged(flag: str) -> ColumnElement[bool]:
    return type_coerce(ReceivedChange.flags, Text).contains(f'"{flag}"')


def _still_open(session: Session, change_id: str) -> bool:
    query = select(Conflict.id).where(
        Conflict.change_id == change_id, Conflict.settled_at.is_(None)
    )
    return session.scalar(query.limit(1)) is not None
