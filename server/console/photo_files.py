"""Photos chosen in a browser: taken in through the same door as a phone's uploads."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from server.accounts.actor import Actor
from server.cases.publishing import refresh_photos
from server.console.security import MOST_PHOTOS, page_settings
from server.db import db
from server.photos.inspection import inspect_photo
from server.photos.models import Photo
from server.photos.store import photo_store
from server.photos.tus import Creation
from server.photos.uploads import Piece, Place, create_upload, receive
from sync.errors import CATALOGUE, Refused
from sync.messages import MAX_PHOTO_BYTES, PhotoRef, PhotoRole


def take_photos(
    files: Sequence[FileStorage], role: str, actor: Actor, now: datetime
) -> tuple[PhotoRef, ...]:
    """Keep the chosen files durably and return them as a change would name them.

    Each is opened as a picture at once, so that the person learns now what is wrong with it. Raises
    `Refused("invalid")` naming the field `after_photo`, with the file's name.
    """
    chosen = [file for file in files if file.filename]
    if len(chosen) > MOST_PHOTOS:
        raise _wrong("一次最多选 12 张照片")
    return tuple(_take(file, PhotoRole(role), actor, now) for file in chosen)


def upload_place() -> Place:
    """Return where uploads in progress lie, and the store."""
    return Place(folder=Path(page_settings().home) / "uploads", store=photo_store())


def _take(file: FileStorage, role: PhotoRole, actor: Actor, now: datetime) -> PhotoRef:
    source = cast(BinaryIO, file.stream)
    size = source.seek(0, 2)
    source.seek(0)
    if size == 0:
        raise _wrong(CATALOGUE["photo_empty"].message)
    if size > MAX_PHOTO_BYTES:
        raise _wrong(CATALOGUE["photo_too_large"].message)
    creation = Creation(length=size, filename=file.filename, filetype=file.mimetype)
    upload = create_upload(actor, creation, now)
    piece = Piece(offset=0, source=source, size=size)
    done = receive(upload_place(), actor, upload.id, piece, now, refresh_photos)
    sha256 = str(done.sha256)
    inspect_photo(sha256, now, refresh_photos)
    refused = db.session.scalar(select(Photo.refused_code).where(Photo.sha256 == sha256))
    if refused:
        raise _wrong(CATALOGUE[refused].message)
    return PhotoRef(sha256=sha256, bytes=size, type=file.mimetype, role=role)


def _wrong(message: str) -> Refused:
    return Refused("invalid", fields={"after_photo": [message]})
