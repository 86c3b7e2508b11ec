"""What befalls the server: killed around a commit, full disks, bombs, too many phones at once."""

import gzip
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from mobile.store.summary import sync_summary
from mobile.transfer.courier import Courier, Phase
from sync.outbox import ChangeState
from sync.remote import LinkDown, ServerSaidNo
from tests.conftest import environment_for
from tests.faults.meddler import Meddler, meanwhile, refuse
from tests.faults.proof import Proof, is_like_the_server, state
from tests.mobile.engine import Engine
from tests.postgres import free_port
from tests.server_process import ROOT, ServerProcess


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/healthz", timeout=2).close()
    except OSError:
        return False
    return True


@contextmanager
def dying_server(home: Path, when: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A second server over the same home; `args[3]` is its port."""
    port = str(free_port())
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.dying_server", port, when],
        cwd=ROOT,
        env=os.environ | environment_for(home, DEMO="1"),
    )
    try:
        while not answers(f"http://127.0.0.1:{port}"):
            assert process.poll() is None
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 3)])
def test_a_server_killed_around_the_commit_of_a_push(
    officer: Engine, server_home: Path, proof: Proof, picture: Path, when: str, kept: int
) -> None:
    changes = [officer.report(picture) for _ in range(3)]
    address = officer.home.setting("server")
    with dying_server(server_home, when) as dying:
        officer.home.set_setting("server", f"http://127.0.0.1:{dying.args[3]}")
        with pytest.raises(LinkDown):
            officer.sync()
        assert dying.wait(10) == -signal.SIGKILL
    officer.home.set_setting("server", address)
    assert sum(len(proof.received(one)) for one in changes) == kept
    assert {state(officer, one) for one in changes} == {ChangeState.WAITING}
    officer.sync()
    proof.holds(*changes)
    is_like_the_server(officer)


@contextmanager
def full_disk(process: ServerProcess, largest: int) -> Iterator[None]:
    """Let no file of the server grow beyond `largest` bytes: writes stop half-way, as on a full
    disk."""
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)


def test_a_server_whose_disk_is_full_takes_no_record_and_none_is_lost(
    officer: Engine, server: ServerProcess, proof: Proof, picture: Path
) -> None:
    changes = [officer.report(picture) for _ in range(3)]
    with full_disk(server, 4096):
        for _ in range(2):
            with pytest.raises((LinkDown, ServerSaidNo)):
                _fail_loudly(officer)
            assert [proof.received(one) for one in changes] == [[], [], []]
            assert {state(officer, one) for one in changes} == {ChangeState.WAITING}
    officer.sync()
    proof.holds(*changes)


def _fail_loudly(engine: Engine) -> None:
    report = engine.sync()
    if report.push.left or report.failure:
        raise report.failure or LinkDown("the server asked for the changes again")


def test_a_photo_store_whose_disk_is_full_keeps_what_it_has_and_gets_the_rest_later(
    officer: Engine, server: ServerProcess, proof: Proof, picture: Path
) -> None:
    log = (proof.home / "xuncheng.db-wal").stat().st_size
    with picture.open("ab") as file:
        file.write(bytes(log + 600_000))  # the database still has room, this photo has not
    change = officer.report(picture)
    with full_disk(server, log + 300_000):
        with pytest.raises((LinkDown, ServerSaidNo)):
            _fail_loudly(officer)
        summary = sync_summary(officer.store)
        assert (summary.unsent_records, summary.unsent_photos) == (0, 1)
        held = officer.store.photos.get(change.photos[0].sha256)
        assert held is not None
        assert held.original.exists()
    officer.sync()
    proof.holds(change)


WAITS = {
    "seconds": ("120", 115, 125),
    "an absurd number": ("9" * 400, 21_590, 21_610),
    "a date": ("Fri, 20 Nov 2026 01:02:00 GMT", 115, 125),
    "a date without a zone": ("Fri, 20 Nov 2026 01:02:00 -0000", 115, 125),
    "a negative number": ("-5", 0, 10),
    "a word": ("soon", 0, 10),
    "nothing": (None, 0, 10),
}


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("said", "least", "most"), WAITS.values(), ids=WAITS)
def test_a_wait_that_the_server_asks_for(
    officer: Engine,
    meddler: Meddler,
    picture: Path,
    status: int,
    said: str | None,
    least: int,
    most: int,
) -> None:
    officer.store.set_note("patience", "")
    officer.report(picture)
    headers = {"Date": "Fri, 20 Nov 2026 01:00:00 GMT"}  # whatever the phone's own clock says
    headers |= {} if said is None else {"Retry_After": said}
    meddler.meddle("POST /sync/push", refuse(status, "slow_down", **headers), times=None)
    courier = Courier(officer.home, officer.store, officer.person.id, officer.devices, Random(1))
    courier.carry(frozenset({"asked"}))
    assert courier.status.phase is Phase.WAITING
    assert courier.status.next_try_at is not None
    wait = (courier.status.next_try_at - officer.now()).total_seconds()
    assert least <= wait <= most
    assert sync_summary(officer.store).unsent_records == 1
    again = Courier(officer.home, officer.store, officer.person.id, officer.devices, Random(1))
    before = len(meddler.asked)
    again.carry(frozenset({"timer"}))  # after a restart, too early
    assert len(meddler.asked) == before or least == 0


@pytest.mark.parametrize("code", ["token_expired", "token_invalid"])
@pytest.mark.parametrize("step", ["POST /sync/push", "GET /sync/pull", "PATCH /photos/uploads"])
def test_a_token_that_ends_in_mid_sync_is_renewed_and_the_round_goes_on(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path, step: str, code: str
) -> None:
    change = officer.report(picture)
    skip = 1 if step.startswith("PATCH") else 0  # in the middle of the photo
    meddler.meddle(step, refuse(401, code), skip=skip)
    asked = meddler.count("POST /token")
    officer.sync()
    assert meddler.count("POST /token") == asked + 1
    proof.holds(change)


def test_a_change_that_makes_the_server_fail_blocks_none_of_199_good_ones(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path
) -> None:
    changes = [officer.report(picture) for _ in range(200)]
    poison = changes[117]

    def fail_at_the_poison(request, forward):
        inside = any(one["id"] == poison.id for one in request.json["changes"])
        return refuse(500, "server_error")(request, forward) if inside else forward(request)

    meddler.meddle("POST /sync/push", fail_at_the_poison, times=None)
    report = officer.sync()
    good = [one for one in changes if one is not poison]
    assert report.push.acknowledged == 199
    assert state(officer, poison) is ChangeState.WAITING
    proof.holds(*good)
    meddler.stop_meddling()
    officer.sync()
    proof.holds(poison)


def test_a_gzip_bomb_is_given_up_at_the_limit_and_costs_nobody_anything(
    officer: Engine, server: ServerProcess
) -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    status = f"/proc/{server.pid}/status"
    before = _most_memory(status)
    answered = _post_packed(officer, server.url, bomb)
    assert answered in (400, 413)
    assert _most_memory(status) - before < 50_000  # kB
    assert _post_packed(officer, server.url, gzip.compress(b'{"changes": []}')[:-6]) == 400
    officer.sync()


def _most_memory(status: str) -> int:
    lines = Path(status).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _post_packed(engine: Engine, url: str, body: bytes) -> int:
    token = engine.devices.keys.get(f"tokens:{engine.person.id}")
    assert token is not None
    access = token.split('"access": "')[1].split('"')[0]
    headers = {
        "Authorization": f"Bearer {access}",
        "Content-Encoding": "gzip",
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(f"{url}/api/v1/sync/push", body, headers)
    try:
        urllib.request.urlopen(request, timeout=30).close()
    except urllib.error.HTTPError as refused:
        return refused.code
    return 200


def test_a_server_restored_from_yesterdays_backup_gets_everything_again(
    server: ServerProcess,
    server_home: Path,
    tmp_path: Path,
    phone_at: Callable[..., Engine],
    proof: Proof,
    picture: Path,
) -> None:
    engine = phone_at(server.url, "officer2")
    engine.sync()
    old = engine.report(picture)
    engine.sync()
    server.stop()
    yesterday = shutil.copytree(server_home, tmp_path / "yesterday")
    server.start()
    newer = tmp_path / "newer.jpg"
    newer.write_bytes(picture.read_bytes() + b"newer")
    lost = [engine.report(newer) for _ in range(3)]
    engine.sync()
    proof.holds(old, *lost)
    unsent = engine.report(picture)
    server.kill()
    shutil.rmtree(server_home)
    shutil.copytree(yesterday, server_home)
    assert proof.cases(lost) == 0
    server.command("new-epoch")
    server.start()
    assert engine.sync().started_over
    proof.holds(old, *lost, unsent)
    is_like_the_server(engine)


def test_a_record_that_changes_while_its_pages_are_read_ends_as_it_is(
    officer: Engine, server: ServerProcess, phone_at: Callable[..., Engine], meddler: Meddler,
    picture: Path,
) -> None:  # fmt: skip
    change = officer.report(picture)
    officer.sync()
    reader = phone_at(meddler.url, "squad1")
    writer = phone_at(server.url, "officer3")
    writer.sync()

    def report_more() -> None:
        writer.report(picture)
        writer.sync()

    meddler.meddle("GET /sync/pull", meanwhile(report_more), times=3)
    reader.sync()
    meddler.stop_meddling()
    assert reader.store.replica.one("case", change.record_id) is not None
    is_like_the_server(reader)
