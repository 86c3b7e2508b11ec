"""Where measurements take place: the demo district on a real server, in a folder thrown away."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import environment_for
from tests.postgres import PostgresServer
from tests.server_process import ServerProcess

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

    def cpu_seconds(self) -> float:
        """Return the processor time that the server's processes have used so far."""
        ticks = sum(_ticks(path) for path in Path("/proc").glob("[0-9]*/stat") if self._ours(path))
        return ticks / os.sysconf("SC_CLK_TCK")

    def _ours(self, stat: Path) -> bool:
        """Say whether a process belongs to the group that the server leads."""
        try:
            return os.getpgid(int(stat.parent.name)) == self.server.pid
        except ProcessLookupError:
            return False


def _ticks(stat: Path) -> int:
    fields = stat.read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])  # in user code, in the kernel


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one measurement, removed after it."""
    with tempfile.TemporaryDirectory(prefix="xuncheng-bench-") as name:
        yield Path(name)


def filled_home(home: Path) -> Path:
    """Fill the demo district into an SQLite database in `home` and return `home`."""
    _fill(ServerProcess(environment_for(home, DEMO="1"), home.parent / "filling.log"))
    return home


def _fill(server: ServerProcess) -> None:
    server.command("demo", "--no-history")


@contextmanager
def stage(database: str = "SQLite", *options: str) -> Iterator[Stage]:
    """Fill the demo district into a fresh database and serve it."""
    with folder() as place, _database(database, place) as more:
        environment = environment_for(place / "home", DEMO="1", **more)
        server = ServerProcess(environment, place / "server.log", *options)
        _fill(server)
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
