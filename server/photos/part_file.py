"""The bytes of one upload in progress, on disk: one writer, cut to what is durable, fsynced."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sync.errors import Refused

PIECE = 262_144  # larger ones cost more: fresh memory for each


class ByteSource(Protocol):
    """Where a piece comes from. `read` returns fewer bytes, or none, at its end."""

    def read(self, size: int, /) -> bytes: ...


class PartFile:
    """The file of an upload while this process is its only writer (see `only_writer`)."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    @property
    def size(self) -> int:
        return os.fstat(self._handle).st_size

    def cut(self, offset: int) -> None:
        """Drop what lies behind `offset`: it was never acknowledged."""
        if self.size != offset:
            os.ftruncate(self._handle, offset)

    def append(self, source: ByteSource, offset: int, limit: int, hashed: Any | None) -> int:
        """Write at most `limit` bytes of `source` at `offset`; return how many came.

        `hashed`, when given, is fed with them. Not durable before `sync`.
        """
        arrived = 0
        while arrived < limit and (piece := source.read(min(PIECE, limit - arrived))):
            if hashed is not None:
                hashed.update(piece)
            self._write(piece, offset + arrived)
            arrived += len(piece)
        return arrived

    def sync(self) -> None:
        """Make the bytes and the file's name durable."""
        self.sync_bytes()
        _sync_folder(self.path.parent)

    def sync_bytes(self) -> None:
        """Make the bytes durable; enough where the file is about to get another name."""
        os.fsync(self._handle)

    def sha256(self) -> str:
        """Return the hash of all bytes as they are on disk, in hex."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _write(self, piece: bytes, offset: int) -> None:
        view = memoryview(piece)
        while view:
            written = os.pwrite(self._handle, view, offset)
            view, offset = view[written:], offset + written


@contextmanager
def only_writer(folder: Path, upload_id: str) -> Iterator[PartFile]:
    """Open an upload's file, made if need be, and keep every other writer out of it.

    The lock is on the file: it holds across threads and processes and ends with the process.
    Raises `Refused("upload_busy")` at once when somebody else is writing.
    """
    path = folder / f"{upload_id}.part"
    handle = _open(path)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused("upload_busy") from error
        _own_inode(path, handle)
        yield PartFile(path, handle)
    finally:
        os.close(handle)


def remove_part(folder: Path, upload_id: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        (folder / f"{upload_id}.part").unlink()


def remove_abandoned(folder: Path, before: float) -> None:
    """Remove files not written since `before` (seconds since 1970): a crash left them behind."""
    for path in folder.glob("*.part"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                path.unlink()


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _own_inode(path: Path, handle: int) -> None:
    """Make sure that writing here changes no stored photo.

    A photo store may have taken the finished file under a second name (a hard link) just before a
    crash kept the upload from being marked as done. Cutting it then would cut the original.
    """
    held = os.fstat(handle)
    try:
        named = path.stat()
    except FileNotFoundError:
        named = None
    if named is None or named.st_ino != held.st_ino:
        raise Refused("upload_busy")  # another writer finished between our opening and locking
    if held.st_nlink == 1:
        return
    private = path.with_suffix(".copy")
    shutil.copyfile(path, private)
    copy = os.open(private, os.O_RDWR)
    fcntl.flock(copy, fcntl.LOCK_EX)
    os.fsync(copy)
    private.replace(path)
    os.dup2(copy, handle)  # the lock moves along: it belongs to the open file, not its number
    os.close(copy)
