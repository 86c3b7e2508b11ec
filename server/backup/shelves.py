"""Where a backup lies: a folder, or one tar file. Names of files have `/` between folders."""

import contextlib
import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from server.backup.manifest import Piece
from sync.errors import XunchengError

PIECE = 1_048_576
_PRIVATE = 0o600


class Shelf(Protocol):
    """A place that a backup is written to, file after file, each durable at `close`."""

    def put(self, name: str, source: Path) -> None:
        """Keep the file at `source` as `name`."""

    def put_bytes(self, name: str, data: bytes) -> None:
        """Keep `data` as `name`."""

    def close(self) -> None:
        """Make everything durable."""


class Stored(Protocol):
    """A backup that is read."""

    def open(self, name: str) -> IO[bytes]:
        """Open a file of the backup. Raises `FileNotFoundError`."""


class FolderShelf:
    """A new or empty folder, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise XunchengError("not_empty", detail=str(folder))
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._folder = folder

    def put(self, name: str, source: Path) -> None:
        with source.open("rb") as file:
            self._write(name, file)

    def put_bytes(self, name: str, data: bytes) -> None:
        self._write(name, io.BytesIO(data))

    def close(self) -> None:
        for folder, _, _ in os.walk(self._folder):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _write(self, name: str, source: IO[bytes]) -> None:
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(_PRIVATE, exist_ok=False)
        with target.open("wb") as file:
            copy(source, file)
            file.flush()
            os.fsync(file.fileno())


class TarShelf:
    """One tar file. It appears under its name only when it is whole."""

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise XunchengError("not_empty", detail=str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._partial = path.with_name(f".{path.name}.partial")
        self._partial.touch(_PRIVATE)
        self._file = self._partial.open("wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w")  # noqa: SIM115  `close` closes it

    def put(self, name: str, source: Path) -> None:
        self._tar.add(source, arcname=name, recursive=False)

    def put_bytes(self, name: str, data: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), _PRIVATE
        self._tar.addfile(info, io.BytesIO(data))

    def close(self) -> None:
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.replace(self._path)


class StoredFolder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, name: str) -> IO[bytes]:
        return (self._folder / name).open("rb")


class StoredTar:
    def __init__(self, path: Path) -> None:
        self._tar = tarfile.open(path)  # noqa: SIM115  open as long as it is read
        self._members = {member.name: member for member in self._tar.getmembers()}

    def open(self, name: str) -> IO[bytes]:
        member = self._members.get(name)
        file = self._tar.extractfile(member) if member else None
        if file is None:
            raise FileNotFoundError(name)
        return file


def shelf_at(path: Path) -> Shelf:
    """Return a tar file for a name that ends in `.tar`, else a folder."""
    return TarShelf(path) if path.suffix == ".tar" else FolderShelf(path)


def stored_at(path: Path) -> Stored:
    """Return the backup at `path`. Raises `XunchengError("backup_damaged")`."""
    if path.is_dir():
        return StoredFolder(path)
    try:
        return StoredTar(path)
    except (OSError, tarfile.TarError) as error:
        raise XunchengError("backup_damaged", detail=f"{path}: {error}") from error


def copy(source: IO[bytes], target: IO[bytes]) -> tuple[str, int]:
    """Copy to the end; return SHA-256 (64 hex) and size in bytes."""
    hashed, size = hashlib.sha256(), 0
    while piece := source.read(PIECE):
        hashed.update(piece)
        size += len(piece)
        target.write(piece)
    return hashed.hexdigest(), size


def describe(name: str, path: Path) -> Piece:
    """Return what a manifest says of the file at `path`."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Piece(name, digest, path.stat().st_size)


@contextlib.contextmanager
def taken_out(stored: Stored, piece: Piece, folder: Path) -> Iterator[Path]:
    """Yield a durable copy in `folder` of a file of a backup; it is removed afterwards.

    Raises `XunchengError("backup_damaged")` when it is absent or not what the manifest says.
    """
    target = folder / f".restore-{piece.sha256}"
    try:
        with stored.open(piece.name) as source, target.open("wb") as file:
            found = copy(source, file)
            file.flush()
            os.fsync(file.fileno())
        if found != (piece.sha256, piece.bytes):
            raise XunchengError("backup_damaged", detail=f"{piece.name} has changed")
        yield target
    except FileNotFoundError as error:
        raise XunchengError("backup_damaged", detail=f"{piece.name} is missing") from error
    finally:
        target.unlink(missing_ok=True)


def check(stored: Stored, piece: Piece) -> None:
    """Raise `XunchengError("backup_damaged")` unless the file is what the manifest says."""
    hashed, size = hashlib.sha256(), 0
    try:
        with stored.open(piece.name) as source:
            while part := source.read(PIECE):
                hashed.update(part)
                size += len(part)
    except OSError as error:
        raise XunchengError("backup_damaged", detail=f"{piece.name}: {error}") from error
    if (hashed.hexdigest(), size) != (piece.sha256, piece.bytes):
        raise XunchengError("backup_damaged", detail=f"{piece.name} has changed")
