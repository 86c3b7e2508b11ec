"""Receiving photos, piece by piece (tus): what is durable is in the database, and is all we claim.

Bytes are written at the offset and fsynced, then the offset advances. Nothing is locked in the
database while bytes come in, so no upload waits for another.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from werkzeug.exceptions import ClientDisconnected

from server.accounts.actor import Actor
from server.db import db
from server.feed import transaction
from server.photos.models import Photo, Upload
from server.photos.part_file import (
    ByteSource,
    PartFile,
    only_writer,
    remove_abandoned,
    remove_part,
)
from server.photos.store import PhotoStore
from server.photos.tus import Checksum, Creation, file_label, type_label
from sync.errors import Malformed, Refused, Unavailable
from sync.ids import uuid7

LIFETIME = timedelta(days=7)
FORGET_AFTER = timedelta(days=30)
MAX_OPEN_UPLOADS = 200

log = structlog.get_logger()

Announce = Callable[[Session, Sequence[str], datetime], object]
"""Called as (session, hashes, now) in the transaction in which the state of photos changes."""


@dataclass(frozen=True)
class Place:
    """Where uploads lie: the folder of parts in progress, and the store of whole photos."""

    folder: Path
    store: PhotoStore


@dataclass(frozen=True)
class Progress:
    """How far an upload is. `offset` and `length` in bytes; `sha256` once it is known."""

    id: str
    offset: int
    length: int
    expires_at: datetime
    sha256: str | None = None
    filename: str | None = None
    filetype: str | None = None

    @property
    def done(self) -> bool:
        return self.offset == self.length


@dataclass(frozen=True)
class Piece:
    """Bytes on their way: `size` is None when the client did not say how many."""

    offset: int
    source: ByteSource
    size: int | None
    checksum: Checksum | None = None


def create_upload(actor: Actor, creation: Creation, now: datetime) -> Progress:
    """Open an upload for `actor`. Raises `Unavailable("slow_down")` with too many open ones."""
    row = _new_row(actor, creation, now)
    with transaction() as session:
        if _open_uploads(session, actor.person_id, now) >= MAX_OPEN_UPLOADS:
            raise Unavailable("slow_down", retry_after=60)
        session.add(row)
        return _progress(row)


def receive_whole(
    place: Place, actor: Actor, creation: Creation, piece: Piece, now: datetime, announce: Announce
) -> Progress:
    """Take a photo that comes with its creation, in one transaction.

    When it cannot be taken whole, nothing is kept: the client has not been told an address where
    it could go on. Raises as `receive`, and `malformed` when it ended early.
    """
    row = _new_row(actor, creation, now)
    before = _progress(row)
    with only_writer(place.folder, before.id) as part:
        try:
            if _take_bytes(part, piece, before.length) < before.length:
                raise Malformed("malformed", detail="the body ended early")
            return _finish(place, part, before, now, announce, new_row=row)
        finally:
            remove_part(place.folder, before.id)


def find_upload(actor: Actor, upload_id: str, now: datetime) -> Progress:
    """Return how far an upload is.

    Raises `Refused`: `not_found` (also for somebody else's), `upload_expired`.
    """
    row = db.session.get(Upload, upload_id, populate_existing=True)
    if row is None or row.person_id != actor.person_id:
        raise Refused("not_found")
    if row.state in ("failed", "ended") or row.expires_at <= now:
        raise Refused("upload_expired")
    return _progress(row)


def receive(
    place: Place, actor: Actor, upload_id: str, piece: Piece, now: datetime, announce: Announce
) -> Progress:
    """Take a piece; when it is the last one, verify the photo and keep it.

    Of two pieces at one offset exactly one wins. When the client is cut off, what arrived is kept.
    Raises `Refused`: as `find_upload`, and `offset_mismatch`, `upload_busy`, `too_large`,
    `checksum_mismatch` (offset unchanged), `photo_hash_mismatch` (the bytes are in quarantine).
    """
    before = _check_place(find_upload(actor, upload_id, now), piece)
    if before.done:
        return before
    with only_writer(place.folder, upload_id) as part:
        # Somebody may have written between our first look and the lock: look again, freshly.
        db.session.rollback()
        before = _check_place(find_upload(actor, upload_id, now), piece)
        db.session.rollback()  # hold no snapshot and no connection while bytes come in
        if part.size < before.offset:
            _end(upload_id, "failed")  # the file is gone: another host's, or a restored database
            raise Refused("upload_expired")
        part.cut(before.offset)
        offset = before.offset + _take_bytes(part, piece, before.length - before.offset)
        if offset == before.length:
            return _finish(place, part, before, now, announce)
        return _advance(part, before, offset, now)


def end_upload(place: Place, actor: Actor, upload_id: str, now: datetime) -> None:
    """Forget an upload at its owner's wish. A photo already verified stays.

    Raises `Refused`: as `find_upload`, and `upload_busy` while a piece is being written.
    """
    find_upload(actor, upload_id, now)
    with only_writer(place.folder, upload_id):
        _end(upload_id, "ended")
        remove_part(place.folder, upload_id)


def sweep_uploads(place: Place, now: datetime) -> int:
    """Remove the files of expired uploads and rows nobody asks for any more; return how many."""
    late = select(Upload.id).where(Upload.expires_at <= now, Upload.state != "ended")
    expired = list(db.session.scalars(late))
    for upload_id in expired:
        remove_part(place.folder, upload_id)
        _end(upload_id, "ended")
    with transaction() as session:
        session.execute(delete(Upload).where(Upload.expires_at <= now - FORGET_AFTER))
    remove_abandoned(place.folder, (now - LIFETIME).timestamp())
    return len(expired)


def _new_row(actor: Actor, creation: Creation, now: datetime) -> Upload:
    return Upload(
        id=uuid7(int(now.timestamp() * 1000)),
        person_id=actor.person_id,
        device_id=actor.device_id,
        sha256=creation.sha256,
        length=creation.length,
        offset=0,
        filename=file_label(creation.filename),
        filetype=type_label(creation.filetype),
        state="open",
        created_at=now,
        expires_at=now + LIFETIME,
    )


def _open_uploads(session: Session, person_id: str, now: datetime) -> int:
    mine = (Upload.person_id == person_id, Upload.state == "open", Upload.expires_at > now)
    return session.scalar(select(func.count()).select_from(Upload).where(*mine)) or 0


def _progress(row: Upload) -> Progress:
    return Progress(
        id=row.id,
        offset=row.offset,
        length=row.length,
        expires_at=row.expires_at,
        sha256=row.sha256,
        filename=row.filename,
        filetype=row.filetype,
    )


def _check_place(before: Progress, piece: Piece) -> Progress:
    if piece.offset != before.offset:
        raise Refused("offset_mismatch")
    if piece.size is not None and piece.size > before.length - before.offset:
        raise Refused("too_large")
    return before


def _take_bytes(part: PartFile, piece: Piece, room: int) -> int:
    """Write the piece and return its size. On refusal the file is as it was."""
    hashed = piece.checksum.start() if piece.checksum else None
    source = _Arriving(piece.source)
    arrived = part.append(source, piece.offset, room, hashed)
    if piece.checksum and hashed is not None and hashed.digest() != piece.checksum.digest:
        part.cut(piece.offset)
        raise Refused("checksum_mismatch")
    if arrived == room and not source.ended and source.read(1):
        part.cut(piece.offset)
        raise Refused("too_large")
    return arrived


class _Arriving:
    """A request's body whose early end is an end, not an error: what came is kept."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self.ended = False

    def read(self, size: int, /) -> bytes:
        try:
            piece = self._source.read(size)
        except (ClientDisconnected, ConnectionError, TimeoutError):
            piece = b""
        self.ended = not piece
        return piece


def _advance(part: PartFile, before: Progress, offset: int, now: datetime) -> Progress:
    if offset > before.offset:
        part.sync()
    with transaction() as session:
        _move(session, before, offset=offset, expires_at=now + LIFETIME)
    return _with(before, offset, before.sha256, now + LIFETIME)


def _finish(
    place: Place,
    part: PartFile,
    before: Progress,
    now: datetime,
    announce: Announce,
    new_row: Upload | None = None,
) -> Progress:
    part.sync_bytes()
    sha256 = part.sha256()
    if before.sha256 not in (None, sha256):
        place.store.quarantine(f"{before.id}-{sha256}", part.path)
        _end(before.id, "failed")
        remove_part(place.folder, before.id)
        log.warning("photo_hash_mismatch", upload=before.id, said=before.sha256, found=sha256)
        raise Refused("photo_hash_mismatch")
    place.store.put_file(sha256, part.path)
    changes: dict[str, Any] = {"offset": before.length, "state": "done"}
    changes |= {"sha256": sha256, "expires_at": now + LIFETIME}
    with transaction() as session:
        if new_row is None:
            _move(session, before, **changes)
        else:
            session.add(_changed(new_row, changes))
        held = {"sha256": sha256, "bytes": before.length, "verified_at": now}
        session.execute(_verified(session.get_bind().dialect.name), [held])
        announce(session, [sha256], now)
    # Only now: until the commit these bytes were all that a crash would have left to resume from.
    remove_part(place.folder, before.id)
    return _with(before, before.length, sha256, now + LIFETIME)


def _move(session: Session, before: Progress, **changes: Any) -> None:
    """Change an open upload that is still where we found it."""
    done = session.execute(
        update(Upload)
        .where(Upload.id == before.id, Upload.offset == before.offset, Upload.state == "open")
        .values(**changes)
        .execution_options(synchronize_session=False)
    )
    if not isinstance(done, CursorResult) or done.rowcount != 1:
        raise Refused("offset_mismatch")


def _changed(row: Upload, changes: Mapping[str, Any]) -> Upload:
    for name, value in changes.items():
        setattr(row, name, value)
    return row


@cache
def _verified(dialect: str) -> Any:
    """Return the statement that says a photo is held; making it costs as much as running it."""
    statement = (sqlite if dialect == "sqlite" else postgresql).insert(Photo.__table__)
    return statement.on_conflict_do_update(
        index_elements=["sha256"],
        set_={
            "bytes": statement.excluded.bytes,
            "verified_at": func.coalesce(Photo.verified_at, statement.excluded.verified_at),
        },
    )


def _end(upload_id: str, state: str) -> None:
    with transaction() as session:
        session.execute(
            update(Upload)
            .where(Upload.id == upload_id)
            .values(state=state)
            .execution_options(synchronize_session=False)
        )


def _with(before: Progress, offset: int, sha256: str | None, expires_at: datetime) -> Progress:
    return Progress(
        before.id, offset, before.length, expires_at, sha256, before.filename, before.filetype
    )
