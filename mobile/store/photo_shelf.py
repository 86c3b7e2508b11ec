"""The photos of one person on this device: originals, copies, and how far each has travelled."""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mobile.store.database import Database
from mobile.store.sealing import Seal, SealBroken, open_file
from mobile.store.times import as_text, from_text
from sync.photos import PhotoState, QueuedPhoto

_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class HeldPhoto:
    """A photo on this device. Paths are absolute; `original` may have been removed by now."""

    sha256: str
    original: Path
    thumb: Path
    screen: Path | None
    marked: Path | None
    bytes: int
    media_type: str
    state: PhotoState
    stand_in: bool
    sent: int
    error: str | None
    created_at: datetime


class PhotoShelf:
    """Rows about photos, and the folder their files are in. Implements `sync.round.DevicePhotos`.

    `folder` holds the originals by hash; `folder/copies` what was derived from them.
    """

    def __init__(self, database: Database, folder: Path, seal: Seal | None = None) -> None:
        self._database = database
        self.seal = seal
        self.folder = folder
        self.copies = folder / "copies"
        self.copies.mkdir(parents=True, exist_ok=True)

    def add(self, photo: HeldPhoto) -> None:
        """Note a photo whose file is safely on the disk; taking the same one twice is normal."""
        with self._database.writing() as connection:
            connection.execute(
                """INSERT INTO photo (sha256, path, thumb, bytes, type, state, stand_in, created_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (sha256) DO UPDATE SET path = excluded.path, removed_at = NULL""",
                (
                    photo.sha256,
                    self._relative(photo.original),
                    self._relative(photo.thumb),
                    photo.bytes,
                    photo.media_type,
                    photo.state,
                    photo.stand_in,
                    as_text(photo.created_at),
                ),
            )

    def get(self, sha256: str) -> HeldPhoto | None:
        row = self._row(sha256)
        return None if row is None else self._held(row)

    def get_many(self, hashes: Sequence[str]) -> Mapping[str, HeldPhoto]:
        """Return those of the photos that this device knows, by hash."""
        marks = ",".join("?" * len(hashes))
        rows = self._database.reading().execute(
            f"SELECT * FROM photo WHERE sha256 IN ({marks})", tuple(hashes)
        )
        return {row["sha256"]: self._held(row) for row in rows}

    def not_verified(self, limit: int) -> Sequence[HeldPhoto]:
        """Return photos of finished records that the server has not verified, oldest first."""
        rows = self._database.reading().execute(
            """SELECT * FROM photo WHERE state != 'verified'
                 AND sha256 IN (SELECT sha256 FROM photo_use) ORDER BY created_at LIMIT ?""",
            (limit,),
        )
        return [self._held(row) for row in rows]

    # --- what a sync round needs

    def unverified(self, limit: int) -> Sequence[QueuedPhoto]:
        rows = self._database.reading().execute(
            """SELECT * FROM photo WHERE state IN ('local', 'uploading', 'held') AND EXISTS (
                 SELECT 1 FROM photo_use JOIN change ON change.id = photo_use.change_id
                 WHERE photo_use.sha256 = photo.sha256 AND change.state = 'acknowledged')
               ORDER BY created_at LIMIT ?""",
            (limit,),
        )
        return [
            QueuedPhoto(
                sha256=row["sha256"],
                bytes=row["bytes"],
                media_type=row["type"],
                state=PhotoState(row["state"]),
                url=row["upload_url"],
                offset=row["upload_offset"],
                restarts=row["restarts"],
            )
            for row in rows
        ]

    def read(self, sha256: str, offset: int, size: int) -> bytes:
        held = self.get(sha256)
        if held is None or not held.original.exists():
            return b""
        try:
            with open_file(held.original) as file:
                file.seek(offset)
                return file.read(size)
        except SealBroken:
            return b""  # altered on this device: whoever sends it sees that it ends too early

    def is_intact(self, sha256: str) -> bool:
        held = self.get(sha256)
        try:
            return (
                held is not None and held.original.exists() and file_hash(held.original) == sha256
            )
        except SealBroken:
            return False

    def mark_upload(self, sha256: str, url: str, offset: int) -> None:
        self._update(
            "state = 'uploading', upload_url = ?, upload_offset = ?", (url, offset), sha256
        )

    def mark_held(self, sha256: str) -> None:
        self._update("state = 'held', upload_offset = bytes", (), sha256)

    def mark_verified(self, hashes: Sequence[str], now: datetime) -> None:
        with self._database.writing() as connection:
            connection.executemany(
                """UPDATE photo SET state = 'verified', error = NULL, upload_url = NULL,
                     upload_offset = bytes, verified_at = coalesce(verified_at, ?)
                   WHERE sha256 = ?""",
                [(as_text(now), sha256) for sha256 in hashes],
            )

    def mark_refused(self, sha256: str, code: str) -> None:
        self._update("state = 'refused', error = ?, upload_url = NULL", (code,), sha256)

    def begin_again(self, sha256: str, *, count: bool) -> None:
        self._update(
            "state = 'local', upload_url = NULL, upload_offset = 0, restarts = restarts + ?",
            (int(count),),
            sha256,
        )

    def ask_again(self) -> None:
        with self._database.writing() as connection:
            connection.execute(
                """UPDATE photo SET state = 'local', verified_at = NULL, upload_url = NULL,
                     upload_offset = 0 WHERE state IN ('verified', 'held', 'uploading')
                     AND removed_at IS NULL"""
            )

    # --- copies, and letting go

    def remember_caption(self, sha256: str, caption: str) -> None:
        """Note (as JSON) what the watermarked copy will say, until it has been made."""
        self._update("caption = sealed(?)", (caption,), sha256)

    def undeveloped(self) -> Sequence[tuple[str, str]]:
        """Return (sha256, caption) of photos whose copies have not been made."""
        rows = self._database.reading().execute(
            "SELECT sha256, caption FROM photo WHERE caption IS NOT NULL ORDER BY created_at"
        )
        return [(row["sha256"], row["caption"]) for row in rows]

    def mark_developed(self, sha256: str, screen: Path | None, marked: Path | None) -> None:
        values = tuple(self._relative(path) if path else None for path in (screen, marked))
        self._update("screen = ?, marked = ?, caption = NULL", values, sha256)

    def remove_originals(self, verified_before: datetime) -> int:
        """Delete originals that the server verified before then; return how many."""
        connection = self._database.reading()
        rows = connection.execute(
            """SELECT * FROM photo WHERE state = 'verified' AND removed_at IS NULL
                 AND verified_at < ?""",
            (as_text(verified_before),),
        ).fetchall()
        for row in rows:
            (self.folder / row["path"]).unlink(missing_ok=True)
            self._update("removed_at = ?", (as_text(verified_before),), row["sha256"])
        return len(rows)

    def remove_unused(self, sha256: str) -> None:
        """Drop a photo that no change names: it was thrown away with its draft."""
        with self._database.writing() as connection:
            row = self._row(sha256)
            used = connection.execute("SELECT 1 FROM photo_use WHERE sha256 = ?", (sha256,))
            if row is None or used.fetchone() is not None:
                return
            connection.execute("DELETE FROM photo WHERE sha256 = ?", (sha256,))
        # After the commit: a row without a file would be a lost photo, a file without a row is not.
        for name in ("path", "thumb", "screen", "marked"):
            if row[name]:
                (self.folder / row[name]).unlink(missing_ok=True)

    def _row(self, sha256: str) -> sqlite3.Row | None:
        found: sqlite3.Row | None = (
            self._database.reading()
            .execute("SELECT * FROM photo WHERE sha256 = ?", (sha256,))
            .fetchone()
        )
        return found

    def _update(self, assignments: str, values: tuple[object, ...], sha256: str) -> None:
        with self._database.writing() as connection:
            connection.execute(
                f"UPDATE photo SET {assignments} WHERE sha256 = ?", (*values, sha256)
            )

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _held(self, row: sqlite3.Row) -> HeldPhoto:
        created_at = from_text(row["created_at"])
        assert created_at is not None
        return HeldPhoto(
            sha256=row["sha256"],
            original=self.folder / row["path"],
            thumb=self.folder / row["thumb"],
            screen=self.folder / row["screen"] if row["screen"] else None,
            marked=self.folder / row["marked"] if row["marked"] else None,
            bytes=row["bytes"],
            media_type=row["type"],
            state=PhotoState(row["state"]),
            stand_in=bool(row["stand_in"]),
            sent=row["upload_offset"],
            error=row["error"],
            created_at=created_at,
        )


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, as it was before it was sealed, as 64 hex digits."""
    digest = hashlib.sha256()
    with open_file(path) as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()
