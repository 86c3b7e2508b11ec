"""What waits for a supervisor: refused, held too long, from a former area, in conflict."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from server import clock
from server.accounts.actor import Actor
from server.accounts.models import Person
from server.accounts.people import actor_of, find_person, set_areas
from server.catalog.editing import Switches, change_switches
from server.db import db
from server.feed import transaction
from server.ingest import attention as desk
from server.ingest.attention import Attention
from server.ingest.models import ReceivedChange
from server.places.conflicts import Choice
from sync.errors import Refused
from sync.messages import Outcome
from tests.server.device import CATEGORY, Device, new_id, signed_in
from tests.server.test_premises import SHOP, edit


def person(username: str) -> Actor:
    found = find_person(db.session(), username)
    assert found is not None
    return actor_of(found)


def seen_by(app: Flask, username: str, later: timedelta = timedelta()) -> Attention:
    with app.app_context():
        found = desk.attention(db.session(), person(username), clock.now() + later)
        db.session.expunge_all()
        return found


def my_change(device: Device, change_id: str) -> dict[str, Any]:
    rows, _ = device.pull_all()
    (found,) = [row["data"] for row in rows if row["id"] == change_id]
    return found


def switch(app: Flask, *, enabled: bool) -> None:
    with app.app_context():
        switches = Switches(auto_file=True, auto_dispatch=True, auto_close=True, enabled=enabled)
        change_switches(CATEGORY, switches, clock.now())


@pytest.fixture
def refused(any_demo_app: Flask, officer: Device) -> dict[str, Any]:
    """A report that was refused because its category was switched off."""
    switch(any_demo_app, enabled=False)
    change = officer.report()
    (receipt,) = officer.push(change)
    assert receipt["error"]["code"] == "unknown_category"
    return change


def test_a_refused_change_waits_with_its_raw_content(
    any_demo_app: Flask, refused: dict[str, Any]
) -> None:
    (row,) = seen_by(any_demo_app, "supervisor1").rejected
    assert row.id == refused["id"]
    assert refused["record_id"] in row.raw
    assert seen_by(any_demo_app, "squad2").rejected == []


def test_a_refused_change_is_carried_out_once_its_reason_is_gone(
    any_demo_app: Flask, officer: Device, refused: dict[str, Any]
) -> None:
    switch(any_demo_app, enabled=True)
    with any_demo_app.app_context():
        by = person("supervisor1")
        assert desk.retry_change(refused["id"], by, clock.now()) is Outcome.APPLIED
        row = db.session.get_one(ReceivedChange, refused["id"])
        assert (row.handled_by, row.flags) == (by.person_id, ["retried"])
        with pytest.raises(Refused) as refusal:
            desk.retry_change(refused["id"], by, clock.now())
        assert refusal.value.code == "not_rejected"
    assert my_change(officer, refused["id"])["outcome"] == "applied"
    rows, _ = officer.pull_all()
    assert [row["id"] for row in rows if row["entity"] == "case"] == [refused["record_id"]]
    (receipt,) = officer.push(refused)
    assert receipt["first"]["outcome"] == "applied"
    assert seen_by(any_demo_app, "supervisor1").count == 0


def test_a_change_that_is_refused_again_stays_where_it_is(
    any_demo_app: Flask, refused: dict[str, Any]
) -> None:
    with any_demo_app.app_context():
        again = desk.retry_change(refused["id"], person("supervisor1"), clock.now())
    assert again is Outcome.REJECTED
    assert len(seen_by(any_demo_app, "supervisor1").rejected) == 1


def test_what_waited_for_the_refused_change_follows_it(
    any_demo_app: Flask, officer: Device, refused: dict[str, Any]
) -> None:
    follower = officer.report(previous=refused["id"])
    assert officer.push(follower)[0]["outcome"] == "held"
    switch(any_demo_app, enabled=True)
    with any_demo_app.app_context():
        desk.retry_change(refused["id"], person("supervisor1"), clock.now())
    assert my_change(officer, follower["id"])["outcome"] == "applied"


def test_the_officer_is_told_what_to_mend(
    any_demo_app: Flask, officer: Device, refused: dict[str, Any]
) -> None:
    with any_demo_app.app_context():
        desk.ask_to_mend(refused["id"], "请改选类别", person("supervisor1"), clock.now())
    data = my_change(officer, refused["id"])
    assert (data["outcome"], data["note"], data["flags"]) == (
        "rejected",
        "请改选类别",
        ["mend_asked"],
    )
    with any_demo_app.app_context(), pytest.raises(Refused) as refusal:
        desk.ask_to_mend(refused["id"], " ", person("supervisor1"), clock.now())
    assert refusal.value.code == "reason_required"


def test_a_mended_change_waits_no_more(
    any_demo_app: Flask, officer: Device, refused: dict[str, Any]
) -> None:
    officer.push(officer.report(body={"category": "E09001"}, replaces=refused["id"]))
    assert seen_by(any_demo_app, "supervisor1").rejected == []


def test_a_change_held_for_more_than_five_days_is_shown(
    any_demo_app: Flask, officer: Device
) -> None:
    waiting = officer.report(previous=new_id())
    assert officer.push(waiting)[0]["outcome"] == "held"
    assert seen_by(any_demo_app, "supervisor1", timedelta(days=4)).held == []
    (row,) = seen_by(any_demo_app, "supervisor1", timedelta(days=6)).held
    assert row.id == waiting["id"]


def test_work_for_an_area_taken_away_is_accepted_for_a_month_and_shown_until_seen(
    any_demo_app: Flask, officer: Device
) -> None:
    late = officer.report()
    with any_demo_app.app_context(), transaction() as session:
        mover = session.get_one(Person, officer.person_id)
        set_areas(session, mover, ["360802002"], clock.now())
    assert officer.push(late)[0]["outcome"] == "applied"
    (row,) = seen_by(any_demo_app, "supervisor1").former_area
    assert row.id == late["id"]
    with any_demo_app.app_context():
        desk.mark_seen(late["id"], person("supervisor1"), clock.now())
    assert seen_by(any_demo_app, "supervisor1").former_area == []


def test_what_cannot_even_be_read_is_shown(any_demo_app: Flask, officer: Device) -> None:
    officer.push("not a change")
    (row,) = seen_by(any_demo_app, "supervisor1").unreadable
    assert "not a change" in row.raw


def test_a_settled_conflict_is_told_to_the_one_whose_value_waited(
    any_demo_app: Flask, officer: Device
) -> None:
    new = officer.change("premises.register", SHOP)
    officer.push(new)
    neighbour = signed_in(any_demo_app.test_client(), "squad1")
    edit(officer, new["record_id"], 1, name="甲", trade="零售")
    receipt = edit(neighbour, new["record_id"], 1, name="乙", trade="服务")
    waiting = seen_by(any_demo_app, "supervisor1").conflicts
    assert len(waiting) == 2
    for conflict in waiting:
        assert "settled" not in my_change(neighbour, receipt["change_id"])["flags"]
        with any_demo_app.app_context():
            desk.settle(conflict.id, Choice.TAKE, "", "", person("supervisor1"), clock.now())
    assert my_change(neighbour, receipt["change_id"])["flags"] == ["settled"]
    assert seen_by(any_demo_app, "supervisor1").count == 0


def test_nobody_decides_for_another_street(any_demo_app: Flask, refused: dict[str, Any]) -> None:
    with any_demo_app.app_context():
        stranger = person("squad2")
        for act in (
            lambda: desk.retry_change(refused["id"], stranger, clock.now()),
            lambda: desk.ask_to_mend(refused["id"], "x", stranger, clock.now()),
            lambda: desk.mark_seen(refused["id"], stranger, clock.now()),
        ):
            with pytest.raises(Refused) as refusal:
                act()
            assert refusal.value.code == "not_found"
            db.session.rollback()
