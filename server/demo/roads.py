"""Twenty road sections in four lots, cleaned by two contractors."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shapely.geometry import LineString
from sqlalchemy.orm import Session

from server.demo import town
from server.demo.divisions import STREETS, Street
from server.demo.ids import demo_id
from server.demo.units import CONTRACTORS
from server.places.models import Lot, RoadSection
from server.places.publishing import publish_lot, publish_road_section

# What the street cleans itself, outside every contract.
_UNCONTRACTED = {"光明路"}
_SHORTEST_M = 240


@dataclass(frozen=True)
class _Piece:
    road: town.Road
    street: Street
    line: LineString  # in metres


@dataclass(frozen=True)
class _DemoLot:
    name: str
    contractor: int
    street_code: str
    levels: tuple[int, ...]  # road levels that belong to it


_LOTS = (
    _DemoLot("第一标段（古南镇主干道）", 0, "360802001", (1,)),
    _DemoLot("第二标段（古南镇次支路）", 0, "360802001", (2, 3, 4)),
    _DemoLot("第三标段（永叔）", 1, "360802002", (1, 2, 3, 4)),
    _DemoLot("第四标段（文山）", 1, "360802003", (1, 2, 3, 4)),
)


def fill_roads(session: Session, now: datetime) -> None:
    """Add the lots and, in each, the pieces of road that lie in its street."""
    for each in _LOTS:
        lot = Lot(
            id=demo_id("lot", each.name),
            name=each.name,
            contractor_unit_id=CONTRACTORS[each.contractor].id,
            street_code=each.street_code,
            version=1,
        )
        session.add(lot)
        publish_lot(session, lot, now)
    session.flush()
    for piece in pieces():
        _add_section(session, piece, now)


def pieces() -> Iterator[_Piece]:
    """Yield what of each road lies in each street, leaving out short ends."""
    for road in town.ROADS:
        if road.name in _UNCONTRACTED:
            continue
        for street in STREETS:
            line = town.part_of(road, street.letters)
            if line is not None and line.length >= _SHORTEST_M:
                yield _Piece(road, street, line)


def _add_section(session: Session, piece: _Piece, now: datetime) -> None:
    road, street = piece.road, piece.street
    lot = next(
        each for each in _LOTS if each.street_code == street.code and road.level in each.levels
    )
    points = [list(town.to_degrees(x, y)) for x, y in piece.line.coords]
    section = RoadSection(
        id=demo_id("road section", f"{street.code}/{road.name}"),
        name=f"{road.name}（{street.name.removesuffix('街道')}段）",
        lot_id=demo_id("lot", lot.name),
        street_code=street.code,
        level=road.level,
        area_m2=round(piece.line.length * road.width_m),
        line={"type": "LineString", "coordinates": points},
        version=1,
    )
    session.add(section)
    publish_road_section(session, section, now)
