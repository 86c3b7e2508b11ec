"""Settling what a merge kept apart: a supervisor says which value holds."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.places.editing import change_premises, checked_text, find_premises, values_of
from server.places.models import Conflict
from sync import checks
from sync.bodies import PremisesStatus
from sync.errors import Refused

LONGEST = {"name": 128, "address": 256, "trade": 24, "operator_name": 64}
LONGEST_OTHER = 32


class Choice(StrEnum):
    KEEP = "keep"  # what is in force
    TAKE = "take"  # what was kept apart
    OTHER = "other"  # neither


def open_conflicts(session: Session, actor: Actor, limit: int = 200) -> list[Conflict]:
    """Return what waits for a decision in the actor's areas, oldest first."""
    query = select(Conflict).where(Conflict.settled_at.is_(None)).order_by(Conflict.created_at)
    found = (one for one in session.scalars(query) if actor.works_in(one.street_code))
    return [one for one, _ in zip(found, range(limit), strict=False)]


def settle_conflict(
    session: Session,
    actor: Actor,
    conflict_id: str,
    choice: Choice,
    other: str,
    note: str,
    now: datetime,
) -> Conflict:
    """Decide an open conflict; the record gets a new version that says so, whatever the choice.

    `other` is the text of a third value. Raises `not_found`, `conflict` when somebody was quicker,
    `invalid` for a value that the field cannot have.
    """
    query = select(Conflict).where(Conflict.id == conflict_id).with_for_update()
    conflict = session.scalar(query.execution_options(populate_existing=True))
    if conflict is None or not actor.works_in(conflict.street_code):
        raise Refused("not_found")
    if conflict.settled_at is not None:
        raise Refused("conflict")
    row = find_premises(session, conflict.record_id, actor)
    present = values_of(row)[conflict.field]
    if choice is Choice.OTHER:
        value = _other(conflict.field, other)
    else:
        value = present if choice is Choice.KEEP else conflict.theirs
    changed = {} if value == present else {conflict.field: value}
    change_premises(session, row, changed, actor, now, conflict_id=conflict.id)
    conflict.settled_at, conflict.settled_by = now, actor.person_id
    conflict.choice, conflict.value, conflict.note = str(choice), value, note.strip()[:256] or None
    return conflict


def _other(field: str, text: str) -> object:
    if field == "location":
        return _point(text)
    if field == "status" and text not in set(PremisesStatus):
        raise Refused("invalid", fields={field: [checks.NOT_A_CHOICE]})
    if len(text) > LONGEST.get(field, LONGEST_OTHER):
        raise Refused("invalid", fields={field: [checks.TEXT_TOO_LONG]})
    return checked_text(field, text)


def _point(text: str) -> list[float]:
    """Read `27.11, 114.98` as latitude and longitude."""
    try:
        lat, lon = (float(part) for part in text.replace("，", ",").split(","))
    except ValueError:
        raise Refused("invalid", fields={"location": [checks.NOT_NUMBER]}) from None
    return [lat, lon]
