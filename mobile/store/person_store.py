"""Everything one person keeps on this device, in one folder with one SQLite database."""

import sqlite3
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path

from mobile.store.database import Database
from mobile.store.outbox import OutboxTable
from mobile.store.photo_shelf import PhotoShelf
from mobile.store.replica import ReplicaTable
from mobile.store.schema import PERSON
from mobile.store.sealing import Seal, seal_of
from sync.errors import Unavailable
from sync.round import KEEP_ACKNOWLEDGED

_SEALED_BY = "sealed_by"
KEEP_VERIFIED_ORIGINALS = timedelta(days=30)


class PersonStore:
    """Thread-safe: one connection per thread, one writer at a time, synchronous=FULL.

    `outbox`, `photos` and `replica` are the three things a sync round works on; drafts and the
    screens' queries are functions that take the store (`mobile.capture.drafts`,
    `mobile.store.worklist`, …).
    """

    def __init__(
        self, folder: Path, kind: type[Database] = Database, seal: Seal | None = None
    ) -> None:
        """`kind` is how the database behaves: the simulator's can end at any commit.

        `seal`: what is written is sealed by it. Raises `Unavailable("key_needed")` for a store that
        is sealed while its key is not open.
        """
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.database = kind(folder / "person.sqlite", PERSON)
        self.seal = self._open_seal(seal)
        self.outbox = OutboxTable(self.database)
        self.photos = PhotoShelf(self.database, folder / "photos", self.seal)
        self.replica = ReplicaTable(self.database)
        self.outbox.recover()

    def reading(self) -> sqlite3.Connection:
        return self.database.reading()

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        return self.database.writing()

    def note(self, name: str, default: str = "") -> str:
        """Return a small fact kept with the person's data (last sync, patience, shift, …)."""
        row = self.reading().execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return default if row is None else str(row["value"])

    def set_note(self, name: str, value: str) -> None:
        with self.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def tidy(self, now: datetime) -> None:
        """Let go of what need not be kept: old acknowledged changes, verified old originals."""
        self.photos.remove_originals(now - KEEP_VERIFIED_ORIGINALS)
        self.outbox.forget_acknowledged(now - KEEP_ACKNOWLEDGED)

    def _open_seal(self, seal: Seal | None) -> Seal | None:
        known = self.note(_SEALED_BY)
        if seal is None and not known:
            return None
        if seal is None or known not in ("", seal.key_id.hex()):
            seal = seal_of(known)
        if seal is None:
            self.database.close()
            raise Unavailable("key_needed", detail=self.folder.name)
        self.database.open_seal(seal)
        if not known:
            self.set_note(_SEALED_BY, seal.key_id.hex())
        return seal

    def close(self) -> None:
        self.database.close()
