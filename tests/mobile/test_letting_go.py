"""An original leaves the phone only when the server has had it for thirty days by its own clock."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mobile.device.clock import Clock, ClockReading
from mobile.transfer.courier import Courier
from tests.conftest import environment_for
from tests.mobile.engine import Engine, signed_in
from tests.server_process import ServerProcess


@pytest.fixture(scope="module")
def server(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    home = shutil.copytree(demo_home, tmp_path_factory.mktemp("server") / "home")
    process = ServerProcess(environment_for(home, DEMO="1"), home / "server.log")
    process.start()
    yield process
    process.close()


class JumpedClock:
    """A device's clock that somebody has put forward or back."""

    def __init__(self, real: Clock, jump: timedelta) -> None:
        self._real, self.jump = real, jump

    def read(self) -> ClockReading:
        reading = self._real.read()
        return replace(reading, wall=reading.wall + self.jump)

    def learn(self, server_time: datetime, asked_at: datetime, answered_at: datetime) -> None:
        self._real.learn(server_time, asked_at, answered_at)


@pytest.fixture
def officer(server: ServerProcess, tmp_path: Path, photos: Path) -> Iterator[Engine]:
    engine = signed_in(tmp_path / "phone", server.url, "officer1", photos)
    engine.sync()
    engine.report(photos / "gps_DSCN0010.jpg")
    yield engine
    engine.close()


def carry(engine: Engine, jump: timedelta) -> None:
    """Do the courier's round, its tidying included, on a phone whose clock has jumped."""
    devices = replace(engine.devices, clock=JumpedClock(engine.devices.clock, jump))
    courier = Courier(engine.home, engine.store, engine.person.id, devices)
    courier.carry(frozenset({"asked"}))
    assert courier.status.error is None


def original(engine: Engine) -> Path:
    (sha256,) = [photo.sha256 for photo in engine.store.outbox.entries("1")[-1].change.photos]
    held = engine.store.photos.get(sha256)
    assert held is not None
    return held.original


@pytest.mark.parametrize("years", [10, -10])
def test_a_clock_put_forward_or_back_deletes_nothing_early(officer: Engine, years: int) -> None:
    carry(officer, timedelta(days=365 * years))
    kept = original(officer)
    for jump in (timedelta(days=3650), timedelta(0), timedelta(days=-3650), timedelta(days=40)):
        officer.store.set_note("tidied_at", "")
        carry(officer, jump)
        assert officer.store.note("tidied_at")  # it was tidied
        assert kept.exists()
        assert len(officer.store.outbox.entries("1")) == 1


def test_after_thirty_days_of_the_servers_clock_it_goes(officer: Engine) -> None:
    carry(officer, timedelta(days=3650))
    kept = original(officer)
    officer.store.tidy(datetime.now(UTC) + timedelta(days=29))
    assert kept.exists()
    officer.store.tidy(datetime.now(UTC) + timedelta(days=31))
    assert not kept.exists()
