"""Photos as evidence: hashed at once, kept byte for byte, shown through derived copies."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mobile.capture.drafts import CapturedPhoto
from mobile.store.person_store import PersonStore
from sync.messages import Location, PhotoRole


@dataclass(frozen=True)
class Caption:
    """What is written on the watermarked copy: who, when, where, which record."""

    person: str
    taken_at: datetime
    place: str
    record: str


def take_in(
    store: PersonStore,
    picture: Path,
    role: PhotoRole,
    taken_at: datetime,
    location: Location | None,
) -> CapturedPhoto:
    """Keep a picture that the camera has just made; about 100 ms for 12 megapixels.

    The original is copied byte for byte, hashed on the way and synced to the disk. Raises
    `Refused` with `photo_empty`, `photo_too_large`, or `photo_wrong_type` (not a picture).
    """
    raise NotImplementedError


def screen_copy(store: PersonStore, sha256: str) -> Path | None:
    """Return the 1600 px upright copy when it has been made, else the thumb, else None."""
    raise NotImplementedError


def marked_copy(store: PersonStore, sha256: str) -> Path | None:
    """Return the watermarked copy when it has been made."""
    raise NotImplementedError
