"""Opening photos that have arrived, apart from their arrival: a scheduler's job, or on demand.

What is not an acceptable picture stays held as bytes and gets a `refused_code`. A photo is claimed
before it is opened, so several processes share the work; one that kills its process three times is
refused as unreadable instead of being tried for ever.
"""

import threading
from datetime import datetime, timedelta, tzinfo

import structlog
from flask import current_app
from sqlalchemy import CursorResult, select, update

from server.config import Settings
from server.db import db
from server.feed import transaction
from server.photos.models import Photo
from server.photos.opening import Picture, open_picture
from server.photos.store import photo_store
from server.photos.uploads import Announce
from sync.errors import Refused

CLAIM_FOR = timedelta(minutes=5)
MAX_TRIES = 3
THUMB, SCREEN = "thumb.jpg", "screen.jpg"

log = structlog.get_logger()

# A 50-megapixel picture takes 200 MB while it is open; sixteen threads must not do that at once.
_opening = threading.BoundedSemaphore(2)


def inspect_pending(now: datetime, limit: int, announce: Announce | None = None) -> list[str]:
    """Open up to `limit` photos that have arrived; return the hashes of those that were opened.

    `announce` is called in the transaction that records each result (to publish its cases anew).
    """
    waiting = db.session.scalars(
        select(Photo.sha256)
        .where(Photo.inspected_at.is_(None), Photo.verified_at.is_not(None), _unclaimed(now))
        .order_by(Photo.verified_at)
        .limit(limit)
    ).all()
    return [sha256 for sha256 in waiting if _claim(sha256, now) and _inspect(sha256, now, announce)]


def inspect_photo(sha256: str, now: datetime, announce: Announce | None = None) -> None:
    """Open one photo now, whoever else may be at it: the result is the same."""
    _claim(sha256, now)
    _inspect(sha256, now, announce)


def derive_again(sha256: str) -> None:
    """Make the sizes of an accepted photo anew: the folder of derived copies may be thrown away."""
    with _opening:
        _keep_sizes(sha256, open_picture(photo_store().read(sha256), _zone()))


def _unclaimed(now: datetime):  # type: ignore[no-untyped-def]
    return Photo.inspect_claimed_at.is_(None) | (Photo.inspect_claimed_at <= now - CLAIM_FOR)


def _claim(sha256: str, now: datetime) -> bool:
    """Take the photo for ourselves; of several processes exactly one gets it."""
    with transaction() as session:
        done = session.execute(
            update(Photo)
            .where(Photo.sha256 == sha256, Photo.inspected_at.is_(None), _unclaimed(now))
            .values(inspect_claimed_at=now, inspect_tries=Photo.inspect_tries + 1)
            .execution_options(synchronize_session=False)
        )
        return isinstance(done, CursorResult) and done.rowcount == 1


def _inspect(sha256: str, now: datetime, announce: Announce | None) -> bool:
    photo = db.session.get(Photo, sha256, populate_existing=True)
    if photo is None or photo.verified_at is None or photo.inspected_at is not None:
        return False
    tries = photo.inspect_tries
    db.session.rollback()  # hold no snapshot while the picture is being opened
    found: Picture | None = None
    refused_code: str | None = None
    try:
        found = _open(sha256, tries)
    except Refused as refusal:
        refused_code = refusal.code
        log.info("photo_refused", sha256=sha256, code=refusal.code, why=refusal.detail)
    _record(sha256, found, refused_code, now, announce)
    return True


def _open(sha256: str, tries: int) -> Picture:
    if tries > MAX_TRIES:
        raise Refused("photo_unreadable", detail=f"its opening never ended, {MAX_TRIES} times")
    with _opening:
        picture = open_picture(photo_store().read(sha256), _zone())
    _keep_sizes(sha256, picture)
    return picture


def _keep_sizes(sha256: str, picture: Picture) -> None:
    store = photo_store()
    store.put_derived(sha256, SCREEN, picture.screen)
    store.put_derived(sha256, THUMB, picture.thumb)


def _record(
    sha256: str,
    found: Picture | None,
    refused_code: str | None,
    now: datetime,
    announce: Announce | None,
) -> None:
    values: dict[str, object] = {"inspected_at": now, "refused_code": refused_code}
    if found is not None:
        values |= {
            "type": found.type,
            "width": found.width,
            "height": found.height,
            "exif": found.exif.as_json(),
            "exif_taken_at": found.exif.taken_at,
            "exif_lat": found.exif.lat,
            "exif_lon": found.exif.lon,
        }
    with transaction() as session:
        session.execute(
            update(Photo)
            .where(Photo.sha256 == sha256)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        if announce is not None:
            announce(session, [sha256], now)


def _zone() -> tzinfo:
    settings: Settings = current_app.extensions["xuncheng_settings"]
    return settings.timezone
