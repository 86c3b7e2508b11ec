"""The demo district: its structure, that it agrees with itself, and that it is made once."""

from collections import Counter
from itertools import combinations, pairwise

import pytest
from shapely.geometry import Point, shape
from shapely.ops import unary_union
from sqlalchemy import func, select

from server.accounts.models import Person
from server.accounts.passwords import password_matches
from server.areas.models import Area, Beat, ControlZone, Grid, VendingPoint
from server.catalog.models import Category, Unit
from server.db import db
from server.demo.filling import fill_district, is_filled
from server.demo.people import PASSWORD, accounts
from server.feed.models import FeedRow
from server.places.models import Lot, Premises, RoadSection
from sync.roles import Role
from tests.server.test_catalog import NOW


@pytest.fixture(autouse=True)
def _demo(in_demo_app):
    """Every fact below is about a fresh copy of the demo district."""


def rows(table):
    return db.session.scalars(select(table)).all()


def outlines(level):
    return {area.code: shape(area.polygon) for area in rows(Area) if area.level == level}


def test_it_has_the_structure_that_a_district_has():
    levels = Counter(area.level for area in rows(Area))
    assert levels == {"district": 1, "street": 3, "community": 12}
    assert len(rows(Grid)) == 225
    assert len(rows(Premises)) == 200
    assert (len(rows(RoadSection)), len(rows(Lot))) == (20, 4)
    kinds = Counter((unit.kind, unit.parent_id is None) for unit in rows(Unit))
    assert sum(count for (_, top), count in kinds.items() if top) == 10
    assert kinds["crew", False] == 5


def test_areas_of_a_level_meet_without_overlap_or_gap():
    grids = {grid.code: shape(grid.polygon) for grid in rows(Grid)}
    [district] = outlines("district").values()
    for parts in (outlines("street"), outlines("community"), grids):
        whole = unary_union(list(parts.values()))
        assert whole.symmetric_difference(district).area == pytest.approx(0, abs=1e-12)
        assert sum(each.area for each in parts.values()) == pytest.approx(district.area)
        for one, other in combinations(parts.values(), 2):
            assert one.intersection(other).area == pytest.approx(0, abs=1e-13)


def test_each_area_lies_in_the_one_whose_code_it_carries():
    streets, communities = outlines("street"), outlines("community")
    for code, polygon in communities.items():
        assert streets[code[:9]].buffer(1e-9).contains(polygon)
    for grid in rows(Grid):
        assert communities[grid.community_code].buffer(1e-9).contains(shape(grid.polygon))
        assert grid.code.startswith(grid.community_code)
        assert len(grid.code) == 15


def test_a_grid_is_of_about_ten_thousand_square_metres():
    metre = 1 / 111_195
    areas = [shape(grid.polygon).area / metre**2 * 0.89 for grid in rows(Grid)]
    assert 10_000 < min(areas) < max(areas) < 20_000


def test_a_shop_stands_in_its_grid_at_an_address_of_its_own():
    grids = {grid.code: shape(grid.polygon) for grid in rows(Grid)}
    shops = rows(Premises)
    assert len({shop.address for shop in shops}) == len({shop.name for shop in shops}) == 200
    for shop in shops:
        assert grids[shop.grid_code].intersects(Point(shop.lon, shop.lat))
        assert shop.street_code == shop.grid_code[:9]


def test_shops_that_are_neighbours_by_number_are_neighbours_on_the_ground():
    on_avenue = sorted(
        (int(shop.address.removeprefix("井冈山大道").removesuffix("号")), shop.lat)
        for shop in rows(Premises)
        if shop.address.startswith("井冈山大道")
    )
    latitudes = [lat for _, lat in on_avenue]
    assert len(on_avenue) > 10
    assert latitudes[0] > latitudes[-1]  # numbers begin in the north
    assert all(later < earlier + 0.0008 for earlier, later in pairwise(latitudes))


def test_everybody_of_the_announced_accounts_is_there_and_can_sign_in():
    people = {person.username: person for person in rows(Person)}
    announced = [f"officer{n}" for n in range(1, 13)] + [f"unit{n}" for n in range(1, 11)]
    announced += ["assistant1", "leader1", "squad1", "acceptor1", "dispatcher1", "crew1", "crew2"]
    announced += ["assessor1", "sanitation1", "contractor1", "supervisor1", "reviewer1", "admin1"]
    assert set(announced) <= set(people)
    assert all(person.demo for person in people.values())
    assert password_matches(people["officer1"].password_hash, PASSWORD)
    assert PASSWORD == "xuncheng-demo"
    assert set(Role) == {role for person in people.values() for role in person.roles}
    assert len({person.name for person in people.values()}) == len(people) == len(accounts())


def test_officers_have_a_certificate_and_a_beat_in_their_street():
    beats = {beat.person_id: beat for beat in rows(Beat)}
    officers = [each for each in rows(Person) if each.username.startswith("officer")]
    assert len({officer.certificate_no for officer in officers}) == 12
    for officer in officers:
        assert officer.areas == [beats[officer.id].street_code]
        assert set(beats[officer.id].grid_codes) <= {grid.code for grid in rows(Grid)}
    walked = [code for beat in beats.values() for code in beat.grid_codes]
    assert len(walked) == len(set(walked)) == 225


def test_unit_people_belong_to_the_unit_of_their_number():
    units = {unit.id: unit for unit in rows(Unit)}
    people = {person.username: person for person in rows(Person)}
    for n in range(1, 11):
        assert people[f"unit{n}"].unit_id == people[f"crew{n}"].unit_id
        assert units[people[f"unit{n}"].unit_id].head_person_id == people[f"unit{n}"].id
    assert units[people["crew11"].unit_id].parent_id == people["unit1"].unit_id


def test_zones_of_every_level_and_vending_points_in_every_street_are_there():
    assert {zone.level for zone in rows(ControlZone)} == {
        "model",
        "forbidden",
        "strict",
        "controlled",
    }
    assert {point.street_code for point in rows(VendingPoint)} == set(outlines("street"))
    streets = outlines("street")
    for place in (*rows(ControlZone), *rows(VendingPoint)):
        assert streets[place.street_code].buffer(1e-9).contains(shape(place.polygon))


def test_clear_cut_categories_go_by_rule_and_the_others_wait():
    by_rule = {each.key for each in rows(Category) if each.auto_file and each.auto_dispatch}
    assert {"E09006", "E06010", "E07001", "E09010"} <= by_rule
    assert not {"E06001", "E06013", "C01001"} & by_rule


def test_devices_are_shown_all_of_it():
    entities = Counter(db.session.scalars(select(FeedRow.entity)))
    shown = {name: entities[name] for name in ("area", "grid", "premises", "road_section", "lot")}
    assert shown == {"area": 16, "grid": 225, "premises": 200, "road_section": 20, "lot": 4}
    assert entities["beat"] == 12
    assert entities["person"] == len(accounts())


def test_filling_it_again_does_nothing():
    before = db.session.scalar(select(func.max(FeedRow.seq)))
    assert is_filled(db.session())
    assert list(fill_district(NOW)) == []
    assert db.session.scalar(select(func.max(FeedRow.seq))) == before
