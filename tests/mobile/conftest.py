"""Fixtures of the app's tests: one off-screen window for the process, one phone per test."""

from mobile.ui import offscreen

offscreen.prepare()  # before anything imports Kivy's window

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mobile.store.home import DeviceHome
from tests.mobile.driver import Phone
from tests.mobile.phone import make_home


@pytest.fixture(scope="session")
def phone_homes(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder of a device on which a person has signed in once. Copy it."""
    made: dict[str, Path] = {}

    def home_of(username: str) -> Path:
        if username not in made:
            folder = tmp_path_factory.mktemp(f"home-{username}")
            make_home(folder, username, demo_home / "xuncheng.db").close()
            made[username] = folder
        return made[username]

    return home_of


@pytest.fixture
def phone_of(
    phone_homes: Callable[[str], Path], tmp_path: Path, photos: Path
) -> Iterator[Callable[..., Phone]]:
    """Make a phone of a person: the real app, off-screen, on a copy of their device."""
    made: list[Phone] = []

    def make(username: str) -> Phone:
        folder = tmp_path / username
        shutil.copytree(phone_homes(username), folder)
        camera = tmp_path / "camera"
        if not camera.exists():
            camera.mkdir()
            for name in ("gps_DSCN0010.jpg", "gps_DSCN0012.jpg", "orientation_landscape_6.jpg"):
                shutil.copy(photos / name, camera / name)
        phone = Phone(DeviceHome(folder), camera)
        made.append(phone)
        return phone

    yield make
    for phone in made:
        phone.close()


@pytest.fixture
def phone(phone_of: Callable[..., Phone]) -> Phone:
    """The phone of officer1, not yet started."""
    return phone_of("officer1")
