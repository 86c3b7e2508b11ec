"""The feed and the receipts on a real PostgreSQL, with several writers and several processes."""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select

from server import clock
from server.app import create_app
from server.config import read_settings
from server.db import db
from server.feed import publish, transaction
from server.feed.models import FeedRow
from tests.conftest import environment_for
from tests.server.test_together import Caller, drained, report
from tests.server_process import ServerProcess

STREET = "area:360802001"
WRITERS, EACH = 6, 40


@pytest.fixture
def environment(demo_postgres_url: str, tmp_path: Path) -> dict[str, str]:
    return environment_for(tmp_path / "home", DEMO="1", DATABASE_URL=demo_postgres_url)


@pytest.fixture
def two_workers(environment: dict[str, str], tmp_path: Path) -> Iterator[ServerProcess]:
    """gunicorn with two processes over the demo district on PostgreSQL."""
    process = ServerProcess(environment, tmp_path / "server.log", "--workers", "2")
    process.start()
    yield process
    process.close()


@contextmanager
def own_app(environment: dict[str, str]) -> Iterator[Flask]:
    """The server's code in this process, over the same database."""
    app = create_app(read_settings(environment))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@contextmanager
def writers(app: Flask, names: set[str]) -> Iterator[list[threading.Thread]]:
    """Publish rows into two scopes from several threads, each waiting a while before it commits."""

    def write(writer: int) -> None:
        random = Random(writer)
        with app.app_context():
            for place in range(EACH):
                name = f"row-{writer}-{place}"
                with transaction() as session:
                    session.execute(select(FeedRow.seq).limit(1))  # it has begun, and dawdles
                    time.sleep(random.random() / 60)
                    publish(session, STREET, "lot", name, 1, {"name": name}, clock.now())
                    publish(session, "catalog", "lot", name, 1, {"name": name}, clock.now())
                    session.flush()
                    time.sleep(random.random() / 60)
                names.add(name)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    yield threads
    for thread in threads:
        thread.join()


def test_a_poller_misses_no_row_of_writers_that_dawdle_before_they_commit(
    two_workers: ServerProcess, environment: dict[str, str]
) -> None:
    reader = Caller(two_workers.url, "officer1")
    _, cursor = drained(reader, None)
    written: set[str] = set()
    seen: Counter[tuple[str, str]] = Counter()
    with own_app(environment) as app, writers(app, written) as threads:
        running = True
        while running:
            running = any(thread.is_alive() for thread in threads)
            rows, cursor = drained(reader, cursor, limit=7)
            seen.update((row["scope"], row["id"]) for row in rows if row["entity"] == "lot")
    assert len(written) == WRITERS * EACH
    assert seen.keys() == {(scope, name) for scope in (STREET, "catalog") for name in written}


def test_a_session_idle_in_its_transaction_neither_skips_nor_stalls_the_feed(
    two_workers: ServerProcess, environment: dict[str, str], demo_postgres_url: str
) -> None:
    reader = Caller(two_workers.url, "officer1")
    _, cursor = drained(reader, None)
    address = demo_postgres_url.replace("postgresql+psycopg", "postgresql")
    written: set[str] = set()
    with psycopg.connect(address) as idle:
        # It has a transaction id and a snapshot, has read the feed, written a row, and sleeps.
        idle.execute("SELECT count(*) FROM feed_row")
        idle.execute("SELECT txid_current()")
        idle.execute("UPDATE phrase SET id = id WHERE id = (SELECT min(id) FROM phrase)")
        seen: set[str] = set()
        with own_app(environment) as app, writers(app, written) as threads:
            stalled = 0.0
            while any(thread.is_alive() for thread in threads):
                began = time.monotonic()
                rows, cursor = drained(reader, cursor, limit=50)
                stalled = max(stalled, time.monotonic() - began)
                seen |= {row["id"] for row in rows if row["entity"] == "lot"}
        rows, cursor = drained(reader, cursor)
        seen |= {row["id"] for row in rows if row["entity"] == "lot"}
        assert seen == written
        assert stalled < 10
        idle.rollback()
    rows, _ = drained(reader, cursor)
    assert not [row for row in rows if row["entity"] == "lot"]


def test_two_workers_given_the_same_batch_at_once_carry_it_out_once(
    two_workers: ServerProcess, demo_postgres_url: str
) -> None:
    caller = Caller(two_workers.url, "officer1")
    workers = _children(two_workers.pid)
    assert len(workers) == 2
    address = demo_postgres_url.replace("postgresql+psycopg", "postgresql")
    everything = []
    for turn in range(8):
        changes = [report(100 * turn + n) for n in range(1, 26)]
        everything += changes
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(caller.push, [changes] * 6))
        for place in range(len(changes)):
            outcomes = Counter(receipts[place]["outcome"] for receipts in answers)
            assert outcomes == {"applied": 1, "duplicate": 5}
    ids = [change["id"] for change in everything]
    records = [change["record_id"] for change in everything]
    with psycopg.connect(address) as connection:
        received = "SELECT count(*) FROM received_change WHERE id = ANY(%s)"
        assert connection.execute(received, (ids,)).fetchone() == (len(ids),)
        told = (
            "SELECT count(*), count(DISTINCT case_id) FROM case_event "
            "WHERE move = 'report' AND case_id = ANY(%s)"
        )
        assert connection.execute(told, (records,)).fetchone() == (len(ids), len(ids))


def _children(pid: int) -> list[int]:
    """Return the processes that `pid` has started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in text.split() if os.path.exists(f"/proc/{one}")]  # noqa: PTH110
