"""The shape of the demo town: a lattice of street blocks around 27.113 N 114.986 E. Pure.

Blocks share their corners, so the areas built of them neither overlap nor leave gaps. Corners are
shifted a little, always in the same way: it looks like a town, and every run gives the same one.
"""

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

MIDDLE = (27.113, 114.986)
METRES_PER_DEGREE = 111_195.0
_METRES_PER_DEGREE_EAST = METRES_PER_DEGREE * math.cos(math.radians(MIDDLE[0]))

# Square degrees: some 1,500 m². What a road has less of than this in a street is only its edge.
_SMALLEST_STRIP = 1.4e-7

# One letter per block, north at the top; each letter is a community.
BLOCKS = (
    "aaaaaeeeeeeiiii",
    "aaaaaeeeeeiiiii",
    "aaaaaeeeeeiiiii",
    "aaaabeeeefiiiii",
    "bbbbbbeffffjjjj",
    "bbbbbfffffjjjjj",
    "bbbbbfffffjjjjj",
    "bbbccgfffffjjjj",
    "cccccggggfkkjjj",
    "cccccgggggkkkkk",
    "ccccggggggkkkkk",
    "cdddgggghhlkkkk",
    "dddddghhhhllkkk",
    "dddddhhhhhlllll",
    "ddddddhhhhlllll",
)
SIZE = len(BLOCKS)
_WIDTHS = (128, 119, 141, 124, 133, 117, 138, 126, 121, 144, 130, 123, 136, 118, 129)
_HEIGHTS = (117, 124, 108, 121, 113, 127, 110, 119, 115, 125, 109, 122, 114, 118, 112)


@dataclass(frozen=True)
class Road:
    """A road along a lattice line: `line` counts from west (north–south roads) or from north.

    `start` and `end` are the crossing lines between which it runs; `width_m` is kerb to kerb.
    """

    name: str
    name_en: str
    north_south: bool
    line: int
    start: int
    end: int
    width_m: float
    level: int


ROADS = (
    Road("沿江路", "Yanjiang Road", True, 1, 0, 15, 18, 2),
    Road("吉州大道", "Jizhou Avenue", True, 3, 0, 15, 36, 1),
    Road("永叔路", "Yongshu Road", True, 6, 1, 14, 14, 2),
    Road("步行街", "Pedestrian Street", True, 8, 5, 10, 12, 1),
    Road("井冈山大道", "Jinggangshan Avenue", True, 10, 0, 15, 40, 1),
    Road("长岗北路", "Changgang North Road", True, 13, 1, 14, 16, 3),
    Road("鹭洲西路", "Luzhou West Road", False, 2, 0, 15, 20, 2),
    Road("阳明东路", "Yangming East Road", False, 5, 0, 15, 28, 1),
    Road("青石街", "Qingshi Street", False, 7, 3, 8, 8, 4),
    Road("文山路", "Wenshan Road", False, 9, 0, 15, 22, 2),
    Road("真君山路", "Zhenjunshan Road", False, 11, 1, 15, 16, 3),
    Road("光明路", "Guangming Road", False, 13, 0, 14, 14, 3),
)


@dataclass(frozen=True)
class Spot:
    """A place on a road: WGS-84 degrees and its address."""

    lat: float
    lon: float
    road: str
    house_no: int

    @property
    def address(self) -> str:
        return f"{self.road}{self.house_no}号"


def corner(column: int, row: int) -> tuple[float, float]:
    """Return the block corner at lattice lines (column, row) as metres (east, north)."""
    x = sum(_WIDTHS[:column]) - sum(_WIDTHS) / 2
    y = sum(_HEIGHTS) / 2 - sum(_HEIGHTS[:row])
    # A gentle bend and a shear, as of a town along a river; a few metres of irregularity.
    x += 0.14 * y + 9 * math.sin(row * 1.7 + column * 0.6)
    y += -0.07 * x + 8 * math.sin(column * 1.3 + row * 0.8)
    return x, y


def to_degrees(x: float, y: float) -> tuple[float, float]:
    """Return (lon, lat) of a point given in metres east and north of the middle."""
    lon = MIDDLE[1] + x / _METRES_PER_DEGREE_EAST
    return round(lon, 7), round(MIDDLE[0] + y / METRES_PER_DEGREE, 7)


@cache
def block(column: int, row: int) -> Polygon:
    """Return a block's polygon in degrees (lon, lat)."""
    ring = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
    return Polygon([to_degrees(*corner(*each)) for each in ring])


