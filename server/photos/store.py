"""Where the bytes of photos lie: a folder by default, an S3-compatible store at scale.

Originals are content-addressed (`originals/aa/bb/<sha256>`) and never altered; sizes and
watermarked copies lie under `derived/`, refused bytes under `quarantine/`
(`docs/decisions/photo-store.md`).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from flask import current_app

from server.config import Settings
from server.photos.folder_store import FolderStore
from server.photos.s3_store import S3Store

EXTENSION = "xuncheng_photo_store"


class PhotoStore(Protocol):
    """Durable bytes by name. `sha256` is 64 lower-case hex digits; sizes are in bytes.

    When a `put_…` returns, the bytes survive a power cut. Absent things are None or raise
    `FileNotFoundError` where a stream was asked for.
    """

    def put_file(self, sha256: str, path: Path) -> None:
        """Keep the file at `path`, whose hash the caller has checked. It stays the caller's."""

    def size(self, sha256: str) -> int | None:
        """Return the size of an original, or None when it is not held."""

    def stream(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield an original's bytes from `start`, `length` of them or to the end, in pieces."""

    def read(self, sha256: str) -> bytes:
        """Return a whole original."""

    def put_derived(self, sha256: str, name: str, data: bytes) -> None:
        """Keep a copy derived from an original, such as `thumb.jpg`; a newer one replaces it."""

    def derived(self, sha256: str, name: str) -> bytes | None:
        """Return a derived copy, or None when it has not been made."""

    def quarantine(self, name: str, path: Path) -> None:
        """Keep the refused bytes at `path` under `name`, apart from everything that is served."""

    def check(self) -> None:
        """Raise `OSError` when the store cannot be reached or written."""


def open_store(settings: Settings) -> PhotoStore:
    """Return the store that `settings.photo_store` names.

    Raises `XunchengError("bad_setting")` when the text names no usable store.
    """
    if settings.photo_store.startswith("s3://"):
        return S3Store.from_url(settings.photo_store)
    return FolderStore(Path(settings.photo_store))


def photo_store() -> PhotoStore:
    """Return the application's store.

    It is opened by the first who needs it, not by `create_app`: the threads of an S3 client do not
    survive a server's fork.
    """
    store: PhotoStore | None = current_app.extensions.get(EXTENSION)
    if store is None:
        store = open_store(current_app.extensions["xuncheng_settings"])
        current_app.extensions[EXTENSION] = store
    return store
