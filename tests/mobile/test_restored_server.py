"""The server goes back to yesterday: the phone sends again what it had been told is held."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from mobile.store.summary import sync_summary
from tests.mobile.engine import Engine, signed_in
from tests.server_process import ServerProcess


@pytest.fixture
def engine(server_process: ServerProcess, tmp_path: Path, photos: Path):
    made = signed_in(tmp_path / "phone", server_process.url, "officer1", photos)
    yield made
    made.close()


def settle(engine: Engine) -> None:
    """Sync until nothing is left to send; the first rounds learn of the new epoch."""
    for _ in range(6):
        engine.sync()
        summary = sync_summary(engine.store)
        if summary.unsent_records == summary.unsent_photos == 0:
            return
    raise AssertionError("still unsent")


def rows(database: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_acknowledged_work_that_the_backup_does_not_know_lands_again_exactly_once(
    engine: Engine, server_process: ServerProcess, tmp_path: Path, photos: Path
):
    early = engine.report_without_check(photos / "gps_DSCN0010.jpg")
    settle(engine)
    server_process.command("backup", "--out", str(tmp_path / "yesterday"))
    late = [
        engine.report_without_check(photos / name)
        for name in ("gps_DSCN0012.jpg", "gps_DSCN0021.jpg")
    ]
    settle(engine)
    database = tmp_path / "demo" / "xuncheng.db"
    server_process.stop()
    assert len(rows(database, "SELECT id FROM received_change")) == 3
    shutil.rmtree(tmp_path / "demo")  # the machine burnt down
    server_process.command("restore", str(tmp_path / "yesterday"))
    assert len(rows(database, "SELECT id FROM received_change")) == 1
    server_process.start()

    for _ in range(3):
        settle(engine)
    wanted = sorted([early.id, *(change.id for change in late)])
    received = rows(database, "SELECT id FROM received_change ORDER BY id")
    assert [row[0] for row in received] == wanted
    assert rows(database, 'SELECT count(*) FROM "case"') == [(3,)]
    assert rows(database, "SELECT count(*) FROM case_event WHERE move = 'report'") == [(3,)]
    hashes = sorted(photo.sha256 for change in (early, *late) for photo in change.photos)
    verified = rows(database, "SELECT sha256 FROM photo WHERE verified_at > '' ORDER BY sha256")
    assert [row[0] for row in verified] == hashes
    store = tmp_path / "demo/photos/originals"
    assert sorted(path.name for path in store.rglob("*") if path.is_file()) == hashes


def test_photos_that_the_backup_left_out_are_asked_for_again(
    engine: Engine, server_process: ServerProcess, tmp_path: Path, photos: Path
):
    change = engine.report_without_check(photos / "gps_DSCN0010.jpg")
    settle(engine)
    server_process.command("backup", "--no-photos", "--out", str(tmp_path / "rows-only"))
    server_process.stop()
    shutil.rmtree(tmp_path / "demo")
    server_process.command("restore", str(tmp_path / "rows-only"))
    server_process.start()
    for _ in range(3):
        settle(engine)
    (photo,) = change.photos
    (held,) = (tmp_path / "demo/photos/originals").rglob(photo.sha256)
    assert held.stat().st_size == photo.bytes
