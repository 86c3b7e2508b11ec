"""A PostgreSQL that was recovered or taken over: the server waits for an operator."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests

from server import clock
from server.app import create_app
from server.backup.databases import plain_address
from server.config import Settings, read_settings
from server.db import db
from server.feed.models import DatabaseMark
from server.feed.timeline import acknowledge_timeline, guard_timeline
from tests.conftest import _make_tables, environment_for
from tests.postgres import PostgresServer
from tests.server.device import new_id
from tests.server_process import ROOT, ServerProcess

DEVICE = {"id": new_id(), "name": "x", "app_version": "1.0.0", "protocol": 1}
SIGN_IN = {"username": "officer1", "password": "x", "device": DEVICE}


@pytest.fixture
def cluster() -> Iterator[PostgresServer]:
    """A cluster of this test's own, for its timeline will change."""
    with tempfile.TemporaryDirectory(prefix="xuncheng-timeline-") as folder:
        server = PostgresServer(Path(folder) / "cluster")
        server.start()
        yield server
        server.stop()


@pytest.fixture
def environment(cluster: PostgresServer, tmp_path: Path) -> dict[str, str]:
    url = cluster.new_database("empty", lambda _: None)
    given = environment_for(tmp_path / "home", DATABASE_URL=url)
    _make_tables(read_settings(given))
    return given


def epoch_and_mark(environment: dict[str, str]) -> tuple[object, ...]:
    with psycopg.connect(plain_address(environment["XUNCHENG_DATABASE_URL"])) as connection:
        row = connection.execute(
            "SELECT (SELECT value FROM epoch), (SELECT timeline FROM database_mark)"
        ).fetchone()
    assert row is not None
    return row


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def started(environment: dict[str, str], log: Path) -> ServerProcess:
    server = ServerProcess(environment, log)
    server.start()
    return server


def test_a_changed_timeline_stops_the_server_until_an_operator_acknowledges_it(
    cluster: PostgresServer, environment: dict[str, str], tmp_path: Path
):
    assert started(environment, tmp_path / "first.log").stop() == 0
    _, timeline = epoch_and_mark(environment)
    assert timeline == 1
    cluster.take_over()
    for command in (["serve", "--port", "0"], ["scheduler"]):
        refused = run(environment, *command)
        assert refused.returncode == 1
        assert "timeline_changed" in refused.stderr
        assert "acknowledge-timeline" in refused.stderr
    epoch, _ = epoch_and_mark(environment)
    assert run(environment, "acknowledge-timeline").returncode == 0
    assert epoch_and_mark(environment)[0] != epoch
    assert epoch_and_mark(environment)[1] == 2
    started(environment, tmp_path / "second.log").close()


def test_another_cluster_with_the_same_rows_stops_the_server(
    cluster: PostgresServer, environment: dict[str, str], tmp_path: Path
):
    del cluster
    started(environment, tmp_path / "first.log").close()
    with psycopg.connect(plain_address(environment["XUNCHENG_DATABASE_URL"])) as connection:
        connection.execute("UPDATE database_mark SET system_identifier = '1'")
    assert "timeline_changed" in run(environment, "serve", "--port", "0").stderr


def test_a_takeover_while_the_server_runs_is_noticed_at_the_next_connection(
    cluster: PostgresServer, environment: dict[str, str], tmp_path: Path
):
    server = started(environment, tmp_path / "server.log")
    try:
        assert requests.get(f"{server.url}/readyz", timeout=30).status_code == 200
        cluster.take_over()
        asked = [
            requests.post(f"{server.url}/api/v1/sign-in", json=SIGN_IN, timeout=30)
            for _ in range(3)
        ]
        assert {answer.status_code for answer in asked} == {503}
        assert asked[-1].json()["error"]["code"] == "timeline_changed"
        assert requests.get(f"{server.url}/readyz", timeout=30).status_code == 503
    finally:
        server.close()


def test_a_database_without_a_change_starts_again(environment: dict[str, str], tmp_path: Path):
    for name in ("first", "second"):
        started(environment, tmp_path / f"{name}.log").close()


def test_sqlite_has_no_timeline(settings: Settings):
    app = create_app(settings)
    with app.app_context():
        guard_timeline(db.engine, clock.now())
        acknowledge_timeline(clock.now())
        assert db.session.get(DatabaseMark, 1) is None
        db.session.remove()
        db.engine.dispose()
