"""Where a point lies, worked out on the phone from the polygons it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mobile.store.person_store import PersonStore


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
    """Return grid, community, street, zones and vending points of a WGS-84 point."""
    raise NotImplementedError


def allowed_vending(place: PlaceHere, category_key: str) -> Vending | None:
    """Return the open vending point that allows this category here: a warning, not a case."""
    raise NotImplementedError


def nearby_premises(
    store: PersonStore, lat: float, lon: float, limit: int = 20
) -> Sequence[NearbyPremises]:
    raise NotImplementedError
