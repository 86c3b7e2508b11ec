"""Bad input gets a clear error with a stable code, and nothing is lost."""

import json
from typing import Any

import pytest
from flask import Flask

from server.db import db
from server.ingest.models import ReceivedChange
from tests.server.device import PLACE, Device, ago

SEA = {"lat": 20.0, "lon": 116.0, "accuracy_m": 8.0, "crs": "WGS84", "provider": "gps"}


def photo(**more: Any) -> dict[str, Any]:
    shape = {"sha256": "a" * 64, "bytes": 1000, "type": "image/jpeg", "role": "before"}
    return shape | more


def kept(app: Flask, change: dict[str, Any]) -> None:
    """The change stands in quarantine exactly as it came."""
    with app.app_context():
        row = db.session.get_one(ReceivedChange, change["id"])
        assert row.outcome == "rejected"
        assert json.loads(row.raw) == change


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"category": "E99999"}, "unknown_category", "category"),
        ({"category": 9}, "malformed", "category"),
        ({"category": None}, "malformed", "category"),
        ({"condition": "no such condition"}, "unknown_condition", "condition"),
        ({"location": SEA}, "outside_territory", "location"),
        ({"location": PLACE | {"lat": 91.0}}, "out_of_range", "location.lat"),
        ({"location": PLACE | {"lon": "114.98"}}, "malformed", "location.lon"),
        ({"location": [27.1, 114.9]}, "malformed", "location"),
        ({"location": PLACE | {"crs": "GCJ02"}}, "malformed", "location.crs"),
        ({"description": ["a", "b"]}, "malformed", "description"),
        ({"description": "a\x00b"}, "malformed", "description"),
        ({"address": "x" * 257}, "malformed", "address"),
        ({"quantity": "many"}, "malformed", "quantity"),
        ({"quantity": -1}, "out_of_range", "quantity"),
        ({"handled_on_spot": "yes"}, "malformed", "handled_on_spot"),
        ({"premises_id": "shop 7"}, "malformed", "premises_id"),
    ],
    ids=str,
)
def test_a_bad_report_is_refused_and_kept(
    demo_officer: Device, demo_app: Flask, body: dict[str, Any], code: str, field: str
) -> None:
    change = demo_officer.report(body=body)
    (receipt,) = demo_officer.push(change)
    assert receipt["outcome"] == "rejected"
    assert receipt["error"]["code"] == code
    assert field in receipt["error"]["fields"]
    assert receipt["error"]["message"]
    kept(demo_app, change)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"observed_at": "1970-01-01T00:00:00Z"}, "implausible_time"),
        ({"observed_at": "2099-01-01T00:00:00Z"}, "implausible_time"),
        ({"observed_at": "20 November"}, "malformed"),
        ({"observed_at": 1763600000}, "malformed"),
        ({"observed_at": "2026-11-20T09:14:03"}, "malformed"),
        ({"n": 0}, "out_of_range"),
        ({"n": True}, "malformed"),
        ({"body": []}, "malformed"),
        ({"photos": [photo(bytes=0)]}, "photo_empty"),
        ({"photos": [photo(bytes=41_943_041)]}, "photo_too_large"),
        ({"photos": [photo(bytes=-1)]}, "out_of_range"),
        ({"photos": [photo(sha256="A" * 64)]}, "malformed"),
        ({"photos": [photo(role="selfie")]}, "malformed"),
        ({"photos": "none"}, "malformed"),
        ({"kind": 7}, "malformed"),
        ({"kind": "case.explode"}, "unknown_kind"),
    ],
    ids=str,
)
def test_a_bad_envelope_is_refused_and_kept(
    demo_officer: Device, demo_app: Flask, more: dict[str, Any], code: str
) -> None:
    change = demo_officer.report() | more
    (receipt,) = demo_officer.push(change)
    assert (receipt["outcome"], receipt["error"]["code"]) == ("rejected", code)
    assert receipt["change_id"] == change["id"]
    kept(demo_app, change)


def test_a_duplicate_is_answered_like_the_first_time(demo_officer: Device) -> None:
    change = demo_officer.report()
    (first,) = demo_officer.push(change)
    (again,) = demo_officer.push(change)
    assert (again["outcome"], again["first"]) == ("duplicate", first)


def test_a_report_of_last_month_is_taken(demo_officer: Device) -> None:
    (receipt,) = demo_officer.push(demo_officer.report(observed_at=ago(days=30)))
    assert receipt["outcome"] == "applied"


def test_a_clock_that_is_known_to_be_wrong_is_forgiven(demo_officer: Device) -> None:
    ahead = demo_officer.report(
        observed_at=ago(days=-40), clock={"offset_ms": -40 * 86_400_000, "uptime_ms": 1}
    )
    (receipt,) = demo_officer.push(ahead)
    assert receipt["outcome"] == "applied"


def test_the_message_speaks_the_callers_language(demo_officer: Device) -> None:
    change = demo_officer.report(body={"category": "E99999"})
    body = {"device_id": demo_officer.id, "changes": [change]}
    answer = demo_officer.post("/sync/push", json=body, headers={"Accept-Language": "en"})
    message = answer.get_json()["receipts"][0]["error"]["message"]
    assert message.isascii()
