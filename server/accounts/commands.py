"""Commands of people and devices: `add-person`, `set-password`, `list-people`, …"""

from datetime import datetime

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from server import clock
from server.accounts.devices import revoke_device as revoke
from server.accounts.models import Device, DeviceSession, Person
from server.accounts.passwords import hash_password
from server.accounts.passwords import unlock as unlock_person
from server.accounts.people import add_person as add
from server.accounts.people import find_person, replace_password
from server.areas.models import Area
from server.catalog.models import Unit
from server.db import db
from server.feed import transaction
from sync.errors import Refused
from sync.roles import Role

_PASSWORD = click.option(
    "--password", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked when absent."
)


@click.command("add-person")
@click.argument("username")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([str(role) for role in Role]),
    help="May be given several times.",
)
@click.option("--area", "areas", multiple=True, help="Code of a district (6 digits) or street (9).")
@click.option("--unit", "unit", help="Id or name of the person's unit.")
@click.option("--certificate", "certificate_no", help="Enforcement certificate number.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@_PASSWORD
@with_appcontext
def add_person(
    username: str,
    name: str,
    roles: tuple[str, ...],
    areas: tuple[str, ...],
    unit: str | None,
    certificate_no: str | None,
    language: str,
    password: str,
) -> None:
    """Add a person who may sign in."""
    password_hash = hash_password(password)
    with transaction() as session:
        for code in areas:
            if session.get(Area, code) is None:
                raise click.BadParameter(f"no area has the code {code}")
        add(
            session,
            username,
            name,
            password,
            [Role(role) for role in roles],
            areas,
            _unit_id(unit),
            clock.now(),
            certificate_no=certificate_no,
            language=language,
            password_hash=password_hash,
        )
    click.echo(f"Added {username}.")


@click.command("set-password")
@click.argument("username")
@_PASSWORD
@with_appcontext
def set_password(username: str, password: str) -> None:
    """Give a person a new password and end their sessions."""
    password_hash = hash_password(password)
    with transaction() as session:
        replace_password(session, _person(username), password_hash, clock.now())
    click.echo(f"{username} has a new password; their sessions have ended.")


@click.command("list-people")
@with_appcontext
def list_people() -> None:
    """Print everybody: name, roles, areas, and whether they are locked out."""
    now = clock.now()
    for person in db.session.scalars(select(Person).order_by(Person.username)):
        areas = ",".join(person.areas) or "-"
        roles = ",".join(sorted(person.roles))
        click.echo(f"{person.username}\t{person.name}\t{roles}\t{areas}\t{_standing(person, now)}")


@click.command("list-devices")
@with_appcontext
def list_devices() -> None:
    """Print every device with the people who are signed in on it."""
    signed_in = (
        select(DeviceSession.device_id, Person.username)
        .join(Person, Person.id == DeviceSession.person_id)
        .where(DeviceSession.ended_at.is_(None))
    )
    users: dict[str, set[str]] = {}
    for device_id, username in db.session.execute(signed_in):
        users.setdefault(device_id, set()).add(username)
    for device in db.session.scalars(select(Device).order_by(Device.registered_at)):
        standing = "revoked" if device.revoked_at else "in use"
        names = ",".join(sorted(users.get(device.id, ()))) or "-"
        click.echo(f"{device.id}\t{device.name}\t{device.app_version}\t{standing}\t{names}")


@click.command("revoke-device")
@click.argument("device_id")
@click.option("--reason", default="", help="Kept with the device.")
@with_appcontext
def revoke_device(device_id: str, reason: str) -> None:
    """Stop a lost device: it may neither sign in nor sync. Its own records stay on it."""
    with transaction() as session:
        revoke(session, device_id, clock.now(), reason=reason)
    click.echo(f"{device_id} is revoked.")


@click.command("unlock")
@click.argument("username")
@with_appcontext
def unlock(username: str) -> None:
    """Let a person who was locked out try again at once."""
    with transaction() as session:
        unlock_person(session, _person(username))
    click.echo(f"{username} may sign in again.")


def _person(username: str) -> Person:
    person = find_person(db.session(), username)
    if person is None:
        raise Refused("unknown_person")
    return person


def _unit_id(given: str | None) -> str | None:
    if given is None:
        return None
    found = db.session.scalar(
        select(Unit.id).where((Unit.id == given) | (Unit.name == given) | (Unit.name_en == given))
    )
    if found is None:
        raise Refused("unknown_unit")
    return found


def _standing(person: Person, now: datetime) -> str:
    if not person.active:
        return "inactive"
    return "locked out" if person.locked_until and person.locked_until > now else "active"


commands: list[click.Command] = [
    add_person,
    set_password,
    list_people,
    list_devices,
    revoke_device,
    unlock,
]
