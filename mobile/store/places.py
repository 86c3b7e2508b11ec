"""Where a point lies, worked out on the phone from the polygons it holds."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from mobile.store.person_store import PersonStore
from sync.messages import Json

_METRES_PER_DEGREE = 111_320.0
_NEAR_DEGREES = 0.01


@dataclass(frozen=True)
class Zone:
    """A control zone 示范/严禁/严管/严控; `level` is model, forbidden, strict or controlled."""

    id: str
    name: str
    level: str


@dataclass(frozen=True)
class Vending:
    """A vending point 疏导点; `open_now` says whether vendors are allowed at the asked time."""

    id: str
    name: str
    hours: tuple[tuple[str, str], ...]
    category_keys: tuple[str, ...]
    open_now: bool


@dataclass(frozen=True)
class PlaceHere:
    """Codes are None where no polygon on the phone contains the point."""

    grid_code: str | None
    grid_name: str
    community_code: str | None
    community_name: str
    street_code: str | None
    street_name: str
    zones: tuple[Zone, ...]
    vending: tuple[Vending, ...]


@dataclass(frozen=True)
class NearbyPremises:
    id: str
    name: str
    address: str
    metres: float


def place_of(store: PersonStore, lat: float, lon: float, at: datetime) -> PlaceHere:
    """Return grid, community, street, zones and vending points of a WGS-84 point.

    `at` is aware, in the zone whose clock the hours of vending points mean.
    """
    grids = list(_around(store, "grid", lat, lon))
    codes = {data["level"]: code for code, data in _around(store, "area", lat, lon)}
    grid_code, grid = grids[0] if grids else (None, {})
    community = grid.get("community") or codes.get("community")
    street = grid.get("street") or codes.get("street")
    return PlaceHere(
        grid_code=grid_code,
        grid_name=grid.get("name", ""),
        community_code=community,
        community_name=_area_name(store, community),
        street_code=street,
        street_name=_area_name(store, street),
        zones=tuple(
            Zone(zone_id, data["name"], data["level"])
            for zone_id, data in _around(store, "control_zone", lat, lon)
        ),
        vending=tuple(
            _vending(point_id, data, at)
            for point_id, data in _around(store, "vending_point", lat, lon)
        ),
    )


def allowed_vending(place: PlaceHere, category_key: str) -> Vending | None:
    """Return the open vending point that allows this category here: a warning, not a case."""
    for point in place.vending:
        if point.open_now and category_key in point.category_keys:
            return point
    return None


def nearby_premises(
    store: PersonStore, lat: float, lon: float, limit: int = 20
) -> Sequence[NearbyPremises]:
    """Return shop fronts within about a kilometre, nearest first."""
    rows = store.replica.within(
        "premises",
        lat - _NEAR_DEGREES,
        lon - _NEAR_DEGREES,
        lat + _NEAR_DEGREES,
        lon + _NEAR_DEGREES,
    )
    found = [
        NearbyPremises(
            row_id,
            data["name"],
            data["address"],
            metres_between(lat, lon, data["lat"], data["lon"]),
        )
        for row_id, data in rows
    ]
    return sorted(found, key=lambda premises: premises.metres)[:limit]


def metres_between(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the distance of two points that are at most some kilometres apart."""
    north = (lat2 - lat1) * _METRES_PER_DEGREE
    east = (lon2 - lon1) * _METRES_PER_DEGREE * math.cos(math.radians((lat1 + lat2) / 2))
    return math.hypot(north, east)


def contains(polygon: Json, lat: float, lon: float) -> bool:
    """Say whether a GeoJSON Polygon or MultiPolygon contains a point, its holes left out."""
    coordinates = polygon["coordinates"]
    parts = coordinates if polygon["type"] == "MultiPolygon" else [coordinates]
    return any(_in_rings(rings, lat, lon) for rings in parts)


def _around(store: PersonStore, entity: str, lat: float, lon: float) -> Iterator[tuple[str, Json]]:
    for row_id, data in store.replica.containing(entity, lat, lon):
        if contains(data["polygon"], lat, lon):
            yield row_id, data


def _in_rings(rings: Sequence[Sequence[Any]], lat: float, lon: float) -> bool:
    """Count crossings of a ray over all rings: odd is inside, and a hole makes it even again."""
    inside = False
    for ring in rings:
        for (lon1, lat1, *_), (lon2, lat2, *_) in pairwise(ring):
            crosses = (lat1 > lat) != (lat2 > lat)
            if crosses and lon < (lon2 - lon1) * (lat - lat1) / (lat2 - lat1) + lon1:
                inside = not inside
    return inside


def _area_name(store: PersonStore, code: str | None) -> str:
    data = store.replica.one("area", code) if code else None
    return data["name"] if data else ""


def _vending(point_id: str, data: Json, at: datetime) -> Vending:
    hours = tuple((start, end) for start, end in data["hours"])
    clock = at.strftime("%H:%M")
    return Vending(
        id=point_id,
        name=data["name"],
        hours=hours,
        category_keys=tuple(data["categories"]),
        open_now=any(start <= clock < end for start, end in hours),
    )
