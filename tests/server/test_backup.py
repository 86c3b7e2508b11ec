"""Backups of a server that goes on working, and what a restore makes of them."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import create_engine, text

from tests.conftest import environment_for
from tests.postgres import PostgresServer
from tests.server.test_together import Caller, report
from tests.server_process import ROOT, ServerProcess
from tests.uploading import TUS, metadata, sha256_of

PICTURE = (ROOT / "tests/photos/no_exif.jpg").read_bytes()
HASH = sha256_of(PICTURE)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    """The URL of a demo database on PostgreSQL; None for SQLite."""
    if request.param == "sqlite":
        return None
    return str(request.getfixturevalue("demo_postgres_url"))


@pytest.fixture
def server(database: str | None, demo_home: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    home = tmp_path / "home"
    if database is None:
        shutil.copytree(demo_home, home)
    process = ServerProcess(_environment(home, database), tmp_path / "server.log")
    process.start()
    yield process
    process.close()


@pytest.fixture
def elsewhere(
    database: str | None, tmp_path: Path, request: pytest.FixtureRequest
) -> dict[str, str]:
    """The settings of another, empty server of the same kind."""
    url = None
    if database is not None:
        cluster: PostgresServer = request.getfixturevalue("postgres_server")
        url = cluster.new_database("blank", lambda _: None)
    return _environment(tmp_path / "elsewhere", url)


def _environment(home: Path, database: str | None) -> dict[str, str]:
    more = {"DATABASE_URL": database} if database else {}
    given = environment_for(home, DEMO="1", **more)
    del given["XUNCHENG_SECRET_KEY"]  # the one made in the home is part of the backup
    return given


def command(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def rows(environment: dict[str, str], statement: str) -> list[Any]:
    home = Path(environment["XUNCHENG_HOME"])
    url = environment.get("XUNCHENG_DATABASE_URL", f"sqlite:///{home / 'xuncheng.db'}")
    engine = create_engine(url)
    with engine.connect() as connection:
        found = list(connection.execute(text(statement)))
    engine.dispose()
    return found


def upload(caller: Caller, data: bytes, n: int = 1) -> None:
    """Name a photo in a report, then send its bytes."""
    sha256 = sha256_of(data)
    change = report(n)
    change["photos"] = [
        {"sha256": sha256, "bytes": len(data), "type": "image/jpeg", "role": "before"}
    ]
    assert caller.push([change])[0]["outcome"] == "applied"
    said = {"Upload-Length": str(len(data)), "Upload-Metadata": metadata(sha256=sha256)}
    offset = {"Content-Type": "application/offset+octet-stream"}
    answer = requests.post(
        f"{caller.url}/photos/uploads",
        data=data,
        headers=caller.headers | TUS | said | offset,
        timeout=60,
    )
    assert answer.status_code == 201, answer.text


def have(caller: Caller, sha256: str) -> dict[str, Any]:
    answer = requests.post(
        f"{caller.url}/photos/have", json={"sha256": [sha256]}, headers=caller.headers, timeout=60
    )
    return dict(answer.json())


class Writer:
    """Pushes one record after the other and remembers when each was acknowledged."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._over = threading.Event()
        self.acknowledged: list[tuple[float, str]] = []
        self.slowest_s = 0.0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        n = 1
        while not self._over.is_set():
            n += 1
            change = report(n)
            began = time.monotonic()
            (receipt,) = self._caller.push([change])
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            assert receipt["outcome"] == "applied"
            self.acknowledged.append((time.monotonic(), change["id"]))


