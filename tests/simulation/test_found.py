"""What the simulator has found, each by itself; and a kill at every boundary, in turn."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from mobile.device.desktop.keys import FileVault
from mobile.store.home import DeviceHome
from mobile.transfer.remote import HttpRemote
from mobile.transfer.tokens import TokenKeeper, Tokens
from sync.bodies import Kind
from sync.messages import Location, PhotoRole
from sync.remote import LinkDown
from tests.simulation.many import run
from tests.simulation.phone import Phone, PhoneClock
from tests.simulation.time_line import TimeLine
from tests.simulation.town import BY_RULE, NORTH, a_point
from tests.simulation.world import World

_MOST_BOUNDARIES = 60


class CutRefusal(BaseAdapter):
    """Answers everything with half a refusal in our shape."""

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        body = json.dumps({"error": {"code": "slow_down", "message": ""}}).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        raw = HTTPResponse(
            BytesIO(body[:9]), headers, 503, preload_content=False, enforce_content_length=True
        )
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def _remote_over(adapter: BaseAdapter, folder: Path) -> Iterator[HttpRemote]:
    home = DeviceHome(folder)
    keeper = TokenKeeper(FileVault(folder / "keys.json"), "somebody")
    keeper.keep(Tokens("access", "refresh"))
    session = requests.Session()
    session.mount("http://", adapter)
    clock = PhoneClock(home, TimeLine(), _RightClock())
    yield HttpRemote("http://server.invalid", "", keeper, clock, folder / "part", session)
    home.close()


def test_a_refusal_of_a_snapshot_that_is_cut_is_a_broken_link(tmp_path: Path) -> None:
    with _remote_over(CutRefusal(), tmp_path) as remote, pytest.raises(LinkDown):
        remote.snapshot("catalog")


class TwoAtOnce(BaseAdapter):
    """Gives a picture; while it is under way the same picture is fetched once more."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self._meanwhile = [meanwhile]

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        if self._meanwhile:
            self._meanwhile.pop()()
        headers = {"Content-Type": "image/jpeg", "Content-Length": "7"}
        raw = HTTPResponse(BytesIO(b"picture"), headers, 200, preload_content=False)
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing is open."""


def test_app_and_service_may_fetch_the_same_picture_at_once(tmp_path: Path) -> None:
    target = tmp_path / "fetched" / "picture.jpg"
    adapter = TwoAtOnce(lambda: remote.fetch_photo("a" * 64, "screen", target))
    with _remote_over(adapter, tmp_path) as remote:
        remote.fetch_photo("a" * 64, "screen", target)
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"picture"]


class _RightClock:
    wrong_by = timedelta()


def _officer(world: World) -> Phone:
    world.weather.chance = 0.0
    return next(phone for phone in world.phones if not phone.person.unit_id)


def _sync(world: World, phone: Phone) -> None:
    phone.begin_round("asked")
    world.time.run_dry()


def _report(world: World, phone: Phone) -> None:
    at = Location(*a_point(world.random, NORTH), 8.0, "gps")
    draft = phone.draft(Kind.CASE_REPORT, None, {"category": BY_RULE, "location": at.as_json()})
    draft = phone.photograph(draft, world.ground.pictures[0], PhotoRole.BEFORE, at)
    phone.save(draft)
    world.ledger.note(phone.name, phone.store)


@pytest.mark.parametrize("days", [3650, -3650])
def test_a_clock_that_jumps_leaves_nothing_behind_when_the_server_is_restored(days: int) -> None:
    def act(world: World) -> None:
        phone = _officer(world)
        _sync(world, phone)
        copy = world.ground.folder / "server-copy"
        world.server.back_up(copy)
        _report(world, phone)
        _sync(world, phone)
        phone.wrong_by = timedelta(days=days)
        world.server.restore(copy, world.time.now)
        _sync(world, phone)
        assert len(world.ledger.changes) == 1

    assert list(run(1, act=act).found.lines()) == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("side", ["phone", "server"])
def test_a_kill_at_each_boundary_in_turn_loses_nothing(side: str) -> None:
    """A report with its photo, synced twice: killed at the first boundary, the second, …"""
    passed: list[int] = []

    def act(world: World) -> None:
        phone = _officer(world)
        _sync(world, phone)
        fate = phone.fate if side == "phone" else world.server.fate
        fate.doom(len(passed) + 1)
        before = fate.boundaries
        with phone.mortally():
            _report(world, phone)
        for _ in range(2):
            _sync(world, phone)
            world.ledger.note(phone.name, phone.store)
        passed.append(fate.boundaries - before)
        fate.spare()

    while not passed or passed[-1] >= len(passed):
        assert len(passed) < _MOST_BOUNDARIES
        assert list(run(1, act=act).found.lines()) == []
    assert len(passed) > 10
