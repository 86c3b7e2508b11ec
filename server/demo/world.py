"""What the stories of the demo's history draw on: places, people, pictures, hours and dice."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.areas.locating import locate
from server.cases.models import Case
from server.demo import town
from server.demo.cast import Cast, load_cast
from server.demo.matters import MATTERS, Matter
from server.demo.pictures import Picture, pictures_by_scene
from server.places.models import Premises
from server.worktime.arithmetic import ScheduleDays, WorkCalendar, add_time
from server.worktime.loading import calendar_for
from sync.messages import Location, PhotoRef, PhotoRole

_SPOTS = 900
_SHIFTS = (
    (timedelta(hours=7), timedelta(hours=12, minutes=30)),
    (timedelta(hours=13), timedelta(hours=21)),
)
_ROAD_SHARE = {1: 5, 2: 3, 3: 2, 4: 2}  # busy roads have more


@dataclass(frozen=True)
class Scene:
    """Where something was seen: a point with its address, and the shop in front of which it was."""

    lat: float
    lon: float
    address: str
    community_code: str
    premises_id: str | None = None


@dataclass(frozen=True)
class World:
    """The stage. Times are instants in UTC."""

    cast: Cast
    office: WorkCalendar
    street: WorkCalendar  # officers and crews: early and late shift, every day
    round_the_clock: WorkCalendar
    shop_scenes: Mapping[str, Sequence[Scene]]  # by community, as the next
    road_scenes: Mapping[str, Sequence[Scene]]
    pictures: Mapping[str, Sequence[Picture]]
    end: datetime

    def soon(self, after: datetime, hours: float, calendar: WorkCalendar) -> datetime:
        """Return the moment when so many worked hours have passed."""
        return add_time(after, timedelta(hours=hours), "work_hour", calendar).at

    def photo(
        self, dice: random.Random, matter: Matter, role: PhotoRole, case_or_scene: Scene | Case,
        taken_at: datetime,
    ) -> PhotoRef:  # fmt: skip
        """Return a picture of the matter, before or after, as if taken there and then."""
        wanted = "after" if role is PhotoRole.AFTER else "before"
        picture = dice.choice(
            [each for each in self.pictures[matter.scene] if each.moment == wanted]
        )
        return PhotoRef(
            sha256=picture.sha256,
            bytes=picture.bytes,
            type="image/jpeg",
            role=role,
            taken_at=taken_at.isoformat(timespec="milliseconds"),
            lat=case_or_scene.lat,
            lon=case_or_scene.lon,
            accuracy_m=round(dice.uniform(3, 14), 1),
        )

    def scene(self, dice: random.Random, matter: Matter, community_code: str) -> Scene:
        """Return a place in a community where such a thing happens."""
        kept = self.shop_scenes if matter.at_shop else self.road_scenes
        return dice.choice(kept.get(community_code) or self.road_scenes[community_code])


def load_world(session: Session, end: datetime) -> World:
    """Return the stage as the database and the pictures' folder have it."""
    office = calendar_for(session, "office", end)
    shops: dict[str, list[Scene]] = {}
    for row in session.scalars(select(Premises).order_by(Premises.id)):
        community = (row.grid_code or "")[:12]
        scene = Scene(row.lat, row.lon, f"{row.address}（{row.name}）", community, row.id)
        shops.setdefault(community, []).append(scene)
    return World(
        cast=load_cast(session),
        office=office,
        street=replace(office, spans=_SHIFTS, kind=ScheduleDays.DAILY),
        round_the_clock=calendar_for(session, "always", end),
        shop_scenes=shops,
        road_scenes=_road_scenes(session),
        pictures=pictures_by_scene(),
        end=end,
    )


def location_of(scene: Scene, dice: random.Random) -> Location:
    """Return what a phone's receiver says at a scene: a few metres off."""
    return Location(
        lat=round(scene.lat + dice.gauss(0, 2e-5), 7),
        lon=round(scene.lon + dice.gauss(0, 2e-5), 7),
        accuracy_m=round(dice.uniform(3, 18), 1),
        provider="gnss",
    )


def pick_matter(dice: random.Random) -> Matter:
    """Return what an officer comes across next."""
    return dice.choices(MATTERS, weights=[each.weight for each in MATTERS])[0]


def _road_scenes(session: Session) -> dict[str, list[Scene]]:
    dice = random.Random("road scenes")
    weights = [_ROAD_SHARE[road.level] for road in town.ROADS]
    found: dict[str, list[Scene]] = {}
    for _ in range(_SPOTS):
        road = dice.choices(town.ROADS, weights=weights)[0]
        spot = town.spot_on(road, dice.uniform(0.02, 0.98), left=dice.random() < 0.5, kerb_m=1.5)
        place = locate(session, spot.lat, spot.lon)
        if place.community_code is not None:
            scene = Scene(spot.lat, spot.lon, f"{spot.address}附近", place.community_code)
            found.setdefault(place.community_code, []).append(scene)
    return found