def test_a_backup_under_load_is_of_one_moment_and_holds_what_was_acknowledged(
    server: ServerProcess, elsewhere: dict[str, str], tmp_path: Path
):
    upload(Caller(server.url, "officer1"), PICTURE)
    with Writer(Caller(server.url, "officer2")) as one, Writer(Caller(server.url, "squad1")) as two:
        time.sleep(0.5)
        began = time.monotonic()
        server.command("backup", "--out", str(tmp_path / "backup"))
        time.sleep(0.2)
    server.stop()
    done = command(elsewhere, "restore", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stderr
    held = {row.id for row in rows(elsewhere, "SELECT id FROM received_change")}
    before = {change for at, change in [*one.acknowledged, *two.acknowledged] if at < began}
    assert before
    assert before <= held
    ((cases,),) = rows(elsewhere, 'SELECT count(*) FROM "case"')
    ((reported,),) = rows(elsewhere, "SELECT count(*) FROM case_event WHERE move = 'report'")
    assert cases == reported == len(held)
    assert max(one.slowest_s, two.slowest_s) < 5  # the writers were not kept out


def test_every_photo_that_the_copied_database_calls_verified_is_in_the_backup(
    server: ServerProcess, elsewhere: dict[str, str], tmp_path: Path
):
    over = threading.Event()

    def send_photos(username: str) -> None:
        caller, n = Caller(server.url, username), 0
        while not over.is_set():
            n += 1
            upload(caller, os.urandom(20_000), n)

    senders = [
        threading.Thread(target=send_photos, args=(name,)) for name in ("officer1", "officer2")
    ]
    for sender in senders:
        sender.start()
    try:
        time.sleep(0.5)
        server.command("backup", "--out", str(tmp_path / "backup"))
    finally:
        over.set()
        for sender in senders:
            sender.join()
    server.stop()
    manifest = json.loads((tmp_path / "backup/manifest.json").read_text())
    assert manifest["missing"] == []
    done = command(elsewhere, "restore", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stderr
    verified = {
        row.sha256
        for row in rows(elsewhere, "SELECT sha256 FROM photo WHERE verified_at IS NOT NULL")
    }
    originals = Path(elsewhere["XUNCHENG_HOME"]) / "photos/originals"
    held = {sha256_of(path.read_bytes()) for path in originals.rglob("*") if path.is_file()}
    assert verified
    assert verified == held


def test_a_restored_server_serves_the_photos_and_the_same_sessions(
    server: ServerProcess, elsewhere: dict[str, str], tmp_path: Path
):
    caller = Caller(server.url, "officer1")
    upload(caller, PICTURE)
    server.command("backup", "--out", str(tmp_path / "backup.tar"))
    server.stop()
    assert command(elsewhere, "restore", str(tmp_path / "backup.tar")).returncode == 0
    other = ServerProcess(elsewhere, tmp_path / "other.log")
    other.start()
    try:
        caller.url = f"{other.url}/api/v1"
        answer = have(caller, HASH)
        assert HASH in answer["verified"] + answer["inspecting"]
        got = requests.get(
            f"{caller.url}/photos/{HASH}?size=original", headers=caller.headers, timeout=60
        )
        assert got.content == PICTURE
    finally:
        other.close()


def test_a_restore_begins_a_new_epoch_and_ends_what_was_being_uploaded(
    server: ServerProcess, elsewhere: dict[str, str], tmp_path: Path
):
    caller = Caller(server.url, "officer1")
    half = {"Upload-Length": "100", "Upload-Metadata": metadata(sha256="a" * 64)}
    answer = requests.post(
        f"{caller.url}/photos/uploads", headers=caller.headers | TUS | half, timeout=60
    )
    assert answer.status_code == 201
    server.command("backup", "--out", str(tmp_path / "backup"))
    command(elsewhere, "restore", str(tmp_path / "backup"))
    manifest = json.loads((tmp_path / "backup/manifest.json").read_text())
    ((epoch,),) = rows(elsewhere, "SELECT value FROM epoch")
    assert epoch != manifest["epoch"]
    assert rows(elsewhere, "SELECT state FROM upload") == [("ended",)]


def test_a_home_that_is_in_use_is_left_alone_unless_forced(
    server: ServerProcess, database: str | None, tmp_path: Path
):
    environment = _environment(tmp_path / "home", database)
    server.command("backup", "--out", str(tmp_path / "backup"))
    Caller(server.url, "officer1").push([report(1)])
    refused = command(environment, "restore", str(tmp_path / "backup"))
    assert (refused.returncode, "not_empty" in refused.stderr) == (1, True)
    busy = command(environment, "restore", "--force", str(tmp_path / "backup"))
    assert "database_busy" in busy.stderr
    server.stop()
    assert len(rows(environment, "SELECT id FROM received_change")) == 1
    forced = command(environment, "restore", "--force", str(tmp_path / "backup"))
    assert forced.returncode == 0, forced.stderr
    assert rows(environment, "SELECT id FROM received_change") == []
    if database is None:
        (aside,) = (tmp_path / "home").glob("xuncheng.db.before-*")
        assert aside.stat().st_size > 0


@pytest.fixture
def whole(server_process: ServerProcess, tmp_path: Path) -> Path:
    """A backup of an SQLite server with one photo, and that server stopped."""
    upload(Caller(server_process.url, "officer1"), PICTURE)
    server_process.command("backup", "--out", str(tmp_path / "backup"))
    server_process.stop()
    return tmp_path / "backup"


def _damage_database(backup: Path) -> None:
    with (backup / "database.sqlite").open("r+b") as file:
        file.seek(5000)
        file.write(b"!")


def _damage_photo(backup: Path) -> None:
    photo = backup / "photos" / HASH[:2] / HASH
    photo.chmod(0o600)
    photo.write_bytes(PICTURE[:-1])


def _lose_photo(backup: Path) -> None:
    (backup / "photos" / HASH[:2] / HASH).unlink()


def _lose_manifest(backup: Path) -> None:
    (backup / "manifest.json").unlink()


def _garble_manifest(backup: Path) -> None:
    (backup / "manifest.json").write_text('{"format": 1, "epoch": [')


@pytest.mark.parametrize(
    "damage", [_damage_database, _damage_photo, _lose_photo, _lose_manifest, _garble_manifest]
)
def test_a_damaged_backup_is_refused_before_anything_is_touched(
    whole: Path, tmp_path: Path, damage: Callable[[Path], None]
):
    damage(whole)
    environment = environment_for(tmp_path / "elsewhere")
    done = command(environment, "restore", str(whole))
    assert (done.returncode, "backup_damaged" in done.stderr) == (1, True)
    assert not (tmp_path / "elsewhere/xuncheng.db").exists()
    assert not (tmp_path / "elsewhere/photos").exists()


def test_a_backup_of_a_newer_program_is_refused(whole: Path, tmp_path: Path):
    manifest = json.loads((whole / "manifest.json").read_text()) | {"revision": "9999"}
    (whole / "manifest.json").write_text(json.dumps(manifest))
    done = command(environment_for(tmp_path / "elsewhere"), "restore", str(whole))
    assert "schema_outdated" in done.stderr


def test_a_backup_of_an_older_program_is_brought_up_to_date(whole: Path, tmp_path: Path):
    older = environment_for(tmp_path / "older")
    (tmp_path / "older").mkdir()
    shutil.copyfile(whole / "database.sqlite", tmp_path / "older/xuncheng.db")
    assert command(older, "db", "downgrade", "0001").returncode == 0
    ((revision,),) = rows(older, "SELECT version_num FROM alembic_version")
    assert revision == "0001"
    engine = create_engine(f"sqlite:///{tmp_path / 'older/xuncheng.db'}")
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()
    data = (tmp_path / "older/xuncheng.db").read_bytes()
    (whole / "database.sqlite").write_bytes(data)
    manifest = json.loads((whole / "manifest.json").read_text()) | {"revision": "0001"}
    manifest["database"] |= {"sha256": sha256_of(data), "bytes": len(data)}
    (whole / "manifest.json").write_text(json.dumps(manifest))
    environment = environment_for(tmp_path / "elsewhere")
    done = command(environment, "restore", str(whole))
    assert done.returncode == 0, done.stderr
    assert rows(environment, "SELECT count(*) FROM conflict") == [(0,)]
    assert len(rows(environment, "SELECT id FROM received_change")) == 1


def test_a_backup_is_readable_by_its_owner_only_and_never_written_over(
    whole: Path, server_process: ServerProcess
):
    assert whole.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in whole.rglob("*") if path.is_file())
    with pytest.raises(AssertionError, match="not_empty"):
        server_process.command("backup", "--out", str(whole))


def test_a_photo_that_the_store_has_lost_is_told_and_asked_again_after_the_restore(
    server_process: ServerProcess, tmp_path: Path
):
    upload(Caller(server_process.url, "officer1"), PICTURE)
    (lost,) = (tmp_path / "demo/photos/originals").rglob(HASH)
    lost.unlink()
    with pytest.raises(AssertionError, match=HASH):
        server_process.command("backup", "--out", str(tmp_path / "backup"))
    environment = environment_for(tmp_path / "elsewhere", DEMO="1")
    done = command(environment, "restore", str(tmp_path / "backup"))
    assert "1 photos are not in the store" in done.stdout
    assert rows(environment, f"SELECT verified_at FROM photo WHERE sha256 = '{HASH}'") == [(None,)]
