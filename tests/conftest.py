"""Fixtures that every part uses. What belongs to one part is in that folder's own conftest.

- `settings`, `app`, `client`: an empty, current SQLite database in a folder of its own.
- `in_app`: the same app with its context pushed, for calling actions and rules directly.
- `demo_app`, `demo_client`, `in_demo_app`: the demo district, copied from a template per test.
- `lived_in_app`: the same with a quarter of history.
- `server_process`: the real server over a demo home, with `kill`, `restart`, `stop`.
- `postgres_url`, `any_database`, `any_app`: the same on a real PostgreSQL.
- `photos`: the folder of sample pictures.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.app import create_app
from server.config import Settings, read_settings
from server.db import db
from server.schema import mark_schema_current
from tests.postgres import PostgresServer
from tests.server_process import ROOT, ServerProcess

SECRET = "a secret of the tests, 32 characters or more"


def pytest_configure() -> None:
    """Keep settings of the person who runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("XUNCHENG_")]:
        del os.environ[name]


def environment_for(home: Path, **more: str) -> dict[str, str]:
    """Return the variables of a server whose folder is `home`; `more` without the prefix."""
    given = {"HOME": str(home), "SECRET_KEY": SECRET, **more}
    return {f"XUNCHENG_{name}": value for name, value in given.items()}


def _make_tables(settings: Settings) -> None:
    app = create_app(settings)
    with app.app_context():
        db.create_all()
        mark_schema_current()
        db.session.remove()
        db.engine.dispose()


def _close(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _once(shared: Path, name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder `name` under `shared`, made by one test process for all of them."""
    folder, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the whole run, the same for all processes of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def empty_home(shared_folder: Path) -> Path:
    def make(folder: Path) -> None:
        _make_tables(read_settings(environment_for(folder)))

    return _once(shared_folder, "empty-home", make)


@pytest.fixture(scope="session")
def demo_home(shared_folder: Path) -> Path:
    """The demo district without its history of cases. Copy it; do not write into it."""

    def make(folder: Path) -> None:
        environment = os.environ | environment_for(folder, DEMO="1")
        _run_server_command(["demo", "--no-history"], environment)

    return _once(shared_folder, "demo-home", make)


@pytest.fixture(scope="session")
def lived_in_home(demo_home: Path, shared_folder: Path) -> Path:
    """The demo district with its quarter of history, as `python -m server demo` makes it."""

    def make(folder: Path) -> None:
        shutil.copytree(demo_home, folder, dirs_exist_ok=True)
        _run_server_command(["demo"], os.environ | environment_for(folder, DEMO="1"))

    return _once(shared_folder, "lived-in-home", make)


@pytest.fixture
def lived_in_app(lived_in_home: Path, tmp_path: Path) -> Iterator[Flask]:
    """An app over the demo district with its history. Its context is not pushed."""
    home = shutil.copytree(lived_in_home, tmp_path / "lived-in")
    app = create_app(read_settings(environment_for(home, DEMO="1")))
    app.testing = True
    yield app
    _close(app)


def _run_server_command(command: list[str], environment: dict[str, str]) -> None:
    arguments = [sys.executable, "-m", "server", *command]
    done = subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"`server {' '.join(command)}` failed:\n{done.stdout}\n{done.stderr}")


@pytest.fixture
def settings(empty_home: Path, tmp_path: Path) -> Settings:
    home = shutil.copytree(empty_home, tmp_path / "home")
    return read_settings(environment_for(home))


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """An app over an empty database. Its context is not pushed: see `in_app`."""
    app = create_app(settings)
    app.testing = True
    yield app
    _close(app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


@pytest.fixture
def demo_settings(demo_home: Path, tmp_path: Path) -> Settings:
    home = shutil.copytree(demo_home, tmp_path / "demo")
    return read_settings(environment_for(home, DEMO="1"))


@pytest.fixture
def demo_app(demo_settings: Settings) -> Iterator[Flask]:
    """An app over the demo district. Its context is not pushed: see `in_demo_app`."""
    app = create_app(demo_settings)
    app.testing = True
    yield app
    _close(app)


@pytest.fixture
def demo_client(demo_app: Flask) -> FlaskClient:
    return demo_app.test_client()


@pytest.fixture
def in_demo_app(demo_app: Flask) -> Iterator[Flask]:
    with demo_app.app_context():
        yield demo_app


@pytest.fixture
def server_process(demo_home: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    """The real server, running over a copy of the demo district."""
    home = shutil.copytree(demo_home, tmp_path / "demo")
    process = ServerProcess(environment_for(home, DEMO="1"), tmp_path / "server.log")
    process.start()
    yield process
    process.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    # A folder of its own: pytest clears old folders of its runs, also under a living server.
    with tempfile.TemporaryDirectory(prefix="xuncheng-postgres-") as folder:
        server = PostgresServer(Path(folder) / "cluster")
        server.start()
        yield server
        server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with all tables and no rows."""

    def fill(url: str) -> None:
        _make_tables(read_settings(environment_for(tmp_path / "template", DATABASE_URL=url)))

    url = postgres_server.new_database("empty", fill)
    yield url
    postgres_server.drop(url)


@pytest.fixture
def demo_postgres_url(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with the demo district in it."""

    def fill(url: str) -> None:
        more = environment_for(tmp_path / "template", DATABASE_URL=url, DEMO="1")
        _run_server_command(["demo", "--no-history"], os.environ | more)

    url = postgres_server.new_database("demo", fill)
    yield url
    postgres_server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return request.getfixturevalue("settings")
    url = request.getfixturevalue("postgres_url")
    return read_settings(environment_for(tmp_path / "home", DATABASE_URL=url))


@pytest.fixture
def any_app(any_database: Settings) -> Iterator[Flask]:
    app = create_app(any_database)
    app.testing = True
    yield app
    _close(app)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_demo_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An app over the demo district, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        settings = request.getfixturevalue("demo_settings")
    else:
        url = request.getfixturevalue("demo_postgres_url")
        settings = read_settings(environment_for(tmp_path / "home", DATABASE_URL=url, DEMO="1"))
    app = create_app(settings)
    app.testing = True
    yield app
    _close(app)


@pytest.fixture(scope="session")
def photos() -> Path:
    """The folder of sample pictures (`tests/photos/README.md` says what each is)."""
    return ROOT / "tests" / "photos"
