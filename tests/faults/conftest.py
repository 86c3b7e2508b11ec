"""Real phones' engines, a real server process, and the link between them going wrong."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from server.app import create_app
from server.config import read_settings
from server.db import db
from tests.conftest import environment_for
from tests.faults.meddler import Meddler
from tests.faults.proof import Proof
from tests.link import Link
from tests.mobile.engine import Engine, signed_in
from tests.server_process import ServerProcess

OFFICER = "officer1"


@pytest.fixture(scope="module")
def server_home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(demo_home, tmp_path_factory.mktemp("server") / "home")


@pytest.fixture(scope="module")
def server(server_home: Path) -> Iterator[ServerProcess]:
    """One server for all tests of a file: each comes with phones of its own."""
    process = ServerProcess(environment_for(server_home, DEMO="1"), server_home / "server.log")
    process.start()
    yield process
    process.close()


@pytest.fixture
def proof(server_home: Path, tmp_path: Path) -> Proof:
    """What the server holds, read past the server."""
    return Proof(server_home, tmp_path)


@pytest.fixture
def link(server: ServerProcess) -> Iterator[Link]:
    made = Link(server.port)
    yield made
    made.close()


@pytest.fixture(scope="module")
def _meddler(server: ServerProcess) -> Iterator[Meddler]:
    made = Meddler(server.port)
    yield made
    made.close()


@pytest.fixture
def meddler(_meddler: Meddler) -> Iterator[Meddler]:
    yield _meddler
    _meddler.stop_meddling()


@pytest.fixture(scope="module")
def _officer(
    _meddler: Meddler, tmp_path_factory: pytest.TempPathFactory, photos: Path
) -> Iterator[Engine]:
    engine = signed_in(tmp_path_factory.mktemp("officer") / "phone", _meddler.url, OFFICER, photos)
    engine.sync()
    yield engine
    engine.close()


@pytest.fixture
def officer(_officer: Engine, meddler: Meddler) -> Engine:  # noqa: ARG001
    """One officer's phone for all tests of a file, which reaches the server through the meddler.

    Before each test everything has been sent and received.
    """
    _officer.sync()
    return _officer


@pytest.fixture
def phone_at(tmp_path: Path, photos: Path) -> Iterator[Callable[..., Engine]]:
    """Make a phone on which somebody has just signed in at an address."""
    made: list[Engine] = []

    def sign_in_at(url: str, username: str = OFFICER, name: str = "") -> Engine:
        made.append(signed_in(tmp_path / f"phone-{name or username}", url, username, photos))
        return made[-1]

    yield sign_in_at
    for engine in made:
        engine.close()


@pytest.fixture
def picture(tmp_path: Path, photos: Path) -> Path:
    """A photo nobody has taken before: its end is no part of the picture, but evidence."""
    made = tmp_path / "large.jpg"
    made.write_bytes((photos / "gps_DSCN0012.jpg").read_bytes() + os.urandom(400_000))
    return made


@pytest.fixture
def bureau_app(server: ServerProcess, server_home: Path) -> Callable[..., object]:  # noqa: ARG001
    """Open the server's own code over the running server's database, as an administrator would."""

    @contextmanager
    def opened() -> Iterator[Flask]:
        app = create_app(read_settings(environment_for(server_home, DEMO="1")))
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()

    return opened
