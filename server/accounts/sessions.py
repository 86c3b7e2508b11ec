"""Sessions of (device, person) pairs: opened by a password, kept up by refresh tokens.

A refresh token stays valid until the pair it produced is first used, because an answer may be lost
on the way; repeating it returns the same pair. Used after that, it is in two hands, and the
session ends (`docs/protocol.md`, Sign-in).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, literal, select, union_all, update
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.accounts.models import (
    Device,
    DeviceSession,
    DeviceStatus,
    Person,
    PersonArea,
    PersonRole,
)
from server.accounts.tokens import Ticket, TokenPair, make_pair, read_access, read_refresh
from server.db import db
from server.feed import transaction
from sync.errors import Refused
from sync.ids import uuid7
from sync.roles import Role


@dataclass(frozen=True)
class DeviceCard:
    """What a device says of itself at sign-in."""

    id: str
    name: str
    app_version: str
    protocol: int


@dataclass(frozen=True)
class SignedIn:
    """Who makes a request, by which session; `language` is what they chose for themselves.

    `former_areas` were taken away so lately that records for them are still accepted.
    """

    actor: Actor
    username: str
    language: str
    session_id: str
    former_areas: tuple[str, ...] = ()


# Plain columns: this is asked at every request, and the ORM would take ten times as long.
_SIGNED_IN = (
    select(
        DeviceSession.generation,
        DeviceSession.generation_used,
        DeviceSession.ended_at,
        DeviceSession.device_id,
        DeviceSession.person_id,
        Device.revoked_at,
        Person.username,
        Person.name,
        Person.unit_id,
        Person.language,
        Person.active,
    )
    .join(Device, Device.id == DeviceSession.device_id)
    .join(Person, Person.id == DeviceSession.person_id)
    .where(DeviceSession.id == bindparam("its_id"))
)
_HELD = union_all(
    select(literal("role").label("kind"), PersonRole.role.label("text")).where(
        PersonRole.person_id == bindparam("its_person")
    ),
    select(literal("area"), PersonArea.area_code).where(
        PersonArea.person_id == bindparam("its_person"), PersonArea.revoked_at.is_(None)
    ),
    select(literal("former"), PersonArea.area_code).where(
        PersonArea.person_id == bindparam("its_person"),
        PersonArea.revoked_at > bindparam("its_since"),
    ),
)
# So long records for an area that was taken away are still accepted, and flagged.
AFTER_REVOCATION = timedelta(days=30)


def open_session(
    session: Session, secret: str, person: Person, card: DeviceCard, now: datetime
) -> TokenPair:
    """Sign `person` in on the device. Raises `Refused("device_revoked")`.

    An earlier session of the pair stays as it is: an upload may still be running with its token.
    """
    _register(session, card, now)
    opened = DeviceSession(
        id=uuid7(int(now.timestamp() * 1000)),
        device_id=card.id,
        person_id=person.id,
        generation=0,
        generation_used=False,
        issued_at=now,
        created_at=now,
    )
    session.add(opened)
    return make_pair(secret, _ticket(opened), now)


def last_n(session: Session, device_id: str, person_id: str) -> int:
    """Return the highest counter received from the pair, 0 when there is none."""
    status = session.get(DeviceStatus, (device_id, person_id))
    return status.last_n if status else 0


def refresh(secret: str, token: str, now: datetime) -> TokenPair:
    """Return the next pair, or again the one made before if nobody has used it yet.

    Raises `Refused`: `token_expired`, `token_invalid` (also when the session ended),
    `device_revoked`. Opens its own transaction; ending a session is committed, then told.
    """
    ticket = read_refresh(secret, token, now)
    with transaction() as session:
        found = _lock(session, ticket)
        pair = _next_pair(found, ticket, secret, now)
        if pair is None:
            found.ended_at = now
    if pair is None:
        raise Refused("token_invalid")
    return pair


def authenticate(secret: str, token: str, now: datetime) -> SignedIn:
    """Return who holds this access token.

    Raises `Refused`: `token_expired`, `token_invalid`, `device_revoked`.
    """
    ticket = read_access(secret, token, now)
    found = db.session.execute(_SIGNED_IN, {"its_id": ticket.session_id}).one_or_none()
    if found is None:
        raise Refused("token_invalid")
    if found.revoked_at is not None:
        raise Refused("device_revoked")
    if found.ended_at is not None or not found.active:
        raise Refused("token_invalid")
    asked = {"its_person": found.person_id, "its_since": now - AFTER_REVOCATION}
    held = db.session.execute(_HELD, asked).all()
    if ticket.generation == found.generation and not found.generation_used:
        _mark_used(ticket)
    actor = Actor(
        person_id=found.person_id,
        name=found.name,
        roles=frozenset(Role(text) for kind, text in held if kind == "role"),
        areas=tuple(sorted(text for kind, text in held if kind == "area")),
        unit_id=found.unit_id,
        device_id=found.device_id,
    )
    former = tuple(sorted(text for kind, text in held if kind == "former"))
    return SignedIn(actor, found.username, found.language, ticket.session_id, former)


def _register(session: Session, card: DeviceCard, now: datetime) -> None:
    device = session.get(Device, card.id)
    if device is None:
        device = Device(id=card.id, registered_at=now)
        session.add(device)
    elif device.revoked_at is not None:
        raise Refused("device_revoked")
    device.name = card.name
    device.app_version = card.app_version
    device.protocol = card.protocol
    session.flush()


def _lock(session: Session, ticket: Ticket) -> DeviceSession:
    found = session.scalar(
        select(DeviceSession).where(DeviceSession.id == ticket.session_id).with_for_update()
    )
    if found is None:
        raise Refused("token_invalid")
    if session.get_one(Device, found.device_id).revoked_at is not None:
        raise Refused("device_revoked")
    if found.ended_at is not None or not session.get_one(Person, found.person_id).active:
        raise Refused("token_invalid")
    return found


def _next_pair(
    found: DeviceSession, ticket: Ticket, secret: str, now: datetime
) -> TokenPair | None:
    """Return the pair this refresh token may have, or None when it was used before its time."""
    if ticket.generation == found.generation:
        found.generation += 1
        found.generation_used = False
        found.issued_at = now
    elif ticket.generation != found.generation - 1 or found.generation_used:
        return None
    return make_pair(secret, _ticket(found), found.issued_at)


def _mark_used(ticket: Ticket) -> None:
    with transaction() as session:
        session.execute(
            update(DeviceSession)
            .where(
                DeviceSession.id == ticket.session_id,
                DeviceSession.generation == ticket.generation,
            )
            .values(generation_used=True)
            .execution_options(synchronize_session=False)
        )


def _ticket(found: DeviceSession) -> Ticket:
    return Ticket(found.id, found.generation, found.person_id, found.device_id)
