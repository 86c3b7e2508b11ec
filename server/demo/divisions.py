"""Streets, communities and grids of the demo district 吉安市吉州区, as rows and feed rows."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.areas.models import Area, Beat, ControlZone, Grid, VendingPoint
from server.areas.publishing import (
    publish_area,
    publish_beat,
    publish_control_zone,
    publish_grid,
    publish_vending_point,
)
from server.demo import town
from server.demo.ids import demo_id

DISTRICT = "360802"


@dataclass(frozen=True)
class Community:
    letter: str
    name: str
    name_en: str


@dataclass(frozen=True)
class Street:
    code: str
    name: str
    name_en: str
    communities: tuple[Community, ...]

    @property
    def letters(self) -> str:
        return "".join(each.letter for each in self.communities)


STREETS = (
    Street(
        "360802001",
        "古南镇街道",
        "Gunanzhen Subdistrict",
        (
            Community("e", "鹭洲社区", "Luzhou Community"),
            Community("f", "步行街社区", "Pedestrian Street Community"),
            Community("g", "古南社区", "Gunan Community"),
            Community("h", "高峰坡社区", "Gaofengpo Community"),
        ),
    ),
    Street(
        "360802002",
        "永叔街道",
        "Yongshu Subdistrict",
        (
            Community("a", "仁山坪社区", "Renshanping Community"),
            Community("b", "永叔路社区", "Yongshu Road Community"),
            Community("c", "田侯路社区", "Tianhou Road Community"),
            Community("d", "竹笆巷社区", "Zhubaxiang Community"),
        ),
    ),
    Street(
        "360802003",
        "文山街道",
        "Wenshan Subdistrict",
        (
            Community("i", "光明社区", "Guangming Community"),
            Community("j", "文山社区", "Wenshan Community"),
            Community("k", "真君山社区", "Zhenjunshan Community"),
            Community("l", "长岗社区", "Changgang Community"),
        ),
    ),
)
ALL_LETTERS = "".join(street.letters for street in STREETS)

# Zones of street order along whole roads: (road, level, what signs say)
_ZONES = (
    ("步行街", "model", "示范街"),
    ("井冈山大道", "forbidden", "严禁区"),
    ("吉州大道", "forbidden", "严禁区"),
    ("阳明东路", "forbidden", "严禁区"),
    ("文山路", "strict", "严管区"),
    ("永叔路", "strict", "严管区"),
    ("光明路", "controlled", "严控区"),
)

_VENDORS = ["E09001", "E09002", "E09006"]
# (name, road, place along it, left side, hours)
_VENDING = (
    ("东门早市疏导点", "鹭洲西路", 0.62, True, [["05:30", "09:00"]]),
    ("步行街夜宵疏导点", "青石街", 0.9, False, [["18:00", "23:30"]]),
    ("仁山坪早市疏导点", "沿江路", 0.2, True, [["05:30", "08:30"], ["16:30", "19:00"]]),
    ("沿江夜市疏导点", "沿江路", 0.7, True, [["18:00", "23:30"]]),
    ("光明路便民疏导点", "光明路", 0.9, True, [["06:00", "09:00"], ["17:00", "20:00"]]),
    ("长岗北路瓜果疏导点", "长岗北路", 0.45, False, [["07:00", "19:00"]]),
)


def community_code(street: Street, community: Community) -> str:
    """Return the 12-digit code: the street's nine and the community's number in it."""
    return f"{street.code}{street.communities.index(community) + 1:03d}"


def fill_divisions(session: Session, now: datetime) -> None:
    """Add the district, its streets, communities and unit grids."""
    _add_area(session, DISTRICT, ("吉州区", "Jizhou District"), "district", ALL_LETTERS, now)
    for street in STREETS:
        names = (street.name, street.name_en)
        _add_area(session, street.code, names, "street", street.letters, now)
        for community in street.communities:
            code = community_code(street, community)
            names = (community.name, community.name_en)
            _add_area(session, code, names, "community", community.letter, now)
    session.flush()
    for street in STREETS:
        for community in street.communities:
            _add_grids(session, street, community, now)


def fill_zones(session: Session, now: datetime) -> None:
    """Add control zones and vending points, and show the streets anew so that maps notice."""
    for street in STREETS:
        for name, level, title in _ZONES:
            _add_zone(session, street, (name, level, title), now)
        publish_area(session, session.get_one(Area, street.code), now)
    for name, road, along, left, hours in _VENDING:
        spot = town.spot_on(_road(road), along, left=left, kerb_m=14)
        polygon = town.square(spot.lat, spot.lon, 44, 18)
        point = VendingPoint(
            id=demo_id("vending point", name),
            name=name,
            street_code=_street_at(polygon.centroid.y, polygon.centroid.x),
            polygon=town.geojson(polygon),
            hours=hours,
            category_keys=_VENDORS,
            version=1,
        )
        session.add(point)
        publish_vending_point(session, point, now)


def fill_beats(session: Session, walkers: dict[str, str], now: datetime) -> None:
    """Add one beat per community; `walkers` gives the person's id per community code."""
    for street in STREETS:
        for community in street.communities:
            code = community_code(street, community)
            lat, lon = town.middle_of(town.outline(community.letter))
            beat = Beat(
                id=demo_id("beat", code),
                name=f"{community.name}巡查责任区",
                street_code=street.code,
                grid_codes=grid_codes(street, community),
                person_id=walkers[code],
                lat=lat,
                lon=lon,
                active=True,
                version=1,
            )
            session.add(beat)
            publish_beat(session, beat, now)


def grid_codes(street: Street, community: Community) -> list[str]:
    """Return the 15-character codes of a community's grids (standards §1.2)."""
    code = community_code(street, community)
    return [f"{code}{n:03d}" for n in range(1, len(town.blocks_of(community.letter)) + 1)]


def _add_area(
    session: Session, code: str, names: tuple[str, str], level: str, letters: str, now: datetime
) -> None:
    parent = {"district": None, "street": DISTRICT, "community": code[:9]}[level]
    area = Area(
        code=code,
        name=names[0],
        name_en=names[1],
        level=level,
        parent_code=parent,
        polygon=town.geojson(town.outline(letters)),
        version=1,
    )
    session.add(area)
    session.flush()
    publish_area(session, area, now)


def _add_grids(session: Session, street: Street, community: Community, now: datetime) -> None:
    codes = grid_codes(street, community)
    for code, place in zip(codes, town.blocks_of(community.letter), strict=True):
        grid = Grid(
            code=code,
            name=f"{community.name}{int(code[-3:])}号网格",
            community_code=code[:12],
            street_code=street.code,
            polygon=town.geojson(town.block(*place)),
            version=1,
        )
        session.add(grid)
        publish_grid(session, grid, now)


def _add_zone(session: Session, street: Street, zone: tuple[str, str, str], now: datetime) -> None:
    road_name, level, title = zone
    polygon = town.strip(_road(road_name), street.letters)
    if polygon is None:
        return
    row = ControlZone(
        id=demo_id("zone", f"{street.code}/{road_name}"),
        name=f"{road_name}{title}",
        level=level,
        street_code=street.code,
        polygon=town.geojson(polygon),
        version=1,
    )
    session.add(row)
    publish_control_zone(session, row, now)


def _road(name: str) -> town.Road:
    return next(road for road in town.ROADS if road.name == name)


def _street_at(lat: float, lon: float) -> str:
    return next(street.code for street in STREETS if town.lies_in(lat, lon, street.letters))
