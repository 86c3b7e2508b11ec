"""A real PostgreSQL server for the tests, started by them and stopped after them."""

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgresServer:
    """One cluster in `folder`, reachable on localhost only, made for speed and thrown away.

    PostgreSQL refuses to run as root, so as root it runs as the `postgres` user of its package.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._folder = folder
        self._durable = durable  # commits reach the disk, as measurements want it
        self.port = free_port()
        self._as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._templates: set[str] = set()
        self._options = ""

    def start(self) -> None:
        self._folder.mkdir(parents=True)
        if self._as_user:
            shutil.chown(self._folder, "postgres", "postgres")
            _let_through(self._folder)
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "xuncheng", "-A", "trust", "-E", "UTF8", "--no-sync")
        self._options = (
            f"-p {self.port} -h 127.0.0.1 -k {self._folder} -c max_connections=200 "
            f"-c shared_buffers=128MB -c fsync={'on' if self._durable else 'off'}"
        )
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", data, "-l", log, "-w", "-o", self._options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")

    def take_over(self) -> None:
        """Start again as a standby and be promoted: the same rows on a new timeline."""
        data = self._folder / "data"
        self._run("pg_ctl", "-D", str(data), "-m", "fast", "-w", "stop")
        signal = data / "standby.signal"
        signal.touch()
        if self._as_user:
            shutil.chown(signal, "postgres", "postgres")
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(data), "-l", log, "-w", "-o", self._options, "start")
        self._run("pg_ctl", "-D", str(data), "-w", "promote")

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://xuncheng@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str, fill: Callable[[str], None]) -> str:
        """Return the URL of a fresh copy of `template`, which `fill(url)` fills the first time."""
        if template not in self._templates:
            self._create(template, "template0")
            fill(self.url(template))
            self._templates.add(template)
        name = f"test_{secrets.token_hex(6)}"
        self._create(name, template)
        return self.url(name)

    def drop(self, url: str) -> None:
        name = url.rsplit("/", 1)[-1]
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _create(self, name: str, template: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(template)))

    def _execute(self, statement: sql.Composed) -> None:
        address = f"postgresql://xuncheng@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: str) -> None:
        if not _PROGRAMS:
            raise RuntimeError("PostgreSQL is not installed: run `make test`, which installs it")
        command = [*self._as_user, str(_PROGRAMS[0] / program), *arguments]
        output = self._folder / f"{program}.out"
        with output.open("wb") as sink:  # a pipe would stay open in the started server
            done = subprocess.run(command, stdout=sink, stderr=sink, cwd="/", check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{output.read_text()}")


def _let_through(folder: Path) -> None:
    """Let the postgres user pass the folders above its own, which pytest makes private."""
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if parent.owner() == "root" and not mode & 0o001:
            parent.chmod(mode | 0o001)
