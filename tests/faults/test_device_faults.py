"""What befalls the phone: full disk, wrong clock, old copy, two rounds at once, another version."""

import os
import resource
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from mobile.device.clock import DeviceClock
from mobile.store.database import Database
from mobile.store.home import DeviceHome
from mobile.store.person_store import KEEP_VERIFIED_ORIGINALS, PersonStore
from mobile.store.summary import sync_summary
from mobile.transfer.courier import Courier, Phase
from mobile.transfer.sign_in import sign_in
from sync.bodies import Kind
from sync.errors import Refused
from sync.messages import Change, Json, PhotoRole
from sync.outbox import ChangeState
from sync.photos import PhotoState
from sync.remote import LinkDown
from tests.faults.meddler import Meddler, lose_request, meanwhile, rewrite
from tests.faults.proof import Proof, is_like_the_server, state
from tests.faults.waiting import wait_until
from tests.mobile.engine import PASSWORD, REPORT, Engine, reopened

# --- no room


@contextmanager
def no_room_in_the_database(engine: Engine) -> Iterator[None]:
    """Let the person's database grow no further."""
    connection = engine.store.reading()
    connection.execute("VACUUM")
    connection.execute("PRAGMA max_page_count = 1")  # SQLite takes what there is as the least
    try:
        yield
    finally:
        connection.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def no_room_for_files(largest: int) -> Iterator[None]:
    """Let no file grow beyond `largest` bytes: a write stops half-way, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class FullDisk(Database):
    """A database whose every commit finds the disk full while `full` is set."""

    full = False

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with super().writing() as connection:
            yield connection
            if self.full:
                raise sqlite3.OperationalError("database or disk is full")


def test_a_record_that_finds_no_room_is_refused_whole_and_the_next_one_is_kept(
    officer: Engine, picture: Path, proof: Proof
) -> None:
    body = {**REPORT, "description": "很长的说明" * 4000}
    draft = officer.draft(Kind.CASE_REPORT, None, body)
    change = Change(draft.id, 0, draft.kind, draft.record_id, officer.now().isoformat(), body)
    before = officer.store.outbox.entries("1")
    with no_room_in_the_database(officer), pytest.raises(sqlite3.OperationalError, match="full"):
        officer.store.outbox.append(change, officer.now())
    assert officer.store.outbox.entries("1") == before
    after = officer.report(picture)
    again = reopened(officer)
    assert again.store.outbox.entry(after.id) is not None  # on the disk, not only in memory
    again.close()
    officer.sync()
    proof.holds(after)


def test_a_page_that_finds_no_room_moves_no_cursor_and_comes_again(
    phone_at: Callable[..., Engine], meddler: Meddler
) -> None:
    engine = phone_at(meddler.url, "officer3")
    with no_room_in_the_database(engine), pytest.raises(sqlite3.OperationalError, match="full"):
        engine.sync()
    assert engine.store.replica.cursors() == []
    assert engine.store.replica.scopes() == []
    engine.sync()
    is_like_the_server(engine)


def test_a_photo_that_finds_no_room_is_not_taken_in_half(officer: Engine, picture: Path) -> None:
    with picture.open("ab") as file:
        file.write(os.urandom(2_000_000))
    draft = officer.draft(Kind.CASE_REPORT, None, REPORT)
    before = set(officer.store.photos.folder.rglob("*"))
    for short_by in (10, 500_000):
        with (
            no_room_for_files(picture.stat().st_size - short_by),
            pytest.raises(OSError, match=r"too large|No space"),
        ):
            officer.photograph(draft, picture, PhotoRole.BEFORE)
    assert {path for path in officer.store.photos.folder.rglob("*") if path.is_file()} <= before
    taken = officer.photograph(draft, picture, PhotoRole.BEFORE).photos[0]
    assert officer.store.photos.is_intact(taken.ref.sha256)


def test_the_courier_outlives_a_full_disk_and_goes_on_when_there_is_room(
    officer: Engine, picture: Path
) -> None:
    change = officer.report(picture)
    store = PersonStore(officer.store.folder, FullDisk)
    courier = Courier(officer.home, store, officer.person.id, officer.devices, Random(1))
    store.database.full = True  # type: ignore[attr-defined]
    courier.start()
    wait_until(lambda: courier.status.phase is Phase.WAITING)
    store.database.full = False  # type: ignore[attr-defined]
    courier.nudge("asked")
    wait_until(lambda: state(officer, change) is ChangeState.ACKNOWLEDGED)
    wait_until(lambda: courier.status.phase is Phase.IDLE)
    courier.stop()
    store.close()


# --- the clock


class SetClock:
    """The wall clock of a phone that somebody sets."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now().astimezone() + self.ahead


