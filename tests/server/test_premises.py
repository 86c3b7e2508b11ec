"""Shop fronts edited by several people at once: merged, kept apart, settled. On both databases."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server import clock
from server.accounts.people import actor_of, find_person
from server.db import db
from server.feed import transaction
from server.places.conflicts import Choice, open_conflicts, settle_conflict
from server.places.models import Conflict, Premises, PremisesVersion
from sync.errors import Refused
from tests.server.device import PLACE, Device, new_id, signed_in

SHOP = {
    "name": "老李面馆",
    "address": "井冈山大道 12 号",
    "trade": "餐饮",
    "location": PLACE,
    "operator_name": "李某",
    "operator_phone": "13000001234",
}


@pytest.fixture
def neighbour(any_demo_app: Flask, officer: Device) -> Device:
    """Another person who works in the street where `PLACE` lies."""
    del officer
    return signed_in(any_demo_app.test_client(), "squad1")


@pytest.fixture
def shop(officer: Device) -> str:
    """A shop front that `officer` has registered; its version is 1."""
    change = officer.change("premises.register", SHOP)
    (receipt,) = officer.push(change)
    assert receipt["outcome"] == "applied", receipt
    return str(change["record_id"])


def edit(device: Device, shop: str, base: int | None, **fields: Any) -> dict[str, Any]:
    body = {"set": fields}
    change = device.change("premises.update", body, record_id=shop, base_version=base)
    (receipt,) = device.push(change)
    return receipt


def row_of(device: Device, shop: str) -> dict[str, Any]:
    rows, _ = device.pull_all()
    (found,) = [row for row in rows if row["id"] == shop]
    return found


def conflicts(app: Flask) -> list[Conflict]:
    with app.app_context():
        return list(db.session.scalars(select(Conflict).order_by(Conflict.field)))


def settle(app: Flask, username: str, conflict_id: str, choice: Choice, other: str = "") -> None:
    with app.app_context(), transaction() as session:
        person = find_person(session, username)
        assert person is not None
        settle_conflict(
            session, actor_of(person), conflict_id, choice, other, "看过门头", clock.now()
        )


def test_a_new_shop_front_lies_in_its_grid_and_is_shown_to_its_street(
    officer: Device, neighbour: Device, shop: str
) -> None:
    row = row_of(neighbour, shop)
    assert row["entity"] == "premises"
    assert row["scope"] == f"area:{row['data']['street']}"
    assert row["data"]["grid"].startswith(row["data"]["street"])
    assert (row["data"]["name"], row["version"]) == ("老李面馆", 1)
    assert row_of(officer, shop)["data"]["status"] == "open"


def test_a_shop_front_in_no_street_is_refused(officer: Device) -> None:
    far = SHOP | {"location": PLACE | {"lat": 30.0}}
    (receipt,) = officer.push(officer.change("premises.register", far))
    assert receipt["error"]["code"] == "outside_territory"


def test_registering_the_same_record_again_is_refused(officer: Device, shop: str) -> None:
    again = officer.change("premises.register", SHOP, record_id=shop)
    (receipt,) = officer.push(again)
    assert receipt["error"]["code"] == "change_reused"


def test_two_devices_different_fields_both_hold(
    officer: Device, neighbour: Device, shop: str
) -> None:
    assert edit(officer, shop, 1, name="老王面馆")["outcome"] == "applied"
    receipt = edit(neighbour, shop, 1, trade="零售")
    assert (receipt["outcome"], receipt["version"]) == ("merged", 3)
    data = row_of(officer, shop)["data"]
    assert (data["name"], data["trade"]) == ("老王面馆", "零售")


def test_two_devices_same_field_the_later_value_waits_for_a_supervisor(
    any_demo_app: Flask, officer: Device, neighbour: Device, shop: str
) -> None:
    edit(officer, shop, 1, name="老王面馆")
    receipt = edit(neighbour, shop, 1, name="王记面馆", operator_name="王某")
    assert receipt["outcome"] == "conflict"
    assert receipt["conflicts"] == ["name"]
    data = row_of(officer, shop)["data"]
    assert (data["name"], data["operator_name"]) == ("老王面馆", "王某")
    (conflict,) = conflicts(any_demo_app)
    assert (conflict.ours, conflict.theirs) == ("老王面馆", "王记面馆")
    assert (conflict.ours_person_id, conflict.person_id) == (officer.person_id, neighbour.person_id)
    mine = {row["id"]: row["data"] for row in neighbour.pull_all()[0]}
    assert mine[receipt["change_id"]]["conflicts"] == ["name"]


def test_a_repeated_conflict_is_answered_alike_and_kept_once(
    any_demo_app: Flask, officer: Device, neighbour: Device, shop: str
) -> None:
    edit(officer, shop, 1, name="老王面馆")
    body = {"set": {"name": "王记面馆"}}
    change = neighbour.change("premises.update", body, record_id=shop, base_version=1)
    (first,) = neighbour.push(change)
    (second,) = neighbour.push(change)
    assert (second["outcome"], second["first"]) == ("duplicate", first)
    assert len(conflicts(any_demo_app)) == 1


def test_two_devices_same_field_same_value_is_no_conflict(
    any_demo_app: Flask, officer: Device, neighbour: Device, shop: str
) -> None:
    edit(officer, shop, 1, name="老王面馆")
    receipt = edit(neighbour, shop, 1, name="老王面馆")
    assert (receipt["outcome"], receipt["version"]) == ("applied", 2)
    assert conflicts(any_demo_app) == []


def test_edits_made_one_after_the_other_offline_do_not_contradict_each_other(
    officer: Device, shop: str
) -> None:
    first = officer.change(
        "premises.update", {"set": {"name": "老王面馆"}}, record_id=shop, base_version=1
    )
    second = officer.change(
        "premises.update",
        {"set": {"name": "王记面馆"}},
        record_id=shop,
        base_version=1,
        previous=first["id"],
    )
    assert [one["outcome"] for one in officer.push(first, second)] == ["applied", "applied"]
    assert row_of(officer, shop)["data"]["name"] == "王记面馆"


def test_an_edit_of_what_was_registered_offline_needs_no_version(officer: Device) -> None:
    new = officer.change("premises.register", SHOP)
    later = officer.change(
        "premises.update",
        {"set": {"name": "王记面馆"}},
        record_id=new["record_id"],
        previous=new["id"],
    )
    assert [one["outcome"] for one in officer.push(later)] == ["held"]
    assert [one["outcome"] for one in officer.push(new)] == ["applied"]
    row = row_of(officer, new["record_id"])
    assert (row["data"]["name"], row["version"]) == ("王记面馆", 2)


def test_an_edit_that_says_no_version_overwrites_nothing(
    any_demo_app: Flask, neighbour: Device, shop: str
) -> None:
    assert edit(neighbour, shop, None, name="王记面馆")["outcome"] == "conflict"
    (conflict,) = conflicts(any_demo_app)
    assert (conflict.ours, conflict.base_version) == ("老李面馆", 0)


def test_delete_against_edit_closing_holds_and_the_edit_is_asked_about(
    any_demo_app: Flask, officer: Device, neighbour: Device, shop: str
) -> None:
    assert edit(officer, shop, 1, status="closed")["outcome"] == "applied"
    receipt = edit(neighbour, shop, 1, operator_name="王某")
    assert (receipt["outcome"], receipt["conflicts"]) == ("conflict", ["status"])
    data = row_of(officer, shop)["data"]
    assert (data["status"], data["operator_name"]) == ("closed", "王某")
    (conflict,) = conflicts(any_demo_app)
    settle(any_demo_app, "supervisor1", conflict.id, Choice.TAKE)
    assert row_of(officer, shop)["data"]["status"] == "open"


def test_edit_against_delete_is_merged(officer: Device, neighbour: Device, shop: str) -> None:
    edit(officer, shop, 1, operator_name="王某")
    assert edit(neighbour, shop, 1, status="closed")["outcome"] == "merged"


@pytest.mark.parametrize(
    ("choice", "other", "name"),
    [
        (Choice.KEEP, "", "老王面馆"),
        (Choice.TAKE, "", "王记面馆"),
        (Choice.OTHER, "老王记面馆", "老王记面馆"),
    ],
)
def test_a_supervisor_settles_and_everybody_sees_it(
    any_demo_app: Flask,
    officer: Device,
    neighbour: Device,
    shop: str,
    choice: Choice,
    other: str,
    name: str,
) -> None:
    edit(officer, shop, 1, name="老王面馆")
    edit(neighbour, shop, 1, name="王记面馆")
    (conflict,) = conflicts(any_demo_app)
    settle(any_demo_app, "supervisor1", conflict.id, choice, other)
    row = row_of(neighbour, shop)
    assert (row["data"]["name"], row["version"]) == (name, 3)
    (settled,) = conflicts(any_demo_app)
    assert (settled.choice, settled.value, settled.note) == (str(choice), name, "看过门头")
    with any_demo_app.app_context():
        entry = db.session.get_one(PremisesVersion, (shop, 3))
        assert entry.conflict_id == conflict.id
    with pytest.raises(Refused) as refusal:
        settle(any_demo_app, "supervisor1", conflict.id, choice, other)
    assert refusal.value.code == "conflict"


def test_a_supervisor_sees_what_waits_and_an_officer_elsewhere_does_not(
    any_demo_app: Flask, officer: Device, neighbour: Device, shop: str
) -> None:
    edit(officer, shop, 1, name="老王面馆")
    edit(neighbour, shop, 1, name="王记面馆")
    with any_demo_app.app_context():
        supervisor = find_person(db.session(), "supervisor1")
        elsewhere = find_person(db.session(), "squad2")
        assert supervisor is not None
        assert elsewhere is not None
        assert len(open_conflicts(db.session(), actor_of(supervisor))) == 1
        assert open_conflicts(db.session(), actor_of(elsewhere)) == []


def test_a_shop_front_that_moves_to_another_street_leaves_the_first(
    any_demo_app: Flask, officer: Device, shop: str
) -> None:
    with any_demo_app.app_context():
        street = db.session.get_one(Premises, shop).street_code
        other = db.session.scalars(
            select(Premises).where(Premises.street_code != street).limit(1)
        ).one()
        there = {"lat": other.lat, "lon": other.lon}
    _, page = officer.pull_all()
    assert edit(officer, shop, 1, location=there)["outcome"] == "applied"
    rows, _ = officer.pull_all(page["cursor"])
    (gone,) = [row for row in rows if row["id"] == shop]
    assert (gone["deleted"], gone["reason"]) == (True, "left")


def test_a_shop_front_of_another_street_is_not_there(any_demo_app: Flask, shop: str) -> None:
    elsewhere = signed_in(any_demo_app.test_client(), "squad2")
    assert edit(elsewhere, shop, 1, name="x")["error"]["code"] == "unknown_record"
    assert edit(elsewhere, new_id(), 1, name="x")["error"]["code"] == "unknown_record"


def test_an_edit_must_set_something_and_leave_a_name(officer: Device, shop: str) -> None:
    assert edit(officer, shop, 1)["error"]["code"] == "invalid"
    assert edit(officer, shop, 1, name=" ")["error"]["code"] == "invalid"
    assert edit(officer, shop, 1, status="gone")["error"]["code"] == "malformed"


def test_an_emptied_licence_is_taken_out(officer: Device, shop: str) -> None:
    edit(officer, shop, 1, licence_no="92360802MA00000001")
    assert row_of(officer, shop)["data"]["licence_no"] == "92360802MA00000001"
    edit(officer, shop, 2, licence_no="")
    assert row_of(officer, shop)["data"]["licence_no"] is None


def test_a_private_number_is_whole_for_officers_and_masked_for_others(
    any_demo_app: Flask, officer: Device, shop: str
) -> None:
    assert row_of(officer, shop)["data"]["operator_phone"] == "13000001234"
    assistant = signed_in(any_demo_app.test_client(), "assistant1")
    data = row_of(assistant, shop)["data"]
    assert data["operator_phone"] == "130****1234"
    assert "_operator_phone" not in data
