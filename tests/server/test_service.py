"""What the server says of itself: hello, health, metrics, logs."""

import json
import shutil

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.app import create_app
from server.config import Settings, read_settings
from server.db import db
from tests.conftest import environment_for
from tests.server.device import PASSWORD, Device


def test_hello_tells_protocols_and_limits_without_a_sign_in(client: FlaskClient) -> None:
    answer = client.get("/api/v1/hello").get_json()
    assert answer["protocols"] == [1]
    assert answer["min_app_version"] == "1.0.0"
    assert answer["limits"] == {
        "push_changes": 200,
        "push_bytes": 1048576,
        "photo_bytes": 41943040,
        "have": 500,
    }
    assert {"server_time", "epoch"} <= answer.keys()


def test_a_server_with_everything_is_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["ready"]) == (200, True)


def test_a_server_without_its_photo_store_is_up_but_not_ready(settings: Settings) -> None:
    (settings.home / "a-file").write_text("in the way")
    environment = environment_for(settings.home, PHOTO_STORE=str(settings.home / "a-file" / "x"))
    app = create_app(read_settings(environment))
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["missing"]) == (503, ["photos"])
    assert app.test_client().get("/healthz").status_code == 200
    with app.app_context():
        db.engine.dispose()


def test_a_server_without_its_database_is_up_but_not_ready(app: Flask, settings: Settings) -> None:
    with app.app_context():
        db.engine.dispose()
    shutil.rmtree(settings.home)
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert "database" in answer.get_json()["missing"]
    assert app.test_client().get("/healthz").status_code == 200


def test_metrics_count_requests_changes_and_open_cases(demo_officer: Device) -> None:
    demo_officer.push(demo_officer.report())
    text = demo_officer.client.get("/metrics").get_data(as_text=True)
    counted = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
               for line in text.splitlines() if not line.startswith("#")}  # fmt: skip
    pushes = 'xuncheng_requests_total{endpoint="ingest.push",method="POST",status="200"}'
    assert counted[pushes] >= 1
    assert counted['xuncheng_request_seconds_count{endpoint="ingest.push",method="POST"}'] >= 1
    assert counted['xuncheng_changes_total{outcome="applied"}'] >= 1
    opened = [value for name, value in counted.items() if name.startswith("xuncheng_open_cases")]
    assert sum(opened) >= 1


def test_every_answer_carries_a_request_id(client: FlaskClient) -> None:
    first, second = client.get("/api/v1/hello"), client.get("/api/v1/hello")
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    given = client.get("/api/v1/hello", headers={"X-Request-Id": "abc-12345678"})
    assert given.headers["X-Request-Id"] == "abc-12345678"
    forged = client.get("/api/v1/hello", headers={"X-Request-Id": 'x"} evil'})
    assert forged.headers["X-Request-Id"] != 'x"} evil'


def test_logs_are_json_and_never_carry_a_secret(
    demo_officer: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    demo_officer.sign_in()
    demo_officer.get("/sync/pull?cursor=not-ours")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["path"], line["status"]) for line in requests][-2:] == [
        ("/api/v1/sign-in", 200),
        ("/api/v1/sync/pull", 400),
    ]
    assert requests[-1]["person"] == demo_officer.person_id
    written = json.dumps(lines)
    tokens = [demo_officer.tokens[f"{kind}_token"] for kind in ("access", "refresh")]
    for secret in (PASSWORD, *tokens):
        assert secret not in written
    assert "not-ours" not in written


def test_answers_are_packed_for_those_who_can_unpack(demo_officer: Device) -> None:
    headers = {"Accept-Encoding": "gzip"}
    assert demo_officer.get("/sync/pull", headers=headers).headers["Content-Encoding"] == "gzip"
    plain = demo_officer.get("/sync/pull", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers


def test_an_unknown_path_is_not_found_in_our_shape(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nothing/here")
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] == "not_found"
    assert client.delete("/api/v1/hello").status_code == 405
