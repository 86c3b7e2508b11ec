"""Photos as evidence: hashed at once, kept byte for byte, shown through derived copies."""

import hashlib
import os
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from mobile.capture import pictures
from mobile.capture.drafts import CapturedPhoto
from mobile.store.person_store import PersonStore
from mobile.store.photo_shelf import HeldPhoto
from mobile.store.sealing import SealedWriter
from sync.captions import Caption
from sync.errors import Refused
from sync.messages import MAX_PHOTO_BYTES, Location, PhotoRef, PhotoRole
from sync.photos import PhotoState

_COPY_BYTES = 1 << 20


def take_in(
    store: PersonStore,
    picture: Path,
    role: PhotoRole,
    taken_at: datetime,
    location: Location | None,
) -> CapturedPhoto:
    """Keep a picture that the camera has just made; about 100 ms for 12 megapixels.

    The original is copied byte for byte, hashed on the way and synced to the disk before anything
    names it. Raises `Refused` with `photo_empty`, `photo_too_large`, or `photo_wrong_type`.
    """
    held = keep_photo(store, picture, taken_at)
    ref = PhotoRef(
        sha256=held.sha256,
        bytes=held.bytes,
        type=held.media_type,
        role=PhotoRole(role),
        taken_at=taken_at.isoformat(timespec="seconds"),
        lat=location.lat if location else None,
        lon=location.lon if location else None,
        accuracy_m=location.accuracy_m if location else None,
    )
    return CapturedPhoto(ref, str(held.original), str(held.thumb), held.stand_in)


def keep_photo(store: PersonStore, picture: Path, taken_at: datetime) -> HeldPhoto:
    """Keep a picture under its hash, with a thumb. Raises as `take_in`."""
    media_type = pictures.media_type(picture)
    sha256, size, original = _keep_original(store, picture, pictures.EXTENSIONS[media_type])
    thumb = store.photos.copies / f"{sha256}-thumb.jpg"
    stand_in = not pictures.make_thumb(original, thumb, store.seal)
    held = HeldPhoto(
        sha256=sha256,
        original=original,
        thumb=thumb,
        screen=None,
        marked=None,
        bytes=size,
        media_type=media_type,
        state=PhotoState.LOCAL,
        stand_in=stand_in,
        sent=0,
        error=None,
        created_at=taken_at,
    )
    store.photos.add(held)
    return held


def develop(store: PersonStore, sha256: str, caption: Caption, font: Path) -> None:
    """Make the screen copy and the watermarked copy. Takes a second or so: not on the UI thread."""
    held = store.photos.get(sha256)
    if held is None:
        return
    screen = store.photos.copies / f"{sha256}-screen.jpg"
    marked = store.photos.copies / f"{sha256}-marked.jpg"
    if held.original.exists() and pictures.make_screen(held.original, screen, store.seal):
        pictures.make_marked(screen, marked, caption.lines(), font, store.seal)
        store.photos.mark_developed(sha256, screen, marked)
    else:
        store.photos.mark_developed(sha256, None, None)


def screen_copy(store: PersonStore, sha256: str) -> Path | None:
    """Return the 1600 px upright copy when it has been made, else the thumb, else None."""
    held = store.photos.get(sha256)
    if held is None:
        return None
    for path in (held.screen, held.thumb):
        if path is not None and path.exists():
            return path
    return None


def marked_copy(store: PersonStore, sha256: str) -> Path | None:
    """Return the watermarked copy when it has been made."""
    held = store.photos.get(sha256)
    return held.marked if held and held.marked and held.marked.exists() else None


def _keep_original(store: PersonStore, picture: Path, extension: str) -> tuple[str, int, Path]:
    """Copy the picture under its hash; return (sha256, bytes, path), the file being durable."""
    handle, name = tempfile.mkstemp(dir=store.photos.folder, prefix="taking-")
    try:
        with os.fdopen(handle, "wb") as copy:
            writer = SealedWriter(copy, store.seal)
            sha256, size = _copy_hashing(picture, writer)
            writer.finish()
            copy.flush()
            os.fsync(copy.fileno())
        folder = store.photos.folder / sha256[:2]
        folder.mkdir(exist_ok=True)
        kept = folder / f"{sha256}{extension}"
        Path(name).rename(kept)
        _sync_folder(folder)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
    return sha256, size, kept


def _copy_hashing(picture: Path, target: SealedWriter) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with picture.open("rb") as source:
        while block := source.read(_COPY_BYTES):
            size += len(block)
            if size > MAX_PHOTO_BYTES:
                raise Refused("photo_too_large", detail=picture.name)
            digest.update(block)
            target.write(block)  # all of it or an error: a bare os.write may stop half-way
    if size == 0:
        raise Refused("photo_empty", detail=picture.name)
    return digest.hexdigest(), size


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable, not only the bytes behind it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
