"""From a draft to a change in the outbox: validated, numbered, and durable in one transaction."""

from dataclasses import replace

from mobile.capture.drafts import Draft
from mobile.capture.forms import Wrong, check_form
from mobile.device.clock import ClockReading
from mobile.store.person_store import PersonStore
from sync.bodies import Kind
from sync.errors import Refused
from sync.ids import uuid7
from sync.messages import Change, Json
from sync.outbox import ChangeState


def check(store: PersonStore, draft: Draft, reading: ClockReading) -> Wrong:
    """Return what is wrong, per field (codes of `sync.errors.CATALOGUE` or `sync.checks` texts)."""
    return check_form(store, draft, reading.now)


def finalise(store: PersonStore, draft: Draft, reading: ClockReading) -> Change:
    """Put the draft into the outbox and end it. Raises `Refused("invalid", fields=…)`.

    Either the change is in the outbox and the draft gone, or nothing happened.
    """
    wrong = check(store, draft, reading)
    if wrong:
        raise Refused("invalid", fields=wrong)
    change = replace(
        _change(draft.kind, draft.record_id, dict(draft.body), reading),
        replaces=draft.replaces,
        base_version=draft.base_version,
        photos=tuple(photo.ref for photo in draft.photos),
    )
    with store.writing() as connection:
        kept = store.outbox.append(change, reading.wall)
        connection.execute("DELETE FROM draft WHERE id = ?", (draft.id,))
    return kept


def piece(draft: Draft, reading: ClockReading) -> Change:
    """Return what a draft says so far as a change of its record; the draft goes on."""
    return _change(draft.kind, draft.record_id, dict(draft.body), reading)


def passing(kind: str, body: Json, reading: ClockReading) -> Change:
    """Return a change that nobody filled in a form for, about a record of its own."""
    return _change(kind, uuid7(_ms(reading)), body, reading)


def withdraw(store: PersonStore, change_id: str, reason: str, reading: ClockReading) -> Change:
    """Take back a refused record. Raises `Refused("not_rejected")`."""
    entry = store.outbox.entry(change_id)
    if entry is None or entry.state is not ChangeState.ATTENTION:
        raise Refused("not_rejected", detail=change_id)
    body = {"change_id": change_id, "reason": reason}
    with store.writing() as connection:
        store.outbox.withdraw(change_id)
        connection.execute(
            "DELETE FROM draft WHERE json_extract(opened(content), '$.replaces') = ?", (change_id,)
        )
        made = _change(Kind.CHANGE_WITHDRAW, entry.change.record_id, body, reading)
        return store.outbox.append(made, reading.wall)


def _change(kind: str, record_id: str, body: Json, reading: ClockReading) -> Change:
    """Return a change that the outbox will number and chain."""
    return Change(
        id=uuid7(_ms(reading)),
        n=0,
        kind=str(kind),
        record_id=record_id,
        observed_at=reading.wall.isoformat(timespec="milliseconds"),
        body=body,
        clock={
            "offset_ms": reading.offset_ms,
            "uptime_ms": reading.uptime_ms,
            "synced_at": reading.synced_at.isoformat() if reading.synced_at else None,
        },
    )


def _ms(reading: ClockReading) -> int:
    return int(reading.wall.timestamp() * 1000)