def with_clock(engine: Engine, clock: SetClock) -> Engine:
    devices = replace(engine.devices, clock=DeviceClock(engine.home, clock))
    return Engine(engine.home, devices, engine.person, engine.store)


TEN_YEARS = timedelta(days=3652)


@pytest.mark.parametrize("ahead", [TEN_YEARS, -TEN_YEARS], ids=["+10 years", "-10 years"])
def test_a_clock_ten_years_off_decides_nothing(
    officer: Engine, picture: Path, proof: Proof, ahead: timedelta
) -> None:
    clock = SetClock()
    clock.ahead = ahead
    engine = with_clock(officer, clock)
    engine.sync()
    change = engine.report(picture)
    courier = Courier(engine.home, engine.store, engine.person.id, engine.devices, Random(1))
    courier.carry(frozenset({"asked"}))
    proof.holds(change)
    skew = "SELECT clock_skew_ms FROM received_change WHERE id = ?"
    ((skew_ms,),) = proof.rows(skew, change.id)
    assert abs(skew_ms - ahead.total_seconds() * 1000) < 60_000
    observed = "SELECT observed_at FROM case_event WHERE case_id = ? AND move = 'report'"
    ((observed_at,),) = proof.rows(observed, change.record_id)
    assert observed_at is not None
    entry = engine.store.outbox.entry(change.id)
    assert entry is not None
    clock.ahead = timedelta(0)
    right = with_clock(officer, clock)
    right.sync()
    # What was settled under the wrong clock is neither forgotten early nor kept for ten years.
    assert right.store.outbox.send_again(right.now() - timedelta(hours=1)) >= 1
    right.sync()
    proof.holds(change)
    sha256 = change.photos[0].sha256
    right.store.tidy(right.now())
    held = right.store.photos.get(sha256)
    assert held is not None
    assert held.original.exists()
    right.store.tidy(right.now() + KEEP_VERIFIED_ORIGINALS + timedelta(hours=1))
    assert not held.original.exists()


@pytest.mark.parametrize("ahead", [TEN_YEARS, -TEN_YEARS], ids=["+10 years", "-10 years"])
def test_a_clock_that_jumps_in_mid_sync_loses_nothing(
    officer: Engine, meddler: Meddler, picture: Path, proof: Proof, ahead: timedelta
) -> None:
    clock = SetClock()
    engine = with_clock(officer, clock)
    changes = [engine.report(picture) for _ in range(2)]

    def jump() -> None:
        clock.ahead = ahead

    meddler.meddle("POST /sync/push", meanwhile(jump))
    engine.sync()
    proof.holds(*changes)
    assert not engine.store.outbox.entries("reflected = 0 AND outcome != 'held'")
    held = engine.store.photos.get(changes[0].photos[0].sha256)
    assert held is not None
    assert held.state is PhotoState.VERIFIED
    engine.store.tidy(engine.now())
    assert held.original.exists()
    assert abs((engine.now() - datetime.now().astimezone()).total_seconds()) < 60


def test_a_wait_kept_under_a_clock_ten_years_ahead_does_not_last_ten_years(
    officer: Engine, picture: Path, meddler: Meddler
) -> None:
    change = officer.report(picture)
    clock = SetClock()
    clock.ahead = TEN_YEARS
    ahead = DeviceHome(officer.home.folder)
    ahead.set_setting("clock_offset_ms", "0")
    devices = replace(officer.devices, clock=DeviceClock(ahead, clock))
    courier = Courier(ahead, officer.store, officer.person.id, devices, Random(1))
    meddler.meddle("GET /hello", lose_request)
    courier.carry(frozenset({"timer"}))
    assert courier.status.phase is Phase.WAITING
    clock.ahead = timedelta(0)
    courier.carry(frozenset({"timer"}))
    assert state(officer, change) is ChangeState.ACKNOWLEDGED
    ahead.close()


# --- an old copy, two at once, other versions


