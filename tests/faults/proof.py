"""What must be true in the end: everything acknowledged is there, once, and byte for byte."""

import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobile.transfer.sign_in import remote_of
from sync.messages import Change
from sync.outbox import ChangeState
from tests.mobile.engine import Engine


@dataclass(frozen=True)
class Proof:
    """Reads an SQLite server's home directly, past the server."""

    home: Path
    scratch: Path

    def rows(self, sql: str, *values: Any) -> list[Any]:
        connection = sqlite3.connect(f"file:{self.home / 'xuncheng.db'}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def write(self, sql: str, *values: Any) -> int:
        """Change the server's rows as no part of the server would; return how many changed."""
        connection = sqlite3.connect(self.home / "xuncheng.db", timeout=30)
        try:
            with connection:
                return connection.execute(sql, values).rowcount
        finally:
            connection.close()

    def received(self, change: Change) -> list[tuple[str, str]]:
        """Return (outcome, flags) of every row that the server has of a change."""
        return self.rows("SELECT outcome, flags FROM received_change WHERE id = ?", change.id)

    def cases(self, changes: Iterable[Change]) -> int:
        """Return how many cases the reports among `changes` have become."""
        ids = [change.record_id for change in changes]
        marks = ",".join("?" * len(ids))
        return int(self.rows(f'SELECT count(*) FROM "case" WHERE id IN ({marks})', *ids)[0][0])

    def reports_of(self, change: Change) -> int:
        """Return how often a report was carried out: its events on the case."""
        sql = "SELECT count(*) FROM case_event WHERE case_id = ? AND move = 'report'"
        return int(self.rows(sql, change.record_id)[0][0])

    def original(self, sha256: str) -> bytes:
        folder = self.home / "photos" / "originals"
        return (folder / sha256[:2] / sha256[2:4] / sha256).read_bytes()

    def holds(self, *changes: Change) -> None:
        """Assert that each change is in force once, with its photos byte for byte."""
        for change in changes:
            ((outcome, _),) = self.received(change)
            assert outcome == "applied", (change.id, outcome)
            assert self.reports_of(change) == 1
            for photo in change.photos:
                data = self.original(photo.sha256)
                assert hashlib.sha256(data).hexdigest() == photo.sha256
                sql = "SELECT verified_at FROM photo WHERE sha256 = ?"
                assert self.rows(sql, photo.sha256) != [(None,)]


def state(engine: Engine, change: Change) -> ChangeState:
    entry = engine.store.outbox.entry(change.id)
    assert entry is not None
    return entry.state


def is_like_the_server(engine: Engine) -> None:
    """Assert that the phone's replica has the digests that the server gives, unmended."""
    assert engine.sync().pull.repaired == []
    remote = remote_of(engine.home, engine.devices, engine.person.id)
    page = remote.pull(engine.store.replica.cursors(), 1000)
    remote.close()
    assert not page.rows
    assert not page.more
    assert {scope: engine.store.replica.digest(scope) for scope in page.scopes} == page.digests
