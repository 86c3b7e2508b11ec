"""SIGKILL, on either side, at every commit and at any moment: nothing lost, nothing doubled."""

import itertools
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from mobile.store.summary import sync_summary
from sync.messages import Change
from sync.remote import LinkDown, ServerSaidNo
from tests.faults.mortal import MortalDatabase, live
from tests.faults.proof import Proof, is_like_the_server
from tests.mobile.engine import Engine, reopened
from tests.server_process import ServerProcess

APP_LIVES = 14
SERVER_LIVES = 4


@pytest.fixture
def new_picture(tmp_path: Path, photos: Path) -> Callable[[], Path]:
    """Make a picture nobody has taken before."""
    numbers = itertools.count()
    start = (photos / "gps_DSCN0012.jpg").read_bytes()

    def make() -> Path:
        made = tmp_path / f"taken-{next(numbers)}.jpg"
        made.write_bytes(start + os.urandom(200_000))
        return made

    return make


@pytest.fixture
def mortal_phone(phone_at: Callable[..., Engine], server: ServerProcess) -> Engine:
    """A phone that has synced once and whose app has ended."""
    engine = phone_at(server.url, "officer1")
    engine.sync()
    engine.close()
    return engine


def saved(engine: Engine) -> list[Change]:
    return [entry.change for entry in engine.store.outbox.entries("1")]


def everything_arrived_once(engine: Engine, proof: Proof) -> list[Change]:
    """Let the phone finish in peace, and prove what must be true then."""
    survivor = reopened(engine)
    survivor.sync()
    survivor.sync()
    changes = saved(survivor)
    proof.holds(*changes)
    assert [one.n for one in changes] == list(range(1, len(changes) + 1))
    theirs = proof.rows(
        "SELECT count(*) FROM received_change WHERE device_id = ?", survivor.home.device_id
    )
    assert theirs == [(len(changes),)]
    assert sync_summary(survivor.store).all_sent
    assert sync_summary(survivor.store).problems == []
    is_like_the_server(survivor)
    survivor.close()
    return changes


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_an_app_killed_at_every_commit(
    mortal_phone: Engine, proof: Proof, new_picture: Callable[[], Path], before: bool
) -> None:
    ended_by = signal.SIGKILL
    promised: set[str] = set()
    deaths = 0
    while ended_by == signal.SIGKILL:
        picture = new_picture()

        def life(engine: Engine, say: Callable[[str], None], picture: Path = picture) -> None:
            say(engine.report(picture).id)
            engine.sync()

        MortalDatabase.dies_at, MortalDatabase.dies_before = deaths + 1, before
        mortal = live(mortal_phone, life, MortalDatabase)
        ended_by = mortal.wait()
        promised |= set(mortal.told())
        deaths += 1
        assert deaths < 60
    assert ended_by == 0, (mortal_phone.home.folder / "last-words").read_text()
    assert deaths > 8
    changes = everything_arrived_once(mortal_phone, proof)
    assert promised <= {one.id for one in changes}


def test_an_app_killed_at_random_moments_of_capture_and_sync(
    mortal_phone: Engine, proof: Proof, new_picture: Callable[[], Path]
) -> None:
    random = Random(20261120)
    pictures = [new_picture() for _ in range(40)]
    promised: set[str] = set()

    def life(engine: Engine, say: Callable[[str], None]) -> None:
        while True:
            picture = Random(time.monotonic_ns()).choice(pictures)
            for _ in range(2):
                say(engine.report(picture).id)
            with suppress(LinkDown, sqlite3.OperationalError):
                engine.sync()

    for _ in range(APP_LIVES):
        mortal = live(mortal_phone, life)
        time.sleep(random.uniform(0.05, 1.2))
        mortal.kill()
        assert mortal.wait() == signal.SIGKILL
        promised |= set(mortal.told())
    changes = everything_arrived_once(mortal_phone, proof)
    assert promised <= {one.id for one in changes}
    assert len(promised) > APP_LIVES


def test_a_server_killed_again_and_again_in_the_middle_of_pushes_and_photos(
    server: ServerProcess,
    phone_at: Callable[..., Engine],
    proof: Proof,
    new_picture: Callable[[], Path],
) -> None:
    phones = [phone_at(server.url, f"officer{number}") for number in (2, 3, 4)]
    for engine in phones:
        engine.sync()
        engine.piece_bytes = 32_768
    stop = threading.Event()
    failures: list[BaseException] = []

    def go_on(engine: Engine) -> None:
        try:
            while not stop.is_set():
                if len(saved(engine)) < 25:
                    engine.report(new_picture())
                with suppress(LinkDown, ServerSaidNo):
                    engine.sync()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=go_on, args=(one,)) for one in phones]
    for thread in threads:
        thread.start()
    random = Random(7)
    for _ in range(SERVER_LIVES):
        time.sleep(random.uniform(0.4, 1.5))
        server.restart()
    time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert failures == []
    for engine in phones:
        engine.close()
        assert everything_arrived_once(engine, proof)
