"""Photos in a folder: durable files, shared by hard link with the finished upload."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

PIECE = 1_048_576


class FolderStore:
    """A `PhotoStore` in a folder of a local or network file system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put_file(self, sha256: str, path: Path) -> None:
        target = self._original(sha256)
        if self.size(sha256) == path.stat().st_size:
            return
        _make_folder(target.parent)
        try:
            # The upload has been fsynced already; a second name for it costs nothing.
            os.link(path, target)
        except OSError:  # another file system, one without hard links, or a damaged file in place
            _write_durably(target, path)
            return
        _sync_folder(target.parent)

    def size(self, sha256: str) -> int | None:
        try:
            return self._original(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def stream(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        file = self._original(sha256).open("rb")  # opened now: absence is known before streaming

        def pieces() -> Iterator[bytes]:
            left = length
            with file:
                file.seek(start)
                while piece := file.read(PIECE if left is None else min(PIECE, left)):
                    yield piece
                    left = None if left is None else left - len(piece)

        return pieces()

    def read(self, sha256: str) -> bytes:
        return self._original(sha256).read_bytes()

    def put_derived(self, sha256: str, name: str, data: bytes) -> None:
        target = self._derived(sha256, name)
        _make_folder(target.parent)
        _write_durably(target, data)

    def derived(self, sha256: str, name: str) -> bytes | None:
        try:
            return self._derived(sha256, name).read_bytes()
        except FileNotFoundError:
            return None

    def quarantine(self, name: str, path: Path) -> None:
        target = self._folder / "quarantine" / name
        _make_folder(target.parent)
        _write_durably(target, path)

    def check(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        probe = self._folder / f".probe-{secrets.token_hex(4)}"
        probe.write_bytes(b"")
        probe.unlink()

    def _original(self, sha256: str) -> Path:
        return self._folder / "originals" / sha256[:2] / sha256[2:4] / sha256

    def _derived(self, sha256: str, name: str) -> Path:
        return self._folder / "derived" / sha256[:2] / sha256[2:4] / sha256 / name


def _write_durably(target: Path, source: bytes | Path) -> None:
    """Put `source` at `target` whole or not at all: temporary file, fsync, rename, fsync folder."""
    temporary = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            if isinstance(source, Path):
                with source.open("rb") as original:
                    shutil.copyfileobj(original, file, PIECE)
            else:
                file.write(source)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _make_folder(folder: Path) -> None:
    """Make `folder` and its parents, each entry durable."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
