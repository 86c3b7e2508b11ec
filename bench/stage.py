"""Where measurements take place: the demo district on a real server, in a folder thrown away."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import environment_for
from tests.postgres import PostgresServer
from tests.server_process import ROOT, ServerProcess

DATABASES = ("SQLite", "PostgreSQL")


@dataclass(frozen=True)
class Stage:
    """A running server over the demo district, and the settings that it runs with."""

    server: ServerProcess
    environment: dict[str, str]
    folder: Path

    @property
    def port(self) -> int:
        return self.server.port


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one measurement, removed after it."""
    with tempfile.TemporaryDirectory(prefix="xuncheng-bench-") as name:
        yield Path(name)


@contextmanager
def stage(database: str = "SQLite", *options: str) -> Iterator[Stage]:
    """Fill the demo district into a fresh database and serve it."""
    with folder() as place, _database(database, place) as more:
        environment = environment_for(place / "home", DEMO="1", **more)
        server = ServerProcess(environment, place / "server.log", *options)
        for command in ("init-db", "demo"):
            server.command(command)
        server.start()
        try:
            yield Stage(server, environment, place)
        finally:
            server.close()


@contextmanager
def _database(kind: str, place: Path) -> Iterator[dict[str, str]]:
    if kind == "SQLite":
        yield {}
        return
    place.chmod(0o755)  # the postgres user must pass through
    server = PostgresServer(place / "cluster", durable=True)
    server.start()
    try:
        yield {"DATABASE_URL": server.new_database("template", lambda _: None)}
    finally:
        server.stop()


def run_module(name: str, environment: dict[str, str]) -> str:
    """Run `python -m name` in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", name],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr}")
    return done.stdout
