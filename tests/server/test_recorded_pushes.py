"""Old apps may always push: what each version of the bodies sent is replayed, and taken alike.

`tests/fixtures/pushes/README.md` says how the next version is recorded.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.db import db
from server.ingest.models import ReceivedChange
from sync.bodies import Kind
from tests.server.device import PASSWORD

FOLDER = Path(__file__).parents[1] / "fixtures" / "pushes"
VERSIONS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


def pushes(version: str) -> list[dict[str, Any]]:
    """Return the pushes of a version, each moved to now: a device's clock was right that day."""
    found = []
    for path in sorted((FOLDER / version).glob("*.json")):
        text = path.read_text()
        recorded_at = datetime.fromisoformat(json.loads(text)["recorded_at"])
        passed = datetime.now(UTC) - recorded_at
        found.append(_moved(json.loads(text), passed))
    return found


def _moved(value: Any, passed: timedelta) -> Any:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return (datetime.fromisoformat(value) + passed).isoformat(timespec="seconds")
    if isinstance(value, dict):
        moved = {name: _moved(inner, passed) for name, inner in value.items()}
        if "track" in value:
            seconds = passed.total_seconds()
            moved["track"] = [[t + seconds, *place] for t, *place in value["track"]]
        return moved
    if isinstance(value, list):
        return [_moved(inner, passed) for inner in value]
    return value


def send(client: FlaskClient, push: dict[str, Any]) -> list[str]:
    """Sign in and push as that app did; return outcomes, with their codes."""
    device = {
        "id": push["request"]["device_id"],
        "name": "Recorded",
        "app_version": push["app_version"],
        "protocol": 1,
    }
    body = {"username": push["person"], "password": PASSWORD, "device": device}
    tokens = client.post("/api/v1/sign-in", json=body).get_json()
    answer = client.post(
        "/api/v1/sync/push",
        json=push["request"],
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    assert answer.status_code == 200, answer.get_json()
    return [
        one["outcome"] + (f":{one['error']['code']}" if "error" in one else "")
        for one in answer.get_json()["receipts"]
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_an_app_of_that_version_sent_is_taken_as_it_was_then(
    any_demo_app: Flask, version: str
) -> None:
    client = any_demo_app.test_client()
    for push in pushes(version):
        assert send(client, push) == push["outcomes"], push["request"]
        with any_demo_app.app_context():
            for change in push["request"]["changes"]:
                kept = db.session.get_one(ReceivedChange, change["id"]).raw
                assert orjson.loads(kept) == change  # unknown fields too


@pytest.mark.parametrize("version", VERSIONS)
def test_sent_twice_it_is_known(demo_app: Flask, version: str) -> None:
    client = demo_app.test_client()
    sent = pushes(version)
    for push in sent:
        send(client, push)
    for push in sent:
        assert {one.split(":")[0] for one in send(client, push)} == {"duplicate"}


def test_every_kind_that_apps_send_today_has_been_recorded() -> None:
    kinds = {
        change["kind"]
        for version in VERSIONS
        for push in pushes(version)
        for change in push["request"]["changes"]
    }
    assert set(map(str, Kind)) <= kinds
    assert kinds - set(map(str, Kind))  # and one that nobody knows yet


def test_every_version_carries_fields_that_nobody_knows() -> None:
    assert all(
        any("later_field" in push["request"] for push in pushes(version)) for version in VERSIONS
    )