def test_a_phone_restored_from_a_copy_numbers_again_and_nothing_is_taken_for_another(
    phone_at: Callable[..., Engine], meddler: Meddler, proof: Proof, picture: Path, tmp_path: Path
) -> None:
    engine = phone_at(meddler.url, "officer4")
    engine.sync()
    waiting = engine.report(picture)
    engine.close()
    copy = shutil.copytree(engine.home.folder, tmp_path / "copy")
    before = reopened(engine)
    gone = before.report(picture)
    before.sync()
    proof.holds(waiting, gone)
    before.close()
    shutil.rmtree(engine.home.folder)
    shutil.copytree(copy, engine.home.folder)
    restored = reopened(engine)
    again = restored.report(picture)
    assert again.n == gone.n
    restored.sync()
    proof.holds(waiting, gone, again)
    assert proof.received(again) == [("applied", '["n_repeated"]')]
    sign_in(restored.home, restored.devices, "officer4", PASSWORD)
    assert restored.report(picture).n > again.n
    restored.sync()
    is_like_the_server(restored)
    restored.close()


def test_two_rounds_started_at_once_double_nothing(
    officer: Engine, proof: Proof, picture: Path, tmp_path: Path
) -> None:
    changes = []
    for number in range(6):
        other = tmp_path / f"{number}.jpg"
        other.write_bytes(picture.read_bytes() + bytes([number]))
        changes.append(officer.report(other))
    service = reopened(officer)
    gate = threading.Barrier(3)
    failures: list[Exception] = []

    def go(engine: Engine) -> None:
        gate.wait()
        for _ in range(3):
            try:
                engine.sync()
            except LinkDown:
                continue
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=go, args=(one,)) for one in (officer, service, officer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    officer.sync()
    proof.holds(*changes)
    assert sync_summary(officer.store).all_sent
    is_like_the_server(officer)
    service.close()


def test_an_app_too_old_for_the_server_keeps_everything_and_says_so(
    officer: Engine, meddler: Meddler, picture: Path, proof: Proof
) -> None:
    change = officer.report(picture)
    courier = Courier(officer.home, officer.store, officer.person.id, officer.devices, Random(1))

    def ask_for_more(hello: Json) -> None:
        hello["min_app_version"] = "99.0.0"

    meddler.meddle("GET /hello", rewrite(ask_for_more), times=2)
    courier.carry(frozenset({"asked"}))
    assert courier.status.phase is Phase.UPDATE_NEEDED
    with pytest.raises(Refused, match="unsupported_protocol"):
        officer.sync()
    assert state(officer, change) is ChangeState.WAITING
    officer.sync()
    proof.holds(change)


def test_an_old_app_understands_what_a_newer_server_adds(
    officer: Engine, meddler: Meddler, picture: Path, proof: Proof
) -> None:
    change = officer.report(picture)

    def add(answer: Json) -> None:
        answer["from_the_future"] = {"a": [1]}
        for row in answer.get("rows", []):
            row["from_the_future"] = 1
        for receipt in answer.get("receipts", []):
            receipt["from_the_future"] = True

    meddler.meddle("GET /hello", rewrite(add))
    meddler.meddle("POST /sync/push", rewrite(add))
    meddler.meddle("GET /sync/pull", rewrite(add))
    officer.sync()
    proof.holds(change)
    is_like_the_server(officer)


def test_an_outcome_of_a_newer_server_is_no_acknowledgement(
    officer: Engine, meddler: Meddler, picture: Path, proof: Proof
) -> None:
    change = officer.report(picture)

    def promise(answer: Json) -> None:
        answer["receipts"][0]["outcome"] = "postponed"

    meddler.meddle("POST /sync/push", rewrite(promise))
    officer.sync()
    assert state(officer, change) is ChangeState.WAITING
    officer.sync()
    assert state(officer, change) is ChangeState.ACKNOWLEDGED
    proof.holds(change)


def test_one_change_over_the_size_limit_is_shown_and_blocks_no_other(
    officer: Engine, picture: Path, proof: Proof
) -> None:
    first = officer.report(picture)
    body = {**REPORT, "description": "大" * 600_000}
    draft = officer.draft(Kind.CASE_REPORT, None, body)
    change = Change(draft.id, 0, draft.kind, draft.record_id, officer.now().isoformat(), body)
    large = officer.store.outbox.append(change, officer.now())
    last = officer.report(picture)
    officer.sync()
    assert state(officer, large) is ChangeState.ATTENTION
    (problem,) = sync_summary(officer.store).problems
    assert problem.error is not None
    assert problem.error.code == "too_large"
    proof.holds(first, last)
    officer.store.outbox.withdraw(large.id)
