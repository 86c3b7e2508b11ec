"""Fixtures of the journeys: a real server with its scheduler, and a link that can be cut."""

from mobile.ui import offscreen

offscreen.prepare()  # before anything imports Kivy's window

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mobile.store.home import DeviceHome
from tests.conftest import environment_for
from tests.link import Link
from tests.mobile.driver import Phone
from tests.server_process import ROOT, ServerProcess


@pytest.fixture
def office(demo_home: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    """The server over a copy of the demo district, with the scheduler beside it."""
    home = shutil.copytree(demo_home, tmp_path / "office")
    environment = environment_for(home, DEMO="1")
    server = ServerProcess(environment, tmp_path / "server.log")
    server.start()
    with (tmp_path / "scheduler.log").open("wb") as log:
        scheduler = subprocess.Popen(
            [sys.executable, "-m", "server", "scheduler"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=log,
            stderr=log,
        )
    yield server
    scheduler.terminate()
    scheduler.wait(timeout=30)
    server.close()


@pytest.fixture
def link(office: ServerProcess) -> Iterator[Link]:
    """The radio link: everything between the phones and the server goes through it."""
    made = Link(office.port)
    yield made
    made.close()


@pytest.fixture
def new_phone(tmp_path: Path, link: Link) -> Iterator[Callable[[str, Path], Phone]]:
    """Take a phone out of its box: its own folder, the server's address, a folder as camera.

    Called again with the same name it is that phone, its app started anew.
    """
    made: list[Phone] = []

    def take(name: str, camera: Path) -> Phone:
        for other in made:
            other.close()  # there is one window
        home = DeviceHome(tmp_path / f"phone-{name}")
        home.set_setting("server", link.url)
        phone = Phone(home, camera)
        made.append(phone)
        return phone

    yield take
    for phone in made:
        phone.close()
