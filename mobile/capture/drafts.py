"""Drafts: a record in the making, saved at every change; a kill at any moment loses nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mobile.store.person_store import PersonStore
from sync.messages import PhotoRef


@dataclass(frozen=True)
class CapturedPhoto:
    """A photo that this device holds: what the change will say, and where its files are."""

    ref: PhotoRef
    path: str  # the original, byte for byte
    thumb: str  # upright, at most 256 px
    stand_in: bool = False  # the picture could not be opened here (HEIC without support)


@dataclass(frozen=True)
class Draft:
    """A form as it stands. `body` has the wire's field names; `photos` in the order taken.

    `record_id`: the case it is about (a new id for a report). `replaces`: the refused change it mends.
    """

    id: str
    kind: str
    record_id: str
    created_at: datetime
    body: Mapping[str, Any] = field(default_factory=dict)
    photos: tuple[CapturedPhoto, ...] = ()
    replaces: str | None = None
    base_version: int | None = None

    def with_fields(self, **fields: Any) -> "Draft":
        """Return a copy with some body fields set; a field set to None is taken out."""
        raise NotImplementedError

    def with_photo(self, photo: CapturedPhoto) -> "Draft":
        raise NotImplementedError

    def without_photo(self, sha256: str) -> "Draft":
        raise NotImplementedError


def new_draft(
    store: PersonStore,
    kind: str,
    now: datetime,
    *,
    record_id: str | None = None,
    body: Mapping[str, Any] | None = None,
    base_version: int | None = None,
) -> Draft:
    """Start a draft and save it. `record_id` is the case for moves, None for a new record."""
    raise NotImplementedError


def save_draft(store: PersonStore, draft: Draft) -> None:
    """Make the draft durable as it stands. Takes a few milliseconds."""
    raise NotImplementedError


def open_drafts(store: PersonStore, kind: str | None = None) -> Sequence[Draft]:
    """Return drafts that were not finished, newest first."""
    raise NotImplementedError


def draft(store: PersonStore, draft_id: str) -> Draft | None:
    raise NotImplementedError


def discard(store: PersonStore, draft_id: str) -> None:
    """Drop a draft. Photos that nothing else names are removed from the device."""
    raise NotImplementedError


def mend(store: PersonStore, change_id: str, now: datetime) -> Draft:
    """Open a refused record as a draft that will replace it. Raises `Refused("not_rejected")`."""
    raise NotImplementedError
