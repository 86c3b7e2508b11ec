"""What becomes of pushed changes: receipts, order, repeats, mends, holes. On both databases."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from server import clock
from server.accounts.models import DeviceStatus, Person
from server.accounts.people import set_areas
from server.cases.models import Case, CaseEvent
from server.db import db
from server.feed import transaction
from server.ingest.models import ReceivedChange, UnreadableChange
from sync.errors import CATALOGUE
from sync.messages import MAX_PUSH_BYTES
from tests.server.device import CATEGORY, Device, iso, new_id, signed_in

PHOTO = {"sha256": "b" * 64, "bytes": 1000, "type": "image/jpeg", "role": "before"}


def outcomes(receipts: list[dict[str, Any]]) -> list[str]:
    return [receipt["outcome"] for receipt in receipts]


def code_of(receipt: dict[str, Any]) -> str:
    assert receipt["outcome"] == "rejected", receipt
    return str(receipt["error"]["code"])


def status_of(device: Device) -> DeviceStatus:
    with device.client.application.app_context():
        return db.session.get_one(DeviceStatus, (device.id, device.person_id))


def case_count(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Case)) or 0


def stored(app: Flask, change_id: str) -> ReceivedChange:
    with app.app_context():
        return db.session.get_one(ReceivedChange, change_id)


def my_changes(device: Device) -> dict[str, Any]:
    rows, _ = device.pull_all()
    return {row["id"]: row["data"] for row in rows if row["entity"] == "my_change"}


def test_a_report_becomes_a_case_with_everything_that_follows(
    officer: Device, any_demo_app: Flask
) -> None:
    change = officer.report()
    (receipt,) = officer.push(change)
    assert receipt["outcome"] == "applied"
    assert receipt["change_id"] == change["id"]
    assert receipt["record_id"] == change["record_id"]
    with any_demo_app.app_context():
        case = db.session.get_one(Case, change["record_id"])
        assert case.category_key == CATEGORY
        assert case.version == receipt["version"]
        events = select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.seq)
        first = db.session.scalars(events).first()
        assert first is not None
        assert (first.move, first.change_id) == ("report", change["id"])


def test_receipts_come_in_the_order_of_the_changes(officer: Device) -> None:
    changes = [officer.report() for _ in range(20)]
    receipts = officer.push(*changes)
    assert [receipt["change_id"] for receipt in receipts] == [one["id"] for one in changes]


def test_an_answer_lost_on_the_way_back_opens_no_second_case(
    officer: Device, any_demo_app: Flask
) -> None:
    changes = [officer.report() for _ in range(3)]
    first = officer.push(*changes)
    before = case_count(any_demo_app)
    again = officer.push(*changes)
    assert outcomes(again) == ["duplicate"] * 3
    assert [receipt["first"] for receipt in again] == first
    assert case_count(any_demo_app) == before


def test_the_same_change_twice_in_one_push_is_a_duplicate(officer: Device) -> None:
    change = officer.report()
    first, second = officer.push(change, change)
    assert (first["outcome"], second["outcome"]) == ("applied", "duplicate")
    assert second["first"] == first


def test_other_content_under_a_known_id_is_refused_and_kept(
    officer: Device, any_demo_app: Flask
) -> None:
    change = officer.report()
    officer.push(change)
    other = change | {"body": change["body"] | {"description": "something else"}}
    (receipt,) = officer.push(other)
    assert code_of(receipt) == "change_reused"
    with any_demo_app.app_context():
        kept = db.session.scalars(select(UnreadableChange)).one()
        assert "something else" in kept.raw


def test_another_persons_change_is_neither_repeated_nor_shown(
    officer: Device, any_demo_app: Flask
) -> None:
    change = officer.report()
    officer.push(change)
    stranger = signed_in(any_demo_app.test_client(), "officer2")
    (receipt,) = stranger.push(change)
    assert code_of(receipt) == "change_reused"
    assert "first" not in receipt


def test_one_bad_change_blocks_only_itself(officer: Device) -> None:
    good, bad, other = officer.report(), officer.report(body={"category": "X"}), officer.report()
    receipts = officer.push(good, bad, other)
    assert outcomes(receipts) == ["applied", "rejected", "applied"]
    assert receipts[1]["error"]["code"] == "unknown_category"
    assert receipts[1]["error"]["fields"].keys() == {"category"}


def test_a_refusal_beside_them_changes_nothing_for_the_others(officer: Device) -> None:
    def seen(receipts: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return [(receipt["outcome"], receipt.get("version")) for receipt in receipts]

    alone = officer.push(*[officer.report() for _ in range(3)])
    bad = officer.report(body={"category": "X"})
    first, refused, *rest = officer.push(
        officer.report(), bad, officer.report(), officer.report(photos=[dict(PHOTO)])
    )
    assert refused["outcome"] == "rejected"
    assert seen([first, *rest]) == seen(alone)


def test_a_rejected_change_is_kept_as_it_came(officer: Device, any_demo_app: Flask) -> None:
    bad = officer.report(body={"category": "X", "of_a_later_app": [1, {"ä": "市"}]})
    officer.push(bad)
    row = stored(any_demo_app, bad["id"])
    assert row.outcome == "rejected"
    assert json.loads(row.raw) == bad


def test_a_repeated_rejected_change_is_rejected_still(officer: Device) -> None:
    bad = officer.report(body={"category": "X"})
    (first,) = officer.push(bad)
    (again,) = officer.push(bad)
    assert (again["outcome"], again["first"]) == ("duplicate", first)


def test_what_has_no_readable_id_is_named_by_its_place(
    officer: Device, any_demo_app: Flask
) -> None:
    receipts = officer.push(officer.report(), {"id": "no uuid"}, 17, officer.report())
    assert outcomes(receipts) == ["applied", "rejected", "rejected", "applied"]
    assert [receipt.get("index") for receipt in receipts] == [None, 1, 2, None]
    assert [code_of(receipt) for receipt in receipts[1:3]] == ["malformed", "malformed"]
    with any_demo_app.app_context():
        assert {row.raw for row in db.session.scalars(select(UnreadableChange))} == {
            '{"id":"no uuid"}',
            "17",
        }


def test_a_change_that_cannot_be_parsed_says_which_fields(officer: Device) -> None:
    bad = officer.report() | {"n": "seven", "observed_at": "yesterday"}
    (receipt,) = officer.push(bad)
    assert receipt["change_id"] == bad["id"]
    assert code_of(receipt) == "malformed"
    assert receipt["error"]["fields"].keys() == {"n", "observed_at"}


def test_an_unknown_kind_is_kept_in_quarantine(officer: Device, any_demo_app: Flask) -> None:
    change = officer.change("tree.counted", {"trees": 7})
    (receipt,) = officer.push(change)
    assert code_of(receipt) == "unknown_kind"
    assert json.loads(stored(any_demo_app, change["id"]).raw)["body"] == {"trees": 7}


def test_unknown_fields_do_no_harm(officer: Device) -> None:
    change = officer.report(body={"mood": "sunny"}) | {"made_by": "a later app"}
    assert outcomes(officer.push(change)) == ["applied"]


def test_a_change_waits_for_its_previous_one(officer: Device, any_demo_app: Flask) -> None:
    report = officer.report()
    check = officer.change(
        "case.check", {"result": "pass"}, record_id=report["record_id"], previous=report["id"]
    )
    (held,) = officer.push(check)
    assert held["outcome"] == "held"
    assert my_changes(officer)[check["id"]]["outcome"] == "held"
    (applied,) = officer.push(report)
    assert applied["outcome"] == "applied"
    row = stored(any_demo_app, check["id"])
    assert row.outcome == "rejected"  # released, and then refused: nothing is waiting for a check
    assert row.receipt["error"]["code"] == "move_not_allowed"
    assert "released" in row.flags
    assert my_changes(officer)[check["id"]]["error"]["code"] == "move_not_allowed"


def test_a_chain_that_arrives_backwards_is_carried_out_forwards(
    officer: Device, any_demo_app: Flask
) -> None:
    first = officer.report()
    second = officer.report(previous=first["id"])
    third = officer.report(previous=second["id"])
    assert outcomes(officer.push(third)) == ["held"]
    assert outcomes(officer.push(second)) == ["held"]
    assert outcomes(officer.push(first)) == ["applied"]
    for change in (second, third):
        assert stored(any_demo_app, change["id"]).outcome == "applied"


def test_a_chain_backwards_in_one_push_is_carried_out(officer: Device) -> None:
    first = officer.report()
    second = officer.report(previous=first["id"])
    third = officer.report(previous=second["id"])
    assert outcomes(officer.push(third, second, first)) == ["applied"] * 3


def test_what_follows_a_rejected_change_follows_its_mend(
    officer: Device, any_demo_app: Flask
) -> None:
    bad = officer.report(body={"category": "X"})
    follower = officer.report(previous=bad["id"])
    assert outcomes(officer.push(bad, follower)) == ["rejected", "held"]
    worse = officer.report(body={"category": "Y"}, replaces=bad["id"])
    assert outcomes(officer.push(worse)) == ["rejected"]
    assert stored(any_demo_app, follower["id"]).outcome == "held"
    mended = officer.report(replaces=worse["id"])
    assert outcomes(officer.push(mended)) == ["applied"]
    assert stored(any_demo_app, follower["id"]).outcome == "applied"
    assert stored(any_demo_app, bad["id"]).replaced_by == worse["id"]
    late = officer.report(previous=bad["id"])
    assert outcomes(officer.push(late)) == ["applied"]


def test_only_a_rejected_change_can_be_mended_or_withdrawn(officer: Device) -> None:
    good = officer.report()
    officer.push(good)
    mend = officer.report(replaces=good["id"])
    withdrawal = officer.change("change.withdraw", {"change_id": good["id"], "reason": "误报"})
    receipts = officer.push(mend, withdrawal)
    assert [code_of(receipt) for receipt in receipts] == ["not_rejected", "not_rejected"]


def test_a_rejected_change_is_withdrawn_once(officer: Device, any_demo_app: Flask) -> None:
    bad = officer.report(body={"category": "X"})
    officer.push(bad)
    withdrawal = officer.change("change.withdraw", {"change_id": bad["id"], "reason": "误报"})
    assert outcomes(officer.push(withdrawal)) == ["applied"]
    assert "withdrawn" in stored(any_demo_app, bad["id"]).flags
    (again,) = officer.push(officer.change("change.withdraw", {"change_id": bad["id"]}))
    assert code_of(again) == "not_rejected"
    (mend,) = officer.push(officer.report(replaces=bad["id"]))
    assert code_of(mend) == "not_rejected"


def test_nobody_withdraws_a_colleagues_change(officer: Device, any_demo_app: Flask) -> None:
    bad = officer.report(body={"category": "X"})
    officer.push(bad)
    colleague = signed_in(any_demo_app.test_client(), "officer2")
    (receipt,) = colleague.push(colleague.change("change.withdraw", {"change_id": bad["id"]}))
    assert code_of(receipt) == "not_rejected"


def test_records_for_an_area_taken_away_are_taken_for_a_month(
    officer: Device, any_demo_app: Flask
) -> None:
    known = officer.report()
    officer.push(known)

    def move_away(days: int) -> None:
        with any_demo_app.app_context(), transaction() as session:
            person = session.get_one(Person, officer.person_id)
            set_areas(session, person, ["360802001"], clock.now())
            set_areas(session, person, ["360802002"], clock.now() - timedelta(days=days))

    def check() -> dict[str, Any]:
        body = {"result": "pass"}
        return officer.change("case.check", body, record_id=known["record_id"])

    move_away(days=29)
    assert [code_of(one) for one in officer.push(check())] == ["move_not_allowed"]  # it is seen
    late = officer.report()
    assert outcomes(officer.push(late)) == ["applied"]
    assert stored(any_demo_app, late["id"]).flags == ["scope_revoked"]
    move_away(days=31)
    assert [code_of(one) for one in officer.push(check())] == ["unknown_record"]


def test_holes_in_the_counter_are_seen_and_close_again(officer: Device) -> None:
    officer.push(officer.report() | {"n": 1}, officer.report() | {"n": 5})
    status = status_of(officer)
    assert (status.last_n, status.holes) == (5, [[2, 4]])
    officer.push(officer.report() | {"n": 3})
    assert status_of(officer).holes == [[2, 2], [4, 4]]
    officer.push(officer.report() | {"n": 2}, officer.report() | {"n": 4})
    assert status_of(officer).holes == []
    answer = officer.sign_in()
    assert answer.get_json()["last_n"] == 5


def test_a_counter_used_twice_is_taken_and_flagged(officer: Device, any_demo_app: Flask) -> None:
    officer.push(officer.report() | {"n": 1})
    restored = officer.report() | {"n": 1}
    assert outcomes(officer.push(restored)) == ["applied"]
    assert stored(any_demo_app, restored["id"]).flags == ["n_repeated"]


def test_another_devices_push_is_refused_whole(officer: Device) -> None:
    answer = officer.push_raw(officer.report(), device_id=new_id())
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "not_allowed")


def test_what_the_device_says_of_itself_is_written_down(officer: Device) -> None:
    status = {
        "unsent_records": 3,
        "unsent_photo_bytes": 12873321,
        "oldest_unsent_at": "2026-11-20T08:00:00+08:00",
    }
    answer = officer.push_raw(status=status, sent_at="2030-01-01T00:00:00+08:00")
    assert answer.status_code == 200
    written = status_of(officer)
    assert (written.unsent_records, written.unsent_photo_bytes) == (3, 12873321)
    assert written.oldest_unsent_at is not None
    assert written.clock_skew_ms is not None
    assert written.clock_skew_ms > 0  # the device is ahead


def test_a_push_may_be_gzipped(officer: Device) -> None:
    body = {"device_id": officer.id, "sent_at": iso(), "changes": [officer.report()]}
    packed = gzip.compress(json.dumps(body).encode())
    answer = officer.post("/sync/push", data=packed, headers={"Content-Encoding": "gzip"})
    assert outcomes(answer.get_json()["receipts"]) == ["applied"]


@pytest.mark.parametrize(
    ("data", "encoding", "status", "code"),
    [
        (b"{", "identity", 400, "malformed"),
        (b'{"changes": []}', "identity", 400, "malformed"),
        (b'{"device_id": 5, "changes": {}}', "identity", 400, "malformed"),
        (b'{"x": NaN}', "identity", 400, "malformed"),
        (b"[" * 100_000, "identity", 400, "malformed"),
        (b"not gzip", "gzip", 400, "malformed"),
        (gzip.compress(b"{}", mtime=0)[:-4], "gzip", 400, "malformed"),
        (gzip.compress(b" " * (MAX_PUSH_BYTES + 1), mtime=0), "gzip", 413, "too_large"),
        (gzip.compress(b" " * 100_000_000, 9, mtime=0), "gzip", 413, "too_large"),
        (b" " * (MAX_PUSH_BYTES + 1), "identity", 413, "too_large"),
        (b"{}", "br", 415, "unsupported_type"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)
def test_a_request_that_cannot_be_read_is_refused(
    demo_officer: Device, data: bytes, encoding: str, status: int, code: str
) -> None:
    answer = demo_officer.post("/sync/push", data=data, headers={"Content-Encoding": encoding})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)


def test_more_changes_than_the_limit_are_too_many(demo_officer: Device) -> None:
    answer = demo_officer.push_raw(*[{}] * 201)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (413, "too_large")


def test_an_empty_push_is_answered(demo_officer: Device) -> None:
    assert demo_officer.push() == []


def test_every_code_in_a_receipt_is_in_the_catalogue(demo_officer: Device) -> None:
    (receipt,) = demo_officer.push(demo_officer.report(body={"category": "X"}))
    assert receipt["error"]["code"] in CATALOGUE
    assert receipt["error"]["message"] == CATALOGUE["unknown_category"].message
