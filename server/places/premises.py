"""Registering premises 门店 and finding them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.areas.locating import METRES_PER_DEGREE, distance_m, locate
from server.photos.naming import name_photos
from server.places.editing import checked_text, log_version, values_of
from server.places.models import Premises
from server.places.publishing import publish_premises
from sync.bodies import PremisesRegister
from sync.errors import Refused
from sync.messages import Change


@dataclass(frozen=True)
class ShopFront:
    """What is known of a shop front when it is registered. `lat`, `lon` in WGS-84."""

    name: str
    address: str
    trade: str
    lat: float
    lon: float
    operator_name: str = ""
    operator_phone: str | None = None
    licence_no: str | None = None


def register_from_field(
    session: Session, actor: Actor, change: Change, body: PremisesRegister, now: datetime
) -> Premises:
    """Add a shop front that somebody found on the street.

    Raises as `register_premises` does, `invalid` for an empty name, and `change_reused` when the
    record's id has been given to another shop front already.
    """
    if session.get(Premises, change.record_id) is not None:
        raise Refused("change_reused", fields={"record_id": ["这家门店已经登记"]})
    for name in ("name", "address", "trade"):
        checked_text(name, getattr(body, name))
    front = ShopFront(
        name=body.name.strip(),
        address=body.address.strip(),
        trade=body.trade.strip(),
        lat=body.location.lat,
        lon=body.location.lon,
        operator_name=body.operator_name,
        operator_phone=body.operator_phone or None,
        licence_no=body.licence_no or None,
    )
    row = register_premises(session, change.record_id, front, now, actor=actor)
    name_photos(session, actor, row.id, None, change.photos, now)
    return row


def register_premises(
    session: Session,
    premises_id: str,
    front: ShopFront,
    now: datetime,
    *,
    actor: Actor | None = None,
) -> Premises:
    """Add a shop front in the grid where it stands and show it to its street.

    Raises `Refused("outside_territory")` when it stands in no street of the district.
    """
    place = locate(session, front.lat, front.lon)
    if place.street_code is None:
        raise Refused("outside_territory", fields={"location": ["坐标不在辖区范围内，请检查定位"]})
    row = Premises(
        id=premises_id,
        name=front.name,
        address=front.address,
        trade=front.trade,
        lat=front.lat,
        lon=front.lon,
        grid_code=place.grid_code,
        street_code=place.street_code,
        operator_name=front.operator_name,
        operator_phone=front.operator_phone,
        licence_no=front.licence_no,
        status="open",
        version=1,
    )
    session.add(row)
    session.flush()  # its first version refers to it
    log_version(session, row, _from_nothing(row), actor, now)
    publish_premises(session, row, now)
    return row


def _from_nothing(row: Premises) -> dict[str, list[object]]:
    return {name: [None, value] for name, value in values_of(row).items()}


def premises_near(
    session: Session, lat: float, lon: float, within_m: float, limit: int = 20
) -> Sequence[Premises]:
    """Return open premises within `within_m` metres of a point, nearest first."""
    margin = within_m / METRES_PER_DEGREE * 1.2  # a degree of longitude is shorter: filtered below
    rows = session.scalars(
        select(Premises).where(
            Premises.status == "open",
            Premises.lat.between(lat - margin, lat + margin),
            Premises.lon.between(lon - margin, lon + margin),
        )
    )
    by_distance = [(distance_m(lat, lon, row.lat, row.lon), row) for row in rows]
    near = sorted((each for each in by_distance if each[0] <= within_m), key=lambda each: each[0])
    return [row for _, row in near[:limit]]
