"""Answering with a photo's bytes: sizes re-encoded, originals exactly as sent, ranges, caching.

Who may see a photo is decided before this (`server.cases.photo_access`).
"""

from collections.abc import Iterator
from datetime import datetime

from flask import Response, request
from sqlalchemy import insert

from server.accounts.actor import Actor
from server.db import db
from server.feed import transaction
from server.photos.inspection import SCREEN, THUMB, derive_again, inspect_photo
from server.photos.models import Photo, PhotoView
from server.photos.store import photo_store
from server.photos.uploads import Announce
from sync.errors import Refused

ORIGINAL = "original"
SIZES = {"thumb": THUMB, "screen": SCREEN}
NO_SUCH_SIZE = "应为 thumb、screen 或 original"
NOT_ARRIVED = "照片尚未上传到服务器"
MESSAGES = (NO_SUCH_SIZE, NOT_ARRIVED)

_FOR_EVER = "private, max-age=31536000, immutable"


def photo_response(
    sha256: str, size: str, reader: Actor, now: datetime, announce: Announce | None = None
) -> Response:
    """Answer the present request with a photo as `thumb`, `screen` or `original`.

    A photo that nobody has opened yet is opened now (`announce` as in `inspect_pending`). Raises
    `Refused`: `invalid`, `not_found` while its bytes have not arrived, or why it is no picture.
    """
    if size != ORIGINAL and size not in SIZES:
        raise Refused("invalid", fields={"size": [NO_SUCH_SIZE]})
    photo = db.session.get(Photo, sha256)
    if photo is None or photo.verified_at is None:
        raise Refused("not_found", hint=NOT_ARRIVED)
    if size == ORIGINAL:
        return _original(photo, reader, now)
    if photo.inspected_at is None:
        inspect_photo(sha256, now, announce)
        photo = db.session.get_one(Photo, sha256, populate_existing=True)
    if photo.refused_code is not None:
        raise Refused(photo.refused_code)
    return _size(sha256, SIZES[size])


def _size(sha256: str, name: str) -> Response:
    store = photo_store()
    data = store.derived(sha256, name)
    if data is None:
        derive_again(sha256)
        data = store.derived(sha256, name)
    response = Response(data, mimetype="image/jpeg")
    _cache(response, f"{sha256}-{name}")
    response.make_conditional(request)
    return response


def _original(photo: Photo, reader: Actor, now: datetime) -> Response:
    sha256, media_type = photo.sha256, photo.type
    if sha256 in request.if_none_match:
        response = Response(status=304)
        _cache(response, sha256)
        return response
    store = photo_store()
    length = store.size(sha256)
    if length is None:
        raise Refused("not_found", hint=NOT_ARRIVED)
    start, end, status = _asked_range(sha256, length)
    body: Iterator[bytes] = iter(())
    if request.method != "HEAD" and status != 416:
        body = store.stream(sha256, start, end - start)
        _note_view(sha256, reader, now)
    response = Response(body, status, mimetype=media_type or "application/octet-stream")
    response.headers["Accept-Ranges"] = "bytes"
    response.content_length = 0 if status == 416 else end - start
    if status == 416:
        response.headers["Content-Range"] = f"bytes */{length}"
    if status == 206:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{length}"
    if media_type is None:  # not a picture, or not known to be one: never shown in a page
        response.headers["Content-Disposition"] = "attachment"
    _cache(response, sha256)
    return response


def _asked_range(sha256: str, length: int) -> tuple[int, int, int]:
    """Return (start, end, status): 200 for all, 206 for the one range asked for, 416 for none."""
    asked = request.range
    stale = request.if_range.etag is not None and request.if_range.etag != sha256
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1 or stale:
        return 0, length, 200
    found = asked.range_for_length(length)
    if found is None:
        return 0, 0, 416
    return found[0], found[1], 206


def _cache(response: Response, tag: str) -> None:
    response.set_etag(tag)
    response.headers["Cache-Control"] = _FOR_EVER
    response.headers["X-Content-Type-Options"] = "nosniff"


def _note_view(sha256: str, reader: Actor, now: datetime) -> None:
    with transaction() as session:
        row = {"sha256": sha256, "person_id": reader.person_id, "device_id": reader.device_id}
        session.execute(insert(PhotoView), [row | {"at": now}])
