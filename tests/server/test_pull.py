"""What a device gets to see: pages, cursors, digests, scopes. On both databases."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from server import clock
from server.accounts.models import DeviceStatus, Person
from server.accounts.people import set_areas
from server.cases.workflow import Move
from server.db import db
from server.feed import publish, retract, transaction
from server.feed.epoch import start_epoch
from server.feed.forgetting import forget_tombstones
from server.feed.models import ScopeCounter
from server.worklists.cursors import Cursor, write_cursor
from sync.digests import scope_digest
from tests.server.device import Device, signed_in

STREET = "area:360802001"


def digest_of(rows: list[dict[str, Any]], scope: str) -> dict[str, Any]:
    live = [
        (row["entity"], row["id"], row["version"])
        for row in rows
        if row["scope"] == scope and not row["deleted"]
    ]
    return {"count": len(live), "digest": scope_digest(live)}


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]["code"]


def test_the_first_pull_brings_every_scope_whole(officer: Device) -> None:
    rows, page = officer.pull_all(limit=2000)
    assert page["scopes"] == ["catalog", STREET, f"person:{officer.person_id}"]
    for scope in page["scopes"]:
        assert page["digests"][scope] == digest_of(rows, scope)
    kinds = Counter(row["entity"] for row in rows)
    assert kinds["category"] == 272
    assert kinds["person"] == 1
    assert {"grid", "premises", "unit", "area"} <= kinds.keys()


def test_pages_are_as_long_as_asked_and_miss_nothing(demo_officer: Device) -> None:
    whole, _ = demo_officer.pull_all(limit=2000)
    pieces, last = demo_officer.pull_all(limit=97)
    assert [row["id"] for row in pieces] == [row["id"] for row in whole]
    first = demo_officer.pull(limit=97)
    assert (len(first["rows"]), first["more"]) == (97, True)
    assert "digests" not in first
    assert last["more"] is False


def test_rows_of_a_scope_come_in_the_order_of_their_numbers(demo_officer: Device) -> None:
    rows, page = demo_officer.pull_all()
    for scope in page["scopes"]:
        numbers = [row["seq"] for row in rows if row["scope"] == scope]
        assert numbers == sorted(set(numbers))


def test_after_the_last_page_only_what_is_new_comes(officer: Device) -> None:
    _, page = officer.pull_all(limit=2000)
    nothing = officer.pull(cursor=page["cursor"])
    assert (nothing["rows"], nothing["more"]) == ([], False)
    assert nothing["digests"] == page["digests"]
    change = officer.report()
    officer.push(change)
    new = officer.pull(cursor=page["cursor"])
    assert {(row["entity"], row["id"]) for row in new["rows"]} == {
        ("case", change["record_id"]),
        ("my_change", change["id"]),
    }


def test_a_case_shows_what_its_reader_may_do_and_no_inner_keys(officer: Device) -> None:
    change = officer.report()
    officer.push(change)
    rows, _ = officer.pull_all(limit=2000)
    (case,) = [row for row in rows if row["id"] == change["record_id"]]
    assert all(name[0] != "_" for name in case["data"])
    assert set(case["data"]["moves"]) <= {str(move) for move in Move}
    assert case["version"] == case["data"]["version"]
    assert case["data"]["reported_by"] == officer.person_id


def test_a_row_that_is_retracted_comes_as_deleted(officer: Device, any_demo_app: Flask) -> None:
    rows, page = officer.pull_all(limit=2000)
    shop = next(row for row in rows if row["entity"] == "premises")
    with any_demo_app.app_context(), transaction() as session:
        retract(session, STREET, "premises", shop["id"], 9, clock.now(), left=True)
    (row,) = officer.pull(cursor=page["cursor"])["rows"]
    assert (row["deleted"], row["reason"], row["version"]) == (True, "left", 9)
    assert "data" not in row


def test_cursors_of_several_scopes_are_merged(demo_officer: Device, demo_app: Flask) -> None:
    _, page = demo_officer.pull_all(limit=2000)
    secret = demo_app.extensions["xuncheng_settings"].secret_key
    with demo_app.app_context():
        counters = {row.scope: row.seq for row in db.session.query(ScopeCounter)}
    parts = [
        write_cursor(secret, Cursor(page["epoch"], {scope: counters[scope]}))
        for scope in page["scopes"]
    ]
    merged = demo_officer.pull(cursor=parts)
    assert (merged["rows"], merged["more"]) == ([], False)
    without_catalog = demo_officer.pull(cursor=parts[1:])
    assert {row["scope"] for row in without_catalog["rows"]} == {"catalog"}


@pytest.mark.parametrize("cursor", ["x", "AAAA", "é", "a" * 70_000, "=====", "-_-_"])
def test_a_cursor_that_is_not_ours_is_refused(demo_officer: Device, cursor: str) -> None:
    answer = demo_officer.get("/sync/pull", query_string={"cursor": cursor})
    assert code_of(answer) == (400, "bad_cursor")


def test_a_cursor_that_was_tampered_with_is_refused(demo_officer: Device) -> None:
    cursor = demo_officer.pull()["cursor"]
    changed = cursor[:-3] + ("A" if cursor[-3] != "A" else "B") + cursor[-2:]
    assert code_of(demo_officer.get(f"/sync/pull?cursor={changed}")) == (400, "bad_cursor")


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1.5", "٣", ""])
def test_a_limit_that_is_no_number_is_refused(demo_officer: Device, limit: str) -> None:
    answer = demo_officer.get("/sync/pull", query_string={"limit": limit})
    assert code_of(answer) == (400, "malformed")


def test_a_new_epoch_sends_devices_to_the_snapshot(officer: Device, any_demo_app: Flask) -> None:
    cursor = officer.pull()["cursor"]
    with any_demo_app.app_context(), transaction() as session:
        start_epoch(session, clock.now())
    assert code_of(officer.get(f"/sync/pull?cursor={cursor}")) == (410, "epoch_changed")


def test_a_cursor_from_the_future_means_that_history_went_back(
    demo_officer: Device, demo_app: Flask
) -> None:
    _, page = demo_officer.pull_all(limit=2000)
    secret = demo_app.extensions["xuncheng_settings"].secret_key
    ahead = write_cursor(secret, Cursor(page["epoch"], {STREET: 10**9}))
    assert code_of(demo_officer.get(f"/sync/pull?cursor={ahead}")) == (410, "epoch_changed")


def test_a_device_that_was_away_too_long_starts_again(officer: Device, any_demo_app: Flask) -> None:
    long_ago = clock.now() - timedelta(days=181)
    with any_demo_app.app_context(), transaction() as session:
        for name in ("gone", "here"):
            publish(session, STREET, "lot", name, 1, {}, long_ago)
    _, page = officer.pull_all(limit=2000)
    with any_demo_app.app_context(), transaction() as session:
        retract(session, STREET, "lot", "gone", 2, long_ago)
    with any_demo_app.app_context():
        assert forget_tombstones(clock.now()) == 1
        assert forget_tombstones(clock.now()) == 0
    assert code_of(officer.get(f"/sync/pull?cursor={page['cursor']}")) == (410, "cursor_expired")
    rows, last = officer.pull_all(limit=2000)
    assert last["digests"][STREET] == digest_of(rows, STREET)
    assert "gone" not in {row["id"] for row in rows}
    assert officer.pull(cursor=last["cursor"])["rows"] == []


def test_a_scope_that_is_taken_away_sends_nothing_more(
    officer: Device, any_demo_app: Flask
) -> None:
    _, page = officer.pull_all(limit=2000)
    with any_demo_app.app_context(), transaction() as session:
        person = session.get_one(Person, officer.person_id)
        set_areas(session, person, ["360802002"], clock.now())
    after = officer.pull(cursor=page["cursor"], limit=2000)
    assert STREET not in after["scopes"]
    assert "area:360802002" in after["scopes"]
    mine = f"person:{officer.person_id}"
    assert {row["scope"] for row in after["rows"]} == {"area:360802002", mine}
    assert STREET not in after["digests"]


def test_a_district_stands_for_all_its_streets(demo_app: Flask) -> None:
    leader = signed_in(demo_app.test_client(), "leader1")
    scopes = leader.pull()["scopes"]
    streets = {"area:360802001", "area:360802002", "area:360802003"}
    assert {"area:360802", *streets} <= set(scopes)


def test_a_units_people_hold_their_units_scope(demo_app: Flask) -> None:
    clerk = signed_in(demo_app.test_client(), "unit1")
    unit_id = clerk.tokens["person"]["unit_id"]
    assert f"unit:{unit_id}" in clerk.pull()["scopes"]


def test_a_wish_for_records_is_passed_on_until_the_device_pushes(
    officer: Device, any_demo_app: Flask
) -> None:
    officer.push(officer.report())
    assert officer.pull()["requests"] == []
    with any_demo_app.app_context(), transaction() as session:
        status = session.get_one(DeviceStatus, (officer.id, officer.person_id))
        status.sync_requested_at = clock.now()
    assert officer.pull()["requests"] == ["sync"]
    officer.push(officer.report())
    assert officer.pull()["requests"] == []


def test_a_poller_misses_nothing_while_others_push(any_demo_app: Flask) -> None:
    reader = signed_in(any_demo_app.test_client(), "squad1")
    writers = [signed_in(any_demo_app.test_client(), "officer1") for _ in range(3)]
    changes = {
        writer.id: [[writer.report() for _ in range(4)] for _ in range(5)] for writer in writers
    }
    _, page = reader.pull_all(limit=2000)

    def write(writer: Device) -> None:
        for batch in changes[writer.id]:
            writer.push(*batch)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    seen: Counter[str] = Counter()
    cursor = page["cursor"]
    running = True
    while running:
        running = any(thread.is_alive() for thread in threads)
        rows, last = reader.pull_all(cursor, limit=7)
        cursor = last["cursor"]
        seen.update(row["id"] for row in rows if row["entity"] == "case")
    wanted = {one["record_id"] for batches in changes.values() for b in batches for one in b}
    assert wanted <= seen.keys()
