"""That a change names photos: who, on which record, in which role. The bytes may come later."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.bulk import insert_rows
from server.feed.gathering import gathered
from server.photos.models import Photo, PhotoUse
from sync.errors import Refused
from sync.ids import uuid7
from sync.messages import MAX_PHOTO_BYTES, PhotoRef

_PHOTOS = cast(Table, Photo.__table__)
_USES = cast(Table, PhotoUse.__table__)


def name_photos(
    session: Session,
    actor: Actor,
    record_id: str,
    event_id: str | None,
    photos: Sequence[PhotoRef],
    now: datetime,
) -> None:
    """Remember that `actor` names `photos` on a record, in their order.

    The rows are written at the end of the transaction, those of a batch together.

    Raises `Refused("photo_empty")` for a photo of no bytes and `Refused("photo_too_large")` above
    40 MB, both naming the field (`photos.0.bytes`) and before anything is written.
    """
    for place, photo in enumerate(photos):
        _check_size(photo, place)
    if photos:
        gathered(session, NamedPhotos, NamedPhotos).add(actor, record_id, event_id, photos, now)


def write_named(session: Session) -> None:
    """Write what has been named so far, for whoever must read it before the transaction ends."""
    gathered(session, NamedPhotos, NamedPhotos).write()


def mark_named(session: Session) -> int:
    """Return a point to go back to when a savepoint is rolled back."""
    return len(gathered(session, NamedPhotos, NamedPhotos).uses)


def reset_named(session: Session, mark: int) -> None:
    """Forget what was named since `mark`."""
    waiting = gathered(session, NamedPhotos, NamedPhotos)
    del waiting.uses[mark:]
    kept = {use["sha256"] for use in waiting.uses}
    waiting.photos = {sha256: row for sha256, row in waiting.photos.items() if sha256 in kept}


@dataclass
class NamedPhotos:
    """What a transaction names, written in two statements however many records there are."""

    session: Session
    photos: dict[str, dict[str, Any]] = field(default_factory=dict)
    uses: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        actor: Actor,
        record_id: str,
        event_id: str | None,
        photos: Sequence[PhotoRef],
        now: datetime,
    ) -> None:
        millis = int(now.timestamp() * 1000)
        for place, photo in enumerate(photos):
            row = {"sha256": photo.sha256, "bytes": photo.bytes, "named_at": now}
            self.photos.setdefault(photo.sha256, row)
            use = _use(actor, record_id, event_id, photo, place, now)
            self.uses.append(use | {"id": uuid7(millis)})

    def write(self) -> None:
        if not self.uses:
            return
        # Sorted: all writers lock rows in one order.
        rows = [self.photos[sha256] for sha256 in sorted(self.photos)]
        insert_rows(self.session, _PHOTOS, rows, on_conflict="(sha256) DO NOTHING")
        insert_rows(self.session, _USES, self.uses)
        self.photos, self.uses = {}, []


def _check_size(photo: PhotoRef, place: int) -> None:
    where = f"photos.{place}.bytes"
    if photo.bytes <= 0:
        raise Refused("photo_empty", fields={where: ["照片是空文件"]})
    if photo.bytes > MAX_PHOTO_BYTES:
        raise Refused("photo_too_large", fields={where: ["照片超过 40 MB"]})


def _use(
    actor: Actor,
    record_id: str,
    event_id: str | None,
    photo: PhotoRef,
    place: int,
    now: datetime,
) -> dict[str, Any]:
    return {
        "sha256": photo.sha256,
        "record_id": record_id,
        "event_id": event_id,
        "change_id": actor.change_id,
        "person_id": actor.person_id,
        "device_id": actor.device_id,
        "role": str(photo.role),
        "finding": photo.finding,
        "taken_at": _instant(photo.taken_at),
        "lat": photo.lat,
        "lon": photo.lon,
        "accuracy_m": photo.accuracy_m,
        "position": place,
        "created_at": now,
    }


def _instant(text: str | None) -> datetime | None:
    """Return the device's word as an instant; None when it cannot be read or has no zone."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
