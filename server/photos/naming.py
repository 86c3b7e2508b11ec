"""That a change names photos: who, on which record, in which role. The bytes may come later."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.photos.models import Photo, PhotoUse
from sync.errors import Refused
from sync.ids import uuid7
from sync.messages import MAX_PHOTO_BYTES, PhotoRef


def name_photos(
    session: Session,
    actor: Actor,
    record_id: str,
    event_id: str | None,
    photos: Sequence[PhotoRef],
    now: datetime,
) -> None:
    """Remember that `actor` names `photos` on a record, in their order; nothing is committed.

    Raises `Refused("photo_empty")` for a photo of no bytes and `Refused("photo_too_large")` above
    40 MB, both naming the field (`photos.0.bytes`) and before anything is written.
    """
    if not photos:
        return
    for place, photo in enumerate(photos):
        _check_size(photo, place)
    millis = int(now.timestamp() * 1000)
    rows = [{"sha256": sha256, "bytes": size, "named_at": now} for sha256, size in _sizes(photos)]
    session.execute(_insert_photo(session), rows)
    session.execute(
        insert(PhotoUse),
        [
            _use(actor, record_id, event_id, photo, place, now) | {"id": uuid7(millis)}
            for place, photo in enumerate(photos)
        ],
    )


def _check_size(photo: PhotoRef, place: int) -> None:
    where = f"photos.{place}.bytes"
    if photo.bytes <= 0:
        raise Refused("photo_empty", fields={where: ["照片是空文件"]})
    if photo.bytes > MAX_PHOTO_BYTES:
        raise Refused("photo_too_large", fields={where: ["照片超过 40 MB"]})


def _sizes(photos: Sequence[PhotoRef]) -> list[tuple[str, int]]:
    """Return each hash once with its size, sorted: all writers lock rows in one order."""
    return sorted({photo.sha256: photo.bytes for photo in photos}.items())


def _insert_photo(session: Session) -> Any:
    dialect = session.get_bind().dialect.name
    table = Photo.__table__
    statement = (sqlite if dialect == "sqlite" else postgresql).insert(table)
    return statement.on_conflict_do_nothing(index_elements=["sha256"])


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
