"""The desk's stand-ins for a phone's parts, and the clock that learns how far it is off."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mobile.device.camera import Shot
from mobile.device.clock import DeviceClock
from mobile.device.connectivity import Network
from mobile.device.desktop.camera import FolderCamera
from mobile.device.desktop.connectivity import SwitchedConnectivity
from mobile.device.desktop.keys import FileVault
from mobile.device.desktop.location import SimulatedLocation
from mobile.store.home import DeviceHome
from mobile.store.places import metres_between

NOW = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)


def test_the_camera_shows_the_folders_pictures_in_turn(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.JPG", "c.heic", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    camera, shots = FolderCamera(tmp_path), list[Shot | None]()
    for _ in range(4):
        camera.shoot(shots.append)
    taken = [shot.picture.name for shot in shots if shot]
    assert taken == ["a.JPG", "b.jpg", "c.heic", "a.JPG"]


def test_a_camera_without_pictures_takes_none(tmp_path: Path) -> None:
    shots: list[Shot | None] = []
    FolderCamera(tmp_path / "nowhere").shoot(shots.append)
    assert shots == [None]


def test_the_walk_goes_along_the_route_and_back() -> None:
    seconds = 0.0
    route = [(27.0, 114.0), (27.001, 114.0), (27.001, 114.001)]
    locator = SimulatedLocation(route, lambda: seconds)
    start = locator.last()
    assert start is not None
    assert (start.lat, start.lon, start.provider) == (27.0, 114.0, "simulated")
    seconds = 60.0
    after = locator.last()
    assert after is not None
    assert metres_between(27.0, 114.0, after.lat, after.lon) == pytest.approx(72, abs=1)
    whole = metres_between(*route[0], *route[1]) + metres_between(*route[1], *route[2])
    seconds = 2 * whole / 1.2
    back = locator.last()
    assert back is not None
    assert metres_between(27.0, 114.0, back.lat, back.lon) < 1


def test_those_who_listen_hear_of_the_network() -> None:
    network, heard = SwitchedConnectivity(Network.NONE), list[Network]()
    network.on_change(heard.append)
    network.switch(Network.MOBILE)
    assert heard == [Network.MOBILE]
    assert network.network() is Network.MOBILE


def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "keys.json")
    vault.put("a", "secret")
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert FileVault(tmp_path / "keys.json").get("a") == "secret"
    vault.remove("a")
    assert vault.get("a") is None


@pytest.mark.parametrize("off_ms", [-90_000, 0, 3_600_000])
def test_the_clock_learns_how_far_it_is_off_and_remembers(tmp_path: Path, off_ms: int) -> None:
    home = DeviceHome(tmp_path)
    clock = DeviceClock(home)
    assert clock.read().offset_ms is None
    asked, answered = NOW, NOW + timedelta(milliseconds=400)
    middle = NOW + timedelta(milliseconds=200)
    clock.learn(middle + timedelta(milliseconds=off_ms), asked, answered)
    again = DeviceClock(home).read()
    assert (again.offset_ms, again.synced_at) == (off_ms, answered)
    assert again.now - again.wall == timedelta(milliseconds=off_ms)
