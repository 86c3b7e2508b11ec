"""Editing premises 门店 that others edit too: merge, keep what cannot be merged, write down who."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.areas.locating import locate
from server.areas.publishing import area_scope
from server.feed import retract
from server.photos.naming import name_photos
from server.places.models import Conflict, Premises, PremisesVersion
from server.places.publishing import publish_premises
from server.places.rules import Merge, merge
from sync import checks
from sync.bodies import PremisesFields, PremisesUpdate
from sync.errors import Refused
from sync.ids import uuid7
from sync.messages import Change, Outcome

FIELDS = (
    "name",
    "address",
    "trade",
    "location",
    "operator_name",
    "operator_phone",
    "licence_no",
    "status",
)
_REQUIRED = frozenset({"name", "address", "trade"})
_EMPTY_IS_NONE = frozenset({"operator_phone", "licence_no"})


@dataclass(frozen=True)
class Edited:
    """A shop front after an edit; `apart` names the fields whose values are not in force."""

    row: Premises
    outcome: Outcome
    apart: tuple[str, ...]


def update_premises(
    session: Session, actor: Actor, change: Change, body: PremisesUpdate, now: datetime
) -> Edited:
    """Carry out an edit made in the field, on top of what others have done meanwhile.

    Raises `unknown_record` for what is not there or not in the actor's areas, `outside_territory`,
    and `invalid` when nothing is set or a name is emptied.
    """
    row = find_premises(session, change.record_id, actor)
    wanted = _wanted(body.set)
    base = _base_version(session, change)
    log = _others_since(session, row.id, base, actor)
    touched = {name for entry in log for name in entry.fields}
    merged = merge(values_of(row), wanted, touched)
    _keep_apart(session, row, merged, log, actor, change, base, now)
    if merged.taken:
        change_premises(session, row, merged.taken, actor, now)
    name_photos(session, actor, row.id, None, change.photos, now)
    return Edited(row, merged.outcome, tuple(merged.apart))


def find_premises(session: Session, premises_id: str, actor: Actor) -> Premises:
    """Return a shop front of the actor's areas, locked. Raises `unknown_record`."""
    query = select(Premises).where(Premises.id == premises_id).with_for_update()
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None or not actor.works_in(row.street_code):
        raise Refused("unknown_record", fields={"record_id": ["没有找到这家门店"]})
    return row


def values_of(row: Premises) -> dict[str, object]:
    """Return a shop front's fields as edits name them; `location` is [lat, lon] in WGS-84."""
    values: dict[str, object] = {name: getattr(row, name) for name in FIELDS if name != "location"}
    return values | {"location": [row.lat, row.lon]}


def change_premises(
    session: Session,
    row: Premises,
    values: Mapping[str, object],
    actor: Actor | None,
    now: datetime,
    *,
    conflict_id: str | None = None,
) -> None:
    """Put `values` into force as the next version, write down who, and show it to the street."""
    before = values_of(row)
    street_before = row.street_code
    for name, value in values.items():
        if name == "location":
            _move(session, row, value)
        else:
            setattr(row, name, value)
    row.version += 1
    log_version(
        session,
        row,
        {name: [before[name], value] for name, value in values.items()},
        actor,
        now,
        conflict_id,
    )
    if row.street_code != street_before:
        scope = area_scope(street_before)
        retract(session, scope, "premises", row.id, row.version, now, left=True)
    publish_premises(session, row, now)


def log_version(
    session: Session,
    row: Premises,
    fields: dict[str, list[object]],
    actor: Actor | None,
    now: datetime,
    conflict_id: str | None = None,
) -> None:
    """Write down what the present version of `row` changed, {field: [before, after]}."""
    session.add(
        PremisesVersion(
            premises_id=row.id,
            version=row.version,
            fields=fields,
            person_id=actor.person_id if actor else None,
            device_id=actor.device_id if actor else None,
            change_id=actor.change_id if actor else None,
            conflict_id=conflict_id,
            at=now,
        )
    )


def _wanted(fields: PremisesFields) -> dict[str, object]:
    wanted: dict[str, object] = {}
    for name in FIELDS:
        value = getattr(fields, name)
        if value is None:
            continue
        if name == "location":
            wanted[name] = [value.lat, value.lon]
        else:
            wanted[name] = checked_text(name, str(value))
    if not wanted:
        raise Refused("invalid", fields={"set": [checks.REQUIRED]})
    return wanted


def checked_text(name: str, text: str) -> str | None:
    """Return what is stored for a field's text: None where nothing is said. May raise `invalid`."""
    text = text.strip()
    if not text and name in _REQUIRED:
        raise Refused("invalid", fields={f"set.{name}": [checks.REQUIRED]})
    return None if not text and name in _EMPTY_IS_NONE else text


def _base_version(session: Session, change: Change) -> int:
    """Return the version the maker had seen; without one, what their previous change made."""
    if change.base_version is not None or change.previous is None:
        return change.base_version or 0
    made = session.scalar(
        select(PremisesVersion.version).where(PremisesVersion.change_id == change.previous)
    )
    return made or 0


def _others_since(
    session: Session, premises_id: str, base: int, actor: Actor
) -> list[PremisesVersion]:
    """Return what others did after version `base`, newest first.

    What the same person did on the same device is left out: they knew of it, acknowledged or not.
    """
    query = (
        select(PremisesVersion)
        .where(PremisesVersion.premises_id == premises_id, PremisesVersion.version > base)
        .order_by(PremisesVersion.version.desc())
    )
    mine = (actor.person_id, actor.device_id)
    return [entry for entry in session.scalars(query) if (entry.person_id, entry.device_id) != mine]


def _keep_apart(
    session: Session,
    row: Premises,
    merged: Merge,
    log: list[PremisesVersion],
    actor: Actor,
    change: Change,
    base: int,
    now: datetime,
) -> None:
    present = values_of(row)
    for name, value in merged.apart.items():
        last = next((entry for entry in log if name in entry.fields), None)
        session.add(
            Conflict(
                id=uuid7(int(now.timestamp() * 1000)),
                entity="premises",
                record_id=row.id,
                street_code=row.street_code,
                field=name,
                ours=present[name],
                ours_person_id=last.person_id if last else None,
                ours_at=last.at if last else None,
                theirs=value,
                person_id=actor.person_id,
                device_id=actor.device_id,
                change_id=change.id,
                base_version=base,
                observed_at=actor.observed_at,
                created_at=now,
            )
        )


def _move(session: Session, row: Premises, value: object) -> None:
    assert isinstance(value, list)
    lat, lon = value
    place = locate(session, lat, lon)
    if place.street_code is None:
        raise Refused("outside_territory", fields={"location": ["坐标不在辖区范围内，请检查定位"]})
    row.lat, row.lon = lat, lon
    row.grid_code, row.street_code = place.grid_code, place.street_code
