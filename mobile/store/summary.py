"""One glance at what has not reached the server yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mobile.store.person_store import PersonStore
from mobile.store.records import RecordItem


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


@dataclass(frozen=True)
class WaitingPhoto:
    """One photo on its way: `sent` of `bytes` are on the server."""

    sha256: str
    thumb: str | None
    bytes: int
    sent: int
    state: str  # local | uploading | refused
    error_code: str | None


def sync_summary(store: PersonStore) -> SyncSummary:
    raise NotImplementedError


def waiting_photos(store: PersonStore, limit: int = 100) -> Sequence[WaitingPhoto]:
    """Return photos not yet verified by the server, oldest first."""
    raise NotImplementedError
