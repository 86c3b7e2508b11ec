"""Adding and changing people, and showing each person their own row."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.accounts.models import DeviceSession, Person, PersonArea, PersonRole
from server.accounts.passwords import hash_password, verify_sign_in
from server.feed import publish, transaction
from sync.errors import Refused
from sync.ids import uuid7
from sync.roles import Role


def add_person(
    session: Session,
    username: str,
    name: str,
    password: str,
    roles: Iterable[Role],
    areas: Iterable[str],
    unit_id: str | None,
    now: datetime,
    *,
    demo: bool = False,
    person_id: str | None = None,
    certificate_no: str | None = None,
    phone: str | None = None,
    language: str = "zh",
    password_hash: str | None = None,
) -> Person:
    """Add a person and show them their row.

    `areas` are codes of six (district) or nine (street) digits. `password_hash`, when given, is
    used instead of hashing `password` (many people with one password: the demo).
    Raises `Refused`: `name_taken`, `weak_password`, or `invalid` when the name is empty.
    """
    if not username.strip() or not name.strip():
        raise Refused("invalid", fields={"username": ["请填写用户名和姓名"]})
    if find_person(session, username) is not None:
        raise Refused("name_taken", fields={"username": ["该用户名已被使用"]})
    person = Person(
        id=person_id or uuid7(int(now.timestamp() * 1000)),
        username=username,
        name=name,
        password_hash=password_hash or hash_password(password),
        unit_id=unit_id,
        certificate_no=certificate_no,
        phone=phone,
        language=language,
        demo=demo,
        active=True,
        version=1,
        created_at=now,
        failed_sign_ins=0,
    )
    person.role_rows = [PersonRole(role=str(role)) for role in sorted(set(roles))]
    person.area_rows = [PersonArea(area_code=code) for code in sorted(set(areas))]
    session.add(person)
    session.flush()
    publish_person(session, person, now)
    return person


def find_person(session: Session, username: str) -> Person | None:
    """Return the person who signs in as `username`."""
    return session.scalar(select(Person).where(Person.username == username))


def set_areas(session: Session, person: Person, areas: Iterable[str], now: datetime) -> None:
    """Give `person` other areas. Records for those taken away are taken for 30 days more."""
    wanted = set(areas)
    for row in person.area_rows:
        if row.area_code in wanted:
            row.revoked_at = None
        elif row.revoked_at is None:
            row.revoked_at = now
    known = {row.area_code for row in person.area_rows}
    person.area_rows += [PersonArea(area_code=code) for code in sorted(wanted - known)]
    person.version += 1
    session.flush()
    publish_person(session, person, now)


def replace_password(
    session: Session, person: Person, password_hash: str, now: datetime, *, keep: str | None = None
) -> None:
    """Give `person` the password of `password_hash` and end their sessions, except `keep`.

    Whoever learned the old password must not stay signed in with it.
    """
    person.password_hash = password_hash
    person.failed_sign_ins = 0
    person.locked_until = None
    end_sessions(session, person_id=person.id, now=now, keep=keep)


def change_own_password(
    username: str, old: str, new: str, now: datetime, *, keep: str | None = None
) -> None:
    """Let a person who knows their password choose another; the session `keep` goes on.

    Opens its own transaction. Raises as `verify_sign_in` does, and `weak_password`.
    """
    person_id = verify_sign_in(username, old, now).id
    password_hash = hash_password(new)  # slow: not while others wait to write
    with transaction() as session:
        person = session.get_one(Person, person_id)
        replace_password(session, person, password_hash, now, keep=keep)


def end_sessions(
    session: Session,
    *,
    now: datetime,
    person_id: str | None = None,
    device_id: str | None = None,
    keep: str | None = None,
) -> None:
    """End the sessions of a person, of a device, or of the pair when both are given."""
    ended = update(DeviceSession).where(DeviceSession.ended_at.is_(None)).values(ended_at=now)
    if person_id is not None:
        ended = ended.where(DeviceSession.person_id == person_id)
    if device_id is not None:
        ended = ended.where(DeviceSession.device_id == device_id)
    if keep is not None:
        ended = ended.where(DeviceSession.id != keep)
    session.execute(ended)


def actor_of(person: Person, device_id: str | None = None) -> Actor:
    """Return `person` as rules and events need to know them."""
    return Actor(
        person_id=person.id,
        name=person.name,
        roles=person.roles,
        areas=tuple(person.areas),
        unit_id=person.unit_id,
        device_id=device_id,
    )


def person_row(person: Person) -> dict[str, object]:
    """Return what a person's own device shows of them."""
    return {
        "username": person.username,
        "name": person.name,
        "roles": sorted(person.roles),
        "areas": person.areas,
        "unit_id": person.unit_id,
        "certificate_no": person.certificate_no,
        "language": person.language,
    }


def publish_person(session: Session, person: Person, now: datetime) -> None:
    """Show `person` their own row, in the scope `person:<id>`."""
    publish(
        session,
        f"person:{person.id}",
        "person",
        person.id,
        person.version,
        person_row(person),
        now,
    )
