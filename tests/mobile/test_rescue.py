"""A rescue package leaves one phone and arrives: on another phone, or at the server."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mobile.capture.drafts import open_drafts, save_draft
from mobile.rescue.packing import PackageMade, make_package
from mobile.rescue.taking_in import packages, take_package
from mobile.store.summary import sync_summary
from mobile.transfer.rescued import push_rescued
from mobile.transfer.sign_in import remote_of
from sync.bodies import Kind
from sync.messages import Change, PhotoRole
from sync.outbox import ChangeState
from tests.conftest import environment_for
from tests.mobile.driver import Phone
from tests.mobile.engine import REPORT, Engine, signed_in
from tests.server_process import ROOT, ServerProcess


@dataclass(frozen=True)
class Served:
    """A running server and its folder."""

    url: str
    home: Path


@pytest.fixture(scope="module")
def server(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = shutil.copytree(demo_home, tmp_path_factory.mktemp("server") / "home")
    process = ServerProcess(environment_for(home, DEMO="1"), home / "server.log")
    process.start()
    yield Served(process.url, home)
    process.close()


@pytest.fixture
def phone(server: Served, tmp_path: Path, photos: Path) -> Iterator[Callable[..., Engine]]:
    made: list[Engine] = []

    def make(name: str, username: str = "officer1") -> Engine:
        engine = signed_in(tmp_path / name, server.url, username, photos)
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def broken(phone: Callable[..., Engine], photos: Path) -> Engine:
    """A phone with two records and a draft that it cannot send."""
    engine = phone("broken")
    engine.sync()
    engine.report(photos / "gps_DSCN0010.jpg")
    engine.report(photos / "gps_DSCN0012.jpg")
    draft = engine.draft(Kind.CASE_REPORT, None, REPORT)
    picture = photos / "orientation_landscape_6.jpg"
    save_draft(engine.store, engine.photograph(draft, picture, PhotoRole.BEFORE))
    return engine


def pack(engine: Engine) -> PackageMade:
    folder = engine.home.folder / "rescue"
    return make_package(engine.home, [engine.person], folder, engine.now())


def carry(engine: Engine) -> None:
    """Send as the courier does: what was rescued, then a round."""
    remote = remote_of(engine.home, engine.devices, engine.person.id)
    push_rescued(engine.store, remote)
    remote.close()
    engine.sync()


def states(engine: Engine) -> list[ChangeState]:
    return [entry.state for entry in engine.store.outbox.entries("1")]


def on_server(server: Served, sql: str, *values: Any) -> list[Any]:
    with sqlite3.connect(server.home / "xuncheng.db") as connection:
        return connection.execute(sql, values).fetchall()


def waiting(engine: Engine) -> list[Change]:
    return list(engine.store.outbox.waiting(0, 100))


def test_the_package_counts_what_is_unsent_and_changes_nothing(broken: Engine) -> None:
    before = waiting(broken)
    made = pack(broken)
    assert (made.records, made.drafts, made.photos) == (2, 1, 3)
    assert made.path.stat().st_size == made.bytes
    assert waiting(broken) == before
    assert list(packages(broken.home)) == [made.path]


def test_another_phone_sends_the_records_as_they_were(
    server: Served, broken: Engine, phone: Callable[..., Engine], photos: Path
) -> None:
    changes = waiting(broken)
    made = pack(broken)
    other = phone("other")
    other.sync()
    own = other.report(photos / "gps_DSCN0010.jpg")
    taken = take_package(other.home, made.path, other.now())
    assert (taken.records, taken.photos, taken.refused) == (2, made.photos - 1, {})
    assert waiting(other) == [own]  # the rescued ones never go as this phone's own
    carry(other)
    assert sync_summary(other.store).unsent_photos == 0
    rows = on_server(
        server,
        "SELECT id, n, device_id, outcome, flags FROM received_change WHERE id IN (?, ?)",
        *[change.id for change in changes],
    )
    assert sorted(row[:4] for row in rows) == sorted(
        (change.id, change.n, broken.home.device_id, "applied") for change in changes
    )
    assert all("rescued" in json.loads(row[4]) for row in rows)
    assert own.n == 1  # this phone's own numbers know nothing of the rescued ones
    status = "SELECT last_n, holes, last_push_at FROM device_status WHERE device_id = ?"
    assert on_server(server, status, other.home.device_id)[0][:2] == (1, "[]")
    last_n, holes, _ = on_server(server, status, broken.home.device_id)[0]
    assert (last_n, holes) == (changes[-1].n, "[]")


def test_a_phone_that_revives_is_told_that_all_is_there(
    broken: Engine, phone: Callable[..., Engine]
) -> None:
    made = pack(broken)
    other = phone("other")
    take_package(other.home, made.path, other.now())
    carry(other)
    report = broken.sync()
    assert report.push.acknowledged == 2
    assert set(states(broken)) == {ChangeState.ACKNOWLEDGED}
    assert sync_summary(broken.store).all_sent


def test_taking_it_in_twice_is_harmless(broken: Engine, phone: Callable[..., Engine]) -> None:
    made = pack(broken)
    other = phone("other")
    take_package(other.home, made.path, other.now())
    again = take_package(other.home, made.path, other.now())
    assert (again.records, again.photos, again.drafts, again.refused) == (0, 0, 0, {})
    carry(other)
    take_package(other.home, made.path, other.now())
    assert set(states(other)) == {ChangeState.ACKNOWLEDGED}


def test_a_draft_goes_on_where_it_was(broken: Engine, phone: Callable[..., Engine]) -> None:
    (before,) = open_drafts(broken.store)
    other = phone("other")
    assert take_package(other.home, pack(broken).path, other.now()).drafts == 1
    (after,) = open_drafts(other.store)
    assert (after.id, after.body) == (before.id, before.body)


def test_a_person_unknown_here_is_named_and_nothing_of_theirs_is_kept(
    broken: Engine, phone: Callable[..., Engine]
) -> None:
    other = phone("other", "officer2")
    taken = take_package(other.home, pack(broken).path, other.now())
    assert [person.username for person in taken.strangers] == ["officer1"]
    assert not (other.home.folder / "people" / broken.person.id).exists()


def test_damaged_entries_are_refused_and_the_rest_is_taken(
    broken: Engine, phone: Callable[..., Engine], photos: Path
) -> None:
    made = pack(broken)
    data = bytearray(made.path.read_bytes())
    photo = (photos / "gps_DSCN0010.jpg").read_bytes()
    data[data.index(photo) + 5000] ^= 0xFF
    made.path.write_bytes(data)
    other = phone("other")
    taken = take_package(other.home, made.path, other.now())
    assert (taken.records, list(taken.refused.values())) == (2, ["rescue_damaged"])
    good = pack(broken)
    assert take_package(other.home, good.path, other.now()).photos == 1
    carry(other)
    assert sync_summary(other.store).all_sent


def test_the_server_takes_it_in_by_command(server: Served, broken: Engine) -> None:
    changes = waiting(broken)
    made = pack(broken)
    first = command(server, made.path)
    assert first.returncode == 0, first.stdout + first.stderr
    assert all(f"officer1  {change.id}  applied" in first.stdout for change in changes)
    assert "drafts 1" in first.stdout
    verified = on_server(
        server,
        "SELECT count(*) FROM photo_use JOIN photo USING (sha256) WHERE event_id IS NOT NULL "
        "AND verified_at IS NOT NULL AND sha256 IN (?, ?)",
        *[change.photos[0].sha256 for change in changes],
    )
    assert verified[0][0] >= 2
    again = command(server, made.path)
    assert again.returncode == 0
    assert all(f"{change.id}  duplicate applied" in again.stdout for change in changes)
    assert "photos 0 new and 2 held before" in again.stdout
    broken.sync()
    assert sync_summary(broken.store).all_sent


def test_the_command_names_what_is_damaged(server: Served, broken: Engine, tmp_path: Path) -> None:
    picture = tmp_path / "new.jpg"
    Image.effect_noise((900, 900), 80).save(picture)
    broken.report(picture)
    made = pack(broken)
    whole = made.path.read_bytes()
    made.path.write_bytes(whole[: whole.index(picture.read_bytes()) + 1000])
    done = command(server, made.path)
    assert done.returncode == 1
    assert "refused  photos/" in done.stdout
    assert "rescue_" in done.stdout
    made.path.write_bytes(b"no package")
    assert "rescue_unreadable" in command(server, made.path).stderr


def command(server: Served, path: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | environment_for(server.home, DEMO="1")
    return subprocess.run(
        [sys.executable, "-m", "server", "import-rescue", str(path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_the_sync_page_makes_a_package_and_takes_one_in(phone_of: Callable[..., Phone]) -> None:
    phone = phone_of("officer1")
    phone.sign_in()
    phone.hand.tap("同步")
    phone.hand.tap("制作救援包")
    phone.hand.wait(lambda: "0 条记录" in phone.page.rescue_text, what="the package's size")
    (made,) = packages(phone.home)
    assert str(made) in phone.page.rescue_text
    phone.hand.tap("导入救援包")
    phone.hand.tap(made.stem)
    phone.hand.wait(lambda: "已导入 0 条记录" in phone.page.rescue_text, what="what was taken in")
