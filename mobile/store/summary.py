"""One glance at what has not reached the server yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mobile.store.person_store import PersonStore
from mobile.store.records import RecordItem, problems
from mobile.store.times import from_text

LAST_SYNC = "last_sync_at"
NEXT_TRY = "next_try_at"


@dataclass(frozen=True)
class SyncSummary:
    """Counts of unsent work; sizes in bytes; times aware or None."""

    unsent_records: int
    unsent_photos: int
    unsent_photo_bytes: int
    oldest_unsent_at: datetime | None
    last_sync_at: datetime | None
    next_try_at: datetime | None
    problems: Sequence[RecordItem]

    @property
    def all_sent(self) -> bool:
        return not (self.unsent_records or self.unsent_photos or self.problems)


@dataclass(frozen=True)
class WaitingPhoto:
    """One photo on its way: `sent` of `bytes` are on the server."""

    sha256: str
    thumb: str | None
    bytes: int
    sent: int
    state: str  # local | uploading | held | refused
    error_code: str | None


def sync_summary(store: PersonStore) -> SyncSummary:
    """Return what still waits on this device, and what a person has to look at."""
    status = store.outbox.unsent_status()
    photos = store.reading().execute(
        """SELECT count(*) FROM photo WHERE state IN ('local', 'uploading', 'held')
             AND sha256 IN (SELECT sha256 FROM photo_use)"""
    )
    return SyncSummary(
        unsent_records=status.unsent_records,
        unsent_photos=photos.fetchone()[0],
        unsent_photo_bytes=status.unsent_photo_bytes,
        oldest_unsent_at=status.oldest_unsent_at,
        last_sync_at=from_text(store.note(LAST_SYNC) or None),
        next_try_at=from_text(store.note(NEXT_TRY) or None),
        problems=problems(store),
    )


def waiting_photos(store: PersonStore, limit: int = 100) -> Sequence[WaitingPhoto]:
    """Return photos not yet verified by the server, oldest first."""
    return [
        WaitingPhoto(
            sha256=photo.sha256,
            thumb=str(photo.thumb) if photo.thumb.exists() else None,
            bytes=photo.bytes,
            sent=photo.sent,
            state=photo.state,
            error_code=photo.error,
        )
        for photo in store.photos.not_verified(limit)
    ]
