"""A phone's engine in a process of its own, which SIGKILL ends: at a given commit, or any time."""

import os
import signal
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mobile.device.devices import desktop_devices
from mobile.store.database import Database
from mobile.store.home import DeviceHome
from mobile.store.person_store import PersonStore
from tests.mobile.engine import Engine


class MortalDatabase(Database):
    """Ends the process at its `dies_at`th commit: right before it, or right after it."""

    dies_at = 0
    dies_before = False
    commits = 0

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        outermost = not self.reading().in_transaction
        with super().writing() as connection:
            yield connection
            if outermost:
                self._count(self.dies_before)
        if outermost and not self.dies_before:
            self._die_if_due()

    def _count(self, before: bool) -> None:
        type(self).commits += 1
        if before:
            self._die_if_due()

    def _die_if_due(self) -> None:
        if self.commits == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Mortal:
    """A running child. `told()` returns the lines that it has said so far."""

    pid: int
    _reading: int
    _heard: bytes = b""

    def told(self) -> list[str]:
        while block := os.read(self._reading, 65_536):
            self._heard += block
        return self._heard.decode().split()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Return the signal that ended it, 0 when it came to its end, else its exit status."""
        _, status = os.waitpid(self.pid, 0)
        return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)


Life = Callable[[Engine, Callable[[str], None]], None]
"""What the child does, and how it says a word that survives it."""


def live(engine: Engine, life: Life, kind: type[Database] = Database) -> Mortal:
    """Let a child process do `life` with the phone's folder; `engine` itself must be closed."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Mortal(pid, reading)
    status = 1
    try:
        os.close(reading)
        home = DeviceHome(engine.home.folder)
        store = PersonStore(engine.home.folder / "people" / engine.person.id, kind)
        devices = desktop_devices(home, engine.home.folder)
        mortal = Engine(home, devices, engine.person, store, piece_bytes=engine.piece_bytes)
        life(mortal, lambda word: os.write(writing, f"{word}\n".encode()) and None)
        status = 0
    except BaseException:
        Path(engine.home.folder, "last-words").write_text(traceback.format_exc())
    finally:
        os._exit(status)
