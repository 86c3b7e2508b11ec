"""Where a point lies: its grid, community, street, control zones and vending point.

Polygons are held in shapely's STRtree, so a point costs microseconds, not a scan (`stack.md`).
They are loaded once per process and again after the catalogue changed (`server.feed.caching`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shapely import STRtree
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.areas.models import Area, ControlZone, Grid, VendingPoint
from server.feed.caching import CatalogCache

TERRITORY_MARGIN_M = 30_000
METRES_PER_DEGREE = 111_195.0  # of latitude, on the mean sphere
Key = TypeVar("Key")


@dataclass(frozen=True)
class Zone:
    """A street-order zone: level model | forbidden | strict | controlled."""

    id: str
    name: str
    level: str


@dataclass(frozen=True)
class AllowedVending:
    """A vending point 疏导点 and its hours, [(from, to)] as local `HH:MM`."""

    id: str
    name: str
    hours: tuple[tuple[str, str], ...]
    category_keys: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """What a point lies in. Everything is empty for a point outside the district."""

    grid_code: str | None = None
    community_code: str | None = None
    street_code: str | None = None
    zones: tuple[Zone, ...] = ()
    vending_point: AllowedVending | None = None


class _Index(Generic[Key]):
    """Polygons with what each stands for. A point on a shared edge belongs to the least key."""

    def __init__(self, entries: Sequence[tuple[BaseGeometry, Key]]) -> None:
        self._shapes = [geometry for geometry, _ in entries]
        self._keys = [key for _, key in entries]
        self._tree = STRtree(self._shapes)

    def around(self, point: Point) -> list[Key]:
        found = self._tree.query(point, predicate="intersects")
        return [self._keys[index] for index in sorted(found)]


@dataclass(frozen=True)
class _Map:
    grids: _Index[tuple[str, str, str]]
    communities: _Index[tuple[str, str]]
    streets: _Index[str]
    zones: _Index[Zone]
    vending_points: _Index[AllowedVending]
    territory: tuple[float, float, float, float] | None
    names: Mapping[str, tuple[str, str]]
    district: str | None


def locate(session: Session, lat: float, lon: float) -> Place:
    """Return what the WGS-84 point lies in; on a shared edge the least code wins."""
    found = _MAP.get(session)
    point = Point(lon, lat)
    grid_code, community, street = _division(found, point)
    return Place(
        grid_code=grid_code,
        community_code=community,
        street_code=street,
        zones=tuple(found.zones.around(point)),
        vending_point=next(iter(found.vending_points.around(point)), None),
    )


def _division(found: _Map, point: Point) -> tuple[str | None, str | None, str | None]:
    """Grid, community and street: between grids a point still lies in a street."""
    for grid_code, community, street in found.grids.around(point):
        return grid_code, community, street
    for community, street in found.communities.around(point):
        return None, community, street
    return None, None, next(iter(found.streets.around(point)), None)


def in_territory(session: Session, lat: float, lon: float) -> bool:
    """Say whether the point lies within about 30 km of the district's outline.

    Further away is a wrong position, not a case. True while no district is known.
    """
    bounds = _MAP.get(session).territory
    if bounds is None:
        return True
    west, south, east, north = bounds
    return south <= lat <= north and west <= lon <= east


def district_code(session: Session) -> str | None:
    """Return the six-digit code of the district: the area of cases outside every street."""
    return _MAP.get(session).district


def area_name(session: Session, code: str | None, language: str = "zh") -> str:
    """Return the name of an area in a language, or the code itself when it is unknown."""
    zh, en = _MAP.get(session).names.get(code or "", (code or "", ""))
    return (en or zh) if language == "en" else zh


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the distance of two near points in metres (flat earth: good to 0.1 % within 30 km)."""
    north = (other_lat - lat) * METRES_PER_DEGREE
    east = (other_lon - lon) * METRES_PER_DEGREE * math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(north, east)


def _load(session: Session) -> _Map:
    areas = list(session.execute(select(Area).order_by(Area.code)).scalars())
    shapes = {area.code: shape(area.polygon) for area in areas if area.polygon}
    grids = session.execute(select(Grid).order_by(Grid.code)).scalars()
    zones = session.execute(select(ControlZone).order_by(ControlZone.id)).scalars()
    points = session.execute(select(VendingPoint).order_by(VendingPoint.id)).scalars()
    districts = [area.code for area in areas if area.level == "district"]
    return _Map(
        grids=_Index(
            [(shape(g.polygon), (g.code, g.community_code, g.street_code)) for g in grids]
        ),
        communities=_Index(
            [
                (shapes[area.code], (area.code, area.code[:9]))
                for area in areas
                if area.level == "community"
            ]
        ),
        streets=_Index(
            [(shapes[area.code], area.code) for area in areas if area.level == "street"]
        ),
        zones=_Index([(shape(row.polygon), Zone(row.id, row.name, row.level)) for row in zones]),
        vending_points=_Index([(shape(row.polygon), _vending(row)) for row in points]),
        territory=_territory([shapes[code] for code in districts if code in shapes]),
        names={area.code: (area.name, area.name_en) for area in areas},
        district=districts[0] if districts else None,
    )


def _vending(row: VendingPoint) -> AllowedVending:
    hours: list[list[str]] = row.hours
    keys: Any = row.category_keys
    return AllowedVending(
        row.id, row.name, tuple((begin, end) for begin, end in hours), tuple(keys)
    )


def _territory(districts: list[BaseGeometry]) -> tuple[float, float, float, float] | None:
    """A box around the districts with a margin: exact enough to tell a wrong position."""
    if not districts:
        return None
    west = min(each.bounds[0] for each in districts)
    south = min(each.bounds[1] for each in districts)
    east = max(each.bounds[2] for each in districts)
    north = max(each.bounds[3] for each in districts)
    margin_lat = TERRITORY_MARGIN_M / METRES_PER_DEGREE
    margin_lon = margin_lat / math.cos(math.radians(north))
    return (west - margin_lon, south - margin_lat, east + margin_lon, north + margin_lat)


_MAP = CatalogCache(_load)