def blocks_of(letters: str) -> list[tuple[int, int]]:
    """Return (column, row) of every block whose community is one of `letters`, row by row."""
    return [
        (column, row)
        for row in range(SIZE)
        for column in range(SIZE)
        if BLOCKS[row][column] in letters
    ]


@cache
def outline(letters: str) -> BaseGeometry:
    """Return the common outline of the communities `letters`, in degrees."""
    return unary_union([block(column, row) for column, row in blocks_of(letters)])


def geojson(geometry: BaseGeometry) -> dict[str, object]:
    """Return a polygon without holes as GeoJSON, counter-clockwise, WGS-84 degrees."""
    if not isinstance(geometry, Polygon) or geometry.interiors:
        raise ValueError(f"not one whole polygon: {geometry.geom_type}")
    ring = [list(point) for point in geometry.exterior.coords]
    if not geometry.exterior.is_ccw:
        ring.reverse()
    return {"type": "Polygon", "coordinates": [ring]}


def road_line(road: Road) -> LineString:
    """Return a road's middle in metres, from its north or west end."""
    crossings = range(road.start, road.end + 1)
    nodes = [(road.line, each) if road.north_south else (each, road.line) for each in crossings]
    return LineString([corner(*node) for node in nodes])


def spot_on(road: Road, along: float, *, left: bool, kerb_m: float = 4.0) -> Spot:
    """Return the place at `along` (0–1) of a road, `kerb_m` metres behind its left or right kerb.

    House numbers grow along the road, odd on the left: one for every twelve metres.
    """
    line = road_line(road)
    distance = along * line.length
    here = line.interpolate(distance)
    there = line.interpolate(min(distance + 1, line.length))
    before = line.interpolate(max(distance - 1, 0))
    dx, dy = there.x - before.x, there.y - before.y
    away = (road.width_m / 2 + kerb_m) / math.hypot(dx, dy) * (1 if left else -1)
    lon, lat = to_degrees(here.x - dy * away, here.y + dx * away)
    return Spot(lat, lon, road.name, int(distance // 12) * 2 + (1 if left else 2))


def strip(road: Road, letters: str, margin_m: float = 8.0) -> Polygon | None:
    """Return the strip of a road, pavements included, in the communities `letters`, if any."""
    wide = road_line(road).buffer(road.width_m / 2 + margin_m, cap_style="flat")
    in_degrees = Polygon([to_degrees(x, y) for x, y in wide.exterior.coords])
    inside = in_degrees.intersection(outline(letters))
    pieces = [each for each in getattr(inside, "geoms", [inside]) if isinstance(each, Polygon)]
    longest = max(pieces, key=lambda each: each.area, default=None)
    return longest if longest is not None and longest.area > _SMALLEST_STRIP else None


def part_of(road: Road, letters: str) -> LineString | None:
    """Return the longest run of a road, in metres, beside blocks of the communities `letters`."""
    nodes = list(road_line(road).coords)
    runs: list[list[tuple[float, ...]]] = [[]]
    for start, end in pairwise(nodes):
        # A little aside of the line, which is itself a border of blocks: its right-hand side.
        aside = ((start[0] + end[0]) / 2 - 2, (start[1] + end[1]) / 2 - 2)
        lon, lat = to_degrees(*aside)
        if lies_in(lat, lon, letters):
            runs[-1] = runs[-1] + [end] if runs[-1] else [start, end]
        else:
            runs.append([])
    longest = max(runs, key=len)
    return LineString(longest) if longest else None


def lies_in(lat: float, lon: float, letters: str) -> bool:
    """Say whether a point lies in the communities `letters`."""
    return bool(outline(letters).intersects(Point(lon, lat)))


def square(lat: float, lon: float, width_m: float, height_m: float) -> Polygon:
    """Return an upright rectangle around a point, in degrees."""
    half_lon = width_m / 2 / _METRES_PER_DEGREE_EAST
    half_lat = height_m / 2 / METRES_PER_DEGREE
    return Polygon(
        [
            (round(lon + east * half_lon, 7), round(lat + north * half_lat, 7))
            for east, north in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
    )


def middle_of(geometry: BaseGeometry) -> tuple[float, float]:
    """Return (lat, lon) of a point inside a shape, near its middle."""
    centre: Point = geometry.centroid
    inside = centre if geometry.contains(centre) else geometry.representative_point()
    return round(inside.y, 7), round(inside.x, 7)
