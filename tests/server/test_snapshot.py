"""One scope as a file: complete, resumable, and only for those who may hold it."""

import gzip
import json
from typing import Any

from flask import Flask

from server import clock
from server.feed import publish, transaction
from sync.digests import scope_digest
from tests.server.device import Device

STREET = "area:360802001"


def lines_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(data).splitlines()]


def test_a_snapshot_is_the_scope_as_pull_shows_it(officer: Device) -> None:
    officer.push(officer.report())
    answer = officer.get("/sync/snapshot", query_string={"scope": STREET})
    assert answer.status_code == 200
    assert answer.mimetype == "application/gzip"
    assert "Content-Encoding" not in answer.headers
    head, *rows, end = lines_of(answer.data)
    assert end == {"end": True}
    pulled, page = officer.pull_all(limit=2000)
    assert rows == [row for row in pulled if row["scope"] == STREET]
    assert (head["scope"], head["epoch"]) == (STREET, page["epoch"])
    assert head["count"] == len(rows)
    versions = [(row["entity"], row["id"], row["version"]) for row in rows]
    assert head["digest"] == scope_digest(versions) == page["digests"][STREET]["digest"]


def test_pulling_goes_on_from_snapshots(officer: Device, any_demo_app: Flask) -> None:
    heads = []
    for scope in officer.pull()["scopes"]:
        answer = officer.get("/sync/snapshot", query_string={"scope": scope})
        heads.append(lines_of(answer.data)[0]["cursor"])
    assert officer.pull(cursor=heads)["rows"] == []
    with any_demo_app.app_context(), transaction() as session:
        publish(session, STREET, "lot", "new", 1, {}, clock.now())
    (row,) = officer.pull(cursor=heads)["rows"]
    assert row["id"] == "new"


def test_a_download_goes_on_where_it_stopped_though_others_write(
    demo_officer: Device, demo_app: Flask
) -> None:
    query = {"scope": STREET}
    whole = demo_officer.get("/sync/snapshot", query_string=query)
    etag = whole.headers["ETag"]
    with demo_app.app_context(), transaction() as session:
        publish(session, STREET, "lot", "new", 1, {}, clock.now())
    ranged = {"Range": "bytes=1000-", "If-Range": etag}
    rest = demo_officer.get("/sync/snapshot", query_string=query, headers=ranged)
    assert rest.status_code == 206
    assert rest.headers["ETag"] == etag
    assert whole.data[:1000] + rest.data == whole.data
    fresh = demo_officer.get("/sync/snapshot", query_string=query)
    assert fresh.headers["ETag"] != etag


def test_a_file_that_is_gone_is_sent_anew_from_its_beginning(demo_officer: Device) -> None:
    headers = {"Range": "bytes=1000-", "If-Range": '"0123456789abcdef0123456789abcdef"'}
    answer = demo_officer.get("/sync/snapshot", query_string={"scope": STREET}, headers=headers)
    assert answer.status_code == 200
    assert lines_of(answer.data)[-1] == {"end": True}


def test_a_known_file_is_not_sent_again(demo_officer: Device) -> None:
    query = {"scope": "catalog"}
    etag = demo_officer.get("/sync/snapshot", query_string=query).headers["ETag"]
    headers = {"If-None-Match": etag}
    answer = demo_officer.get("/sync/snapshot", query_string=query, headers=headers)
    assert answer.status_code == 304


def test_a_scope_one_may_not_hold_is_not_found(demo_officer: Device) -> None:
    for scope in ("area:360802002", "unit:x", "person:y", "nonsense", "../../etc/passwd"):
        answer = demo_officer.get("/sync/snapshot", query_string={"scope": scope})
        assert answer.status_code == 404
        assert answer.get_json()["error"]["code"] == "not_found"
    assert demo_officer.get("/sync/snapshot").status_code == 400


def test_nobody_gets_somebody_elses_begun_file(demo_officer: Device, demo_app: Flask) -> None:
    query = {"scope": "catalog"}
    etag = demo_officer.get("/sync/snapshot", query_string=query).headers["ETag"]
    other = Device(demo_app.test_client(), "officer2")
    other.sign_in()
    headers = {"Range": "bytes=10-", "If-Range": etag}
    answer = other.get("/sync/snapshot", query_string=query, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["ETag"] != etag
