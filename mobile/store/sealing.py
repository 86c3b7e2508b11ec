"""Sealing at rest: AES-256-GCM for one person's rows and files.

Why so: `docs/decisions/encryption-at-rest.md`.

A sealed value is a BLOB: a mark, a nonce of 12 bytes, the sealed text with its tag. A sealed file
is a header (mark, key id, prefix), then pieces of 64 KiB, each with a tag; place and end are part
of the nonce, so that pieces cannot change places and a file cut short is noticed. Reading a value
or file without the mark gives it as it is.
"""

import hashlib
import io
import os
import sqlite3
import weakref
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_ROW = b"\x00XCR1"
_FILE = b"XCFILE1\x00"
_NONCE, _TAG, _KEY_ID, _PREFIX = 12, 16, 8, 7
_HEADER = len(_FILE) + _KEY_ID + _PREFIX
_PIECE = 64 * 1024


class SealBroken(ValueError):
    """What was sealed has been altered, or by another key."""


class SealClosed(OSError):
    """The file is sealed by a key that is not open now."""


class Seal:
    """The key of one person's data while it is open. Thread-safe."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self.key_id = hashlib.sha256(b"xuncheng key id" + key).digest()[:_KEY_ID]
        _open_seals.setdefault(self.key_id, weakref.WeakSet()).add(self)

    def seal(self, text: str | None) -> bytes | None:
        """Return a value as it is stored; None stays None."""
        if text is None:
            return None
        nonce = os.urandom(_NONCE)
        return _ROW + nonce + self._aead.encrypt(nonce, text.encode(), _ROW)

    def open(self, value: Any) -> Any:
        """Return the text of a sealed value, anything else as it is. Raises `SealBroken`."""
        if type(value) is not bytes or not value.startswith(_ROW):
            return value
        start = len(_ROW)
        nonce, sealed = value[start : start + _NONCE], value[start + _NONCE :]
        try:
            return self._aead.decrypt(nonce, sealed, _ROW).decode()
        except (InvalidTag, ValueError) as error:
            raise SealBroken("a sealed value") from error

    def piece(self, prefix: bytes, place: int, plain: bytes, *, last: bool) -> bytes:
        """Return one piece of a file, sealed."""
        return self._aead.encrypt(_file_nonce(prefix, place, last=last), plain, _FILE)

    def plain_piece(self, prefix: bytes, place: int, sealed: bytes, *, last: bool) -> bytes:
        """Return one piece of a file as it was. Raises `SealBroken`."""
        try:
            return self._aead.decrypt(_file_nonce(prefix, place, last=last), sealed, _FILE)
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"piece {place} of a sealed file") from error


def seal_of(key_id: str) -> Seal | None:
    """Return the seal with this id (hex) when somebody holds it open."""
    return _held_open(bytes.fromhex(key_id))


# Several stores may hold the same key open, each with a seal of its own.
_open_seals: "dict[bytes, weakref.WeakSet[Seal]]" = {}


def _held_open(key_id: bytes) -> Seal | None:
    return next(iter(_open_seals.get(key_id, ())), None)


def prepare(connection: sqlite3.Connection, seal: Seal | None) -> None:
    """Let a connection read sealed columns as text, and give SQL `sealed(…)` and `opened(…)`.

    Without a seal both leave their argument as it is.
    """
    if seal is None:
        connection.row_factory = sqlite3.Row
        connection.create_function("sealed", 1, _unchanged, deterministic=True)
        connection.create_function("opened", 1, _unchanged, deterministic=True)
        return
    opened = seal.open

    def row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> sqlite3.Row:
        for value in values:
            if type(value) is bytes:
                return sqlite3.Row(cursor, tuple(map(opened, values)))
        return sqlite3.Row(cursor, values)

    connection.row_factory = row
    connection.create_function("sealed", 1, seal.seal)
    connection.create_function("opened", 1, opened, deterministic=True)


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading, sealed or not.

    Raises `SealClosed`; reading raises `SealBroken`.
    """
    file = path.open("rb")
    try:
        header = file.read(_HEADER)
        if not header.startswith(_FILE):
            file.seek(0)
            return file
        seal = _held_open(header[len(_FILE) : len(_FILE) + _KEY_ID])
        if seal is None:
            raise SealClosed(f"{path.name} is sealed by a key that is not open")
        reader = _SealedReader(file, seal, header[-_PREFIX:], path.stat().st_size)
    except BaseException:
        file.close()
        raise
    return cast("BinaryIO", io.BufferedReader(reader, _PIECE))


def seal_file(source: Path, target: Path, seal: Seal | None) -> None:
    """Put `source` in the place of `target`, sealed; whole or not at all. `source` goes."""
    if seal is not None:
        part = target.with_suffix(".sealing")
        with source.open("rb") as plain, part.open("wb") as file:
            writer = SealedWriter(file, seal)
            while block := plain.read(_PIECE):
                writer.write(block)
            writer.finish()
        source.unlink()
        source = part
    source.rename(target)


class SealedWriter:
    """Writes a file through a seal (or as it is, without one) into `target`, which stays open."""

    def __init__(self, target: IO[bytes], seal: Seal | None) -> None:
        self._target, self._seal = target, seal
        self._prefix = os.urandom(_PREFIX)
        self._waiting = bytearray()
        self._place = 0
        if seal is not None:
            target.write(_FILE + seal.key_id + self._prefix)

    def write(self, data: bytes) -> int:
        if self._seal is None:
            self._target.write(data)
            return len(data)
        self._waiting += data
        while len(self._waiting) > _PIECE:  # the last piece is written by `finish` only
            self._put(bytes(self._waiting[:_PIECE]), last=False)
            del self._waiting[:_PIECE]
        return len(data)

    def finish(self) -> None:
        """Write what is left; without this the file counts as cut short."""
        if self._seal is not None:
            self._put(bytes(self._waiting), last=True)

    def _put(self, piece: bytes, *, last: bool) -> None:
        assert self._seal is not None
        self._target.write(self._seal.piece(self._prefix, self._place, piece, last=last))
        self._place += 1


class _SealedReader(io.RawIOBase):
    """A sealed file as the plain one it was, from any place."""

    def __init__(self, file: BinaryIO, seal: Seal, prefix: bytes, size: int) -> None:
        self._file, self._seal, self._prefix = file, seal, prefix
        sealed = size - _HEADER
        self._pieces = max(1, -(-sealed // (_PIECE + _TAG)))
        self._size = max(0, sealed - self._pieces * _TAG)
        self._at = 0
        self._known: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        place, start = divmod(self._at, _PIECE)
        if place >= self._pieces:
            return 0
        part = self._piece(place)[start:]
        view = memoryview(buffer)
        count = min(len(view), len(part))
        view[:count] = part[:count]
        self._at += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()

    def _piece(self, place: int) -> bytes:
        if self._known[0] != place:
            self._file.seek(_HEADER + place * (_PIECE + _TAG))
            sealed = self._file.read(_PIECE + _TAG)
            last = place == self._pieces - 1
            plain = self._seal.plain_piece(self._prefix, place, sealed, last=last)
            self._known = (place, plain)
        return self._known[1]


def _file_nonce(prefix: bytes, place: int, *, last: bool) -> bytes:
    return prefix + place.to_bytes(4, "big") + bytes([last])


def _unchanged(value: Any) -> Any:
    return value
