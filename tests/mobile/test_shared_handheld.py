"""One handheld, several officers: everybody's work goes out, and a revoked device keeps it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mobile.device.connectivity import Network
from mobile.rescue.packing import make_package
from mobile.store.home import DeviceHome
from mobile.store.person_store import PersonStore
from mobile.store.summary import sync_summary
from mobile.transfer.courier import Courier, CourierStatus, Phase
from mobile.transfer.errands import run_errands
from mobile.transfer.sign_in import sign_in, sign_out
from mobile.transfer.tokens import TokenKeeper
from sync.errors import Refused
from sync.outbox import ChangeState
from tests.conftest import environment_for
from tests.mobile.driver import Phone
from tests.mobile.engine import PASSWORD, Engine, signed_in
from tests.server_process import ROOT, ServerProcess


@pytest.fixture(scope="module")
def server_home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(demo_home, tmp_path_factory.mktemp("server") / "home")


@pytest.fixture(scope="module")
def server(server_home: Path) -> Iterator[ServerProcess]:
    process = ServerProcess(environment_for(server_home, DEMO="1"), server_home / "server.log")
    process.start()
    yield process
    process.close()


@pytest.fixture
def first(server: ServerProcess, tmp_path: Path, photos: Path) -> Iterator[Engine]:
    """The officer who used the handheld before, with a record and its photo unsent."""
    engine = signed_in(tmp_path / "handheld", server.url, "officer1", photos)
    engine.sync()
    engine.report(photos / "gps_DSCN0010.jpg")
    yield engine
    engine.close()


def second_on(first: Engine) -> Engine:
    person = sign_in(first.home, first.devices, "officer2", PASSWORD).person
    return Engine(first.home, first.devices, person, first.home.open_person(person.id))


def wait(condition: Callable[[], object], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)


def test_what_the_one_before_left_goes_out_while_another_works(first: Engine) -> None:
    second = second_on(first)
    courier = Courier(
        first.home, second.store, second.person.id, first.devices,
        errands=lambda yields: run_errands(first.home, first.devices, second.person.id, yields),
    )  # fmt: skip
    courier.start()
    wait(lambda: sync_summary(first.store).all_sent)
    courier.stop()
    assert {entry.state for entry in first.store.outbox.entries("1")} == {ChangeState.ACKNOWLEDGED}
    assert list(second.store.outbox.entries("1")) == []
    second.store.close()


def test_nothing_is_sent_for_somebody_without_a_session(first: Engine) -> None:
    TokenKeeper(first.devices.keys, first.person.id).forget()
    assert run_errands(first.home, first.devices, None) == 0
    assert not sync_summary(first.store).all_sent


def test_errands_wait_for_what_is_more_urgent(first: Engine) -> None:
    assert run_errands(first.home, first.devices, None, lambda: True) == 0
    assert not sync_summary(first.store).all_sent


def test_without_network_nobody_is_helped(first: Engine) -> None:
    first.network.switch(Network.NONE)
    assert run_errands(first.home, first.devices, None) == 0


def test_signing_out_with_unsent_work_leaves_a_session_that_sends_it(first: Engine) -> None:
    assert sign_out(first.home, first.devices, first.person.id) is False
    assert run_errands(first.home, first.devices, None) == 1
    assert sync_summary(first.store).all_sent


def revoke(server_home: Path, device_id: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "server", "revoke-device", device_id],
        cwd=ROOT, env=os.environ | environment_for(server_home, DEMO="1"), check=True,
        capture_output=True, timeout=60,
    )  # fmt: skip


def test_a_revoked_device_keeps_everything_and_opens_for_a_rescue(
    first: Engine, server_home: Path
) -> None:
    revoke(server_home, first.home.device_id)
    courier = Courier(first.home, first.store, first.person.id, first.devices)
    courier.carry(frozenset({"asked"}))
    assert courier.status.phase is Phase.REVOKED
    assert sync_summary(first.store).unsent_records == 1
    again = sign_in(first.home, first.devices, "officer1", PASSWORD)
    assert (again.revoked, again.online) == (True, False)
    made = make_package(first.home, [again.person], first.home.folder / "out", first.now())
    assert (made.records, made.photos) == (1, 1)
    with pytest.raises(Refused, match="bad_credentials"):
        sign_in(first.home, first.devices, "officer1", "not the password")
    with pytest.raises(Refused, match="device_revoked"):
        sign_in(first.home, first.devices, "officer2", PASSWORD)


def test_each_outbox_is_its_owners_folder(first: Engine) -> None:
    second = second_on(first)
    second.store.close()
    folders = {path.name for path in (first.home.folder / "people").iterdir()}
    assert folders == {first.person.id, second.person.id}
    home = DeviceHome(first.home.folder)
    other: PersonStore = home.open_person(second.person.id)
    assert list(other.outbox.entries("1")) == []
    other.close()
    home.close()


def test_a_revoked_phone_locks_and_says_so_once(phone_of: Callable[..., Phone]) -> None:
    phone = phone_of("officer1")
    phone.sign_in()
    app = phone.app
    assert app is not None
    app._status(CourierStatus(Phase.REVOKED, error="device_revoked"))
    phone.hand.wait_to_see("此设备已停用")
    assert (app.locked, phone.page.name) == (True, "sign_in")
    phone.hand.write(phone.password_field(), PASSWORD)
    phone.hand.tap(lambda widget: getattr(widget, "icon_name", "") == "login")
    phone.hand.wait(lambda: not app.locked, what="to be let in again")
    app._status(CourierStatus(Phase.REVOKED, error="device_revoked"))
    assert not app.locked
