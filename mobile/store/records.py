"""Everything this person has recorded on this device, with how far each record has got."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mobile.store.names import Name
from mobile.store.person_store import PersonStore


class RecordStatus(StrEnum):
    DRAFT = "draft"
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    PHOTOS_PENDING = "photos_pending"
    ATTENTION = "attention"  # the server refused it, or one of its photos
    REVIEWED = "reviewed"  # the case it is about is closed


@dataclass(frozen=True)
class RecordProblem:
    """Why a record needs attention: a code of `sync.errors.CATALOGUE`, and messages per field."""

    code: str
    message: str
    fields: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class RecordItem:
    """One record. `id` is the draft's id or the change's id; `record_id` the case's."""

    id: str
    record_id: str
    kind: str
    title: Name
    place: str
    at: datetime
    status: RecordStatus
    photos: int
    photos_sent: int
    thumb: str | None
    error: RecordProblem | None = None
    result: str | None = None  # of a check (pass, fail), a verification (yes, no), a step


def records(
    store: PersonStore, limit: int = 50, before: datetime | None = None, query: str = ""
) -> Sequence[RecordItem]:
    """Return own records, newest first, older than `before`, whose title or place has `query`."""
    raise NotImplementedError


def record(store: PersonStore, item_id: str) -> RecordItem | None:
    raise NotImplementedError
