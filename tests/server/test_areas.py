"""Locating: which grid, street, zone and vending point a point lies in."""

from datetime import UTC, datetime

import pytest
from shapely.geometry import shape
from sqlalchemy import select

from server.areas.locating import (
    Place,
    area_name,
    distance_m,
    district_code,
    in_territory,
    locate,
)
from server.areas.models import Area, ControlZone, Grid, VendingPoint
from server.areas.publishing import publish_area
from server.db import db
from server.feed import transaction
from server.places.models import Premises
from server.places.premises import ShopFront, premises_near, register_premises
from sync.errors import Refused

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
MIDDLE = (27.113, 114.986)


def polygons(table) -> dict[str, object]:
    return {row.code: shape(row.polygon) for row in db.session.scalars(select(table))}


@pytest.mark.usefixtures("in_demo_app")
def test_a_point_finds_its_grid_community_and_street():
    place = locate(db.session(), *MIDDLE)
    assert place.street_code == "360802001"
    assert place.community_code[:9] == place.street_code
    assert place.grid_code[:12] == place.community_code
    assert len(place.grid_code) == 15


@pytest.mark.usefixtures("in_demo_app")
def test_every_grid_is_found_from_inside_it():
    for code, polygon in polygons(Grid).items():
        inside = polygon.representative_point()
        assert locate(db.session(), inside.y, inside.x).grid_code == code


@pytest.mark.usefixtures("in_demo_app")
def test_on_a_shared_edge_the_least_code_wins_and_always_the_same():
    grids = polygons(Grid)
    (code, polygon), *others = sorted(grids.items())
    neighbour = next(other for other, its in others if polygon.intersection(its).length > 0)
    edge = polygon.intersection(grids[neighbour])
    corner = edge.coords[0]  # a corner is exact in both; an edge's middle is rounded
    sharing = sorted(each for each, its in grids.items() if its.touches(edge.boundary.geoms[0]))
    assert locate(db.session(), corner[1], corner[0]).grid_code == min([code, *sharing])


@pytest.mark.usefixtures("in_demo_app")
def test_a_point_outside_all_grids_but_near_is_in_the_territory_and_in_no_street():
    near = (27.15, 114.99)  # some three kilometres north of the district's edge
    assert locate(db.session(), *near) == Place()
    assert in_territory(db.session(), *near)
    assert district_code(db.session()) == "360802"


@pytest.mark.parametrize("far", [(0.0, 0.0), (24.0, 120.5), (39.9, 116.4), (-27.1, 114.9)])
@pytest.mark.usefixtures("in_demo_app")
def test_a_point_in_the_sea_or_another_city_is_not_in_the_territory(far):
    assert not in_territory(db.session(), *far)


@pytest.mark.usefixtures("in_demo_app")
def test_the_territory_ends_about_thirty_kilometres_out():
    north = max(polygons(Area)["360802"].bounds[3], MIDDLE[0])
    assert in_territory(db.session(), north + 29_500 / 111_195, MIDDLE[1])
    assert not in_territory(db.session(), north + 30_500 / 111_195, MIDDLE[1])


@pytest.mark.usefixtures("in_demo_app")
def test_a_street_without_grids_still_holds_its_points():
    grid = db.session.scalar(select(Grid).where(Grid.community_code == "360802002001"))
    inside = shape(grid.polygon).representative_point()
    with transaction() as session:
        session.delete(session.get_one(Grid, grid.code))
        publish_area(session, session.get_one(Area, "360802002"), NOW)
    place = locate(db.session(), inside.y, inside.x)
    assert (place.grid_code, place.community_code) == (None, "360802002001")
    assert place.street_code == "360802002"


@pytest.mark.usefixtures("in_demo_app")
def test_control_zones_and_vending_points_are_found():
    zone = db.session.scalar(select(ControlZone).where(ControlZone.level == "model"))
    inside = shape(zone.polygon).representative_point()
    found = locate(db.session(), inside.y, inside.x).zones
    assert (zone.name, "model") in {(each.name, each.level) for each in found}
    point = db.session.scalars(select(VendingPoint).order_by(VendingPoint.id)).first()
    middle = shape(point.polygon).centroid
    allowed = locate(db.session(), middle.y, middle.x).vending_point
    assert allowed.name == point.name
    assert "E09006" in allowed.category_keys
    assert allowed.hours


@pytest.mark.usefixtures("in_app")
def test_a_server_without_areas_accepts_every_point_and_knows_none():
    assert locate(db.session(), *MIDDLE) == Place()
    assert in_territory(db.session(), 0, 0)
    assert district_code(db.session()) is None


@pytest.mark.usefixtures("in_demo_app")
def test_areas_have_names_in_both_languages():
    assert area_name(db.session(), "360802001") == "古南镇街道"
    assert area_name(db.session(), "360802001", "en") == "Gunanzhen Subdistrict"
    assert area_name(db.session(), "999999") == "999999"


@pytest.mark.usefixtures("in_demo_app")
def test_a_shop_is_registered_in_the_grid_where_it_stands():
    front = ShopFront("新店", "步行街1号", "餐饮", *MIDDLE, operator_name="刘一")
    with transaction() as session:
        register_premises(session, "00000000-0000-0000-0000-000000000001", front, NOW)
    row = db.session.get(Premises, "00000000-0000-0000-0000-000000000001")
    assert row.grid_code == locate(db.session(), *MIDDLE).grid_code
    with transaction() as session, pytest.raises(Refused, match="outside_territory"):
        register_premises(session, "x", ShopFront("海上", "", "餐饮", 20.0, 120.0), NOW)


@pytest.mark.usefixtures("in_demo_app")
def test_shops_near_a_point_come_nearest_first():
    near = premises_near(db.session(), *MIDDLE, within_m=300)
    distances = [distance_m(*MIDDLE, shop.lat, shop.lon) for shop in near]
    assert len(near) > 3
    assert distances == sorted(distances)
    assert distances[-1] <= 300
