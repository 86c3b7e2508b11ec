"""The rescue package: what a device has not sent, in one file (`docs/rescue-package.md`).

A ZIP without compression. The manifest, first and again last, names every entry with its SHA-256
and size; an entry that does not match is refused alone. A package that was cut off or whose
directory is damaged is read by walking from entry to entry. Nothing is held in memory whole but
the manifest and one record at a time.
"""

import hashlib
import json
import re
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self

from sync.errors import Refused
from sync.messages import MAX_PHOTO_BYTES, Json, content_hash

FORMAT = "xuncheng-rescue"
VERSION = 1
SUFFIX = ".xcrescue"
MANIFEST, MANIFEST_COPY = "manifest.json", "manifest-copy.json"
_NAME = re.compile(r"(manifest(-copy)?\.json|(changes|drafts)/[0-9a-f-]+/[\w-]+\.json|photos/\w+)")
_HEADER = struct.Struct("<4s5H3L2H")
_SIGNATURE = b"PK\x03\x04"
_BLOCK = 1 << 20
_LONGEST_MANIFEST = 64 << 20
_LONGEST_RECORD = 4 << 20


@dataclass(frozen=True)
class RescuedPerson:
    id: str
    username: str
    name: str


@dataclass(frozen=True)
class Entry:
    """One file of the package. `person` is whose it is; a photo may be named by several."""

    path: str
    sha256: str
    bytes: int
    person: str | None = None

    @property
    def kind(self) -> str:
        """`changes`, `drafts` or `photos`."""
        return self.path.partition("/")[0]


@dataclass(frozen=True)
class Manifest:
    """Where a package comes from and what is in it. `made_at` is RFC 3339, the device's clock."""

    device_id: str
    made_at: str
    app_version: str
    people: tuple[RescuedPerson, ...]
    entries: tuple[Entry, ...]

    def of(self, kind: str, person_id: str) -> list[Entry]:
        """Return a person's entries of a kind; photos through what names them."""
        return [one for one in self.entries if one.kind == kind and one.person == person_id]


@dataclass(frozen=True)
class RescuedChange:
    """A change as its device had it, and what the server had said of it, if anything.

    `state` is a `sync.outbox.ChangeState`; `raw` goes to the server just as it is, counted as a
    change of the device that numbered it, `device_id`.
    """

    raw: Json
    device_id: str
    state: str
    created_at: str
    outcome: str | None = None
    version: int | None = None
    error: Json | None = None

    @property
    def n(self) -> int:
        return int(self.raw["n"])

    def packed(self) -> bytes:
        """Return it as an entry's bytes."""
        return _text({"hash": content_hash(self.raw), **asdict(self)})


def change_path(person_id: str, change_id: str) -> str:
    return f"changes/{person_id}/{change_id}.json"


def draft_path(person_id: str, draft_id: str) -> str:
    return f"drafts/{person_id}/{draft_id}.json"


def photo_path(sha256: str) -> str:
    return f"photos/{sha256}"


def record_entry(path: str, content: bytes, person_id: str) -> Entry:
    """Return the entry of a record that is held in memory."""
    return Entry(path, hashlib.sha256(content).hexdigest(), len(content), person_id)


def write_package(
    file: IO[bytes], manifest: Manifest, content: Callable[[Entry], Iterable[bytes]]
) -> list[Entry]:
    """Write a package to `file`, an entry at a time; return the entries that came out otherwise.

    `content` gives the bytes of an entry. What does not match its hash (a photo damaged on the
    device) is written all the same: perhaps somebody can make something of it.
    """
    differing: list[Entry] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as package:
        package.writestr(_info(MANIFEST), _sealed(manifest))
        for entry in manifest.entries:
            digest, size = hashlib.sha256(), 0
            with package.open(_info(entry.path), "w") as target:
                for block in content(entry):
                    digest.update(block)
                    size += len(block)
                    target.write(block)
            if (digest.hexdigest(), size) != (entry.sha256, entry.bytes):
                differing.append(entry)
        package.writestr(_info(MANIFEST_COPY), _sealed(manifest))
    return differing


class Package:
    """A package opened for reading.

    Raises `Refused`: `rescue_unreadable` when no manifest can be read, `rescue_newer` when a newer
    app made it.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            self._places = _places(self._file)
            self.manifest = self._read_manifest()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def change(self, entry: Entry) -> RescuedChange:
        """Return a change. Raises `Refused` as `read`, and `rescue_damaged` for a wrong shape."""
        raw = self._json(entry)
        try:
            found = RescuedChange(
                raw=dict(raw["raw"]),
                device_id=str(raw["device_id"]),
                state=str(raw["state"]),
                created_at=str(raw["created_at"]),
                outcome=raw["outcome"],
                version=raw["version"],
                error=raw["error"],
            )
            good = raw["hash"] == content_hash(found.raw) and isinstance(found.raw["n"], int)
        except (KeyError, TypeError, ValueError) as error:
            raise Refused("rescue_damaged", detail=entry.path) from error
        if not good or entry.path != change_path(entry.person or "", str(found.raw.get("id"))):
            raise Refused("rescue_damaged", detail=entry.path)
        return found

    def draft(self, entry: Entry) -> Json:
        """Return a draft as its device kept it. Raises `Refused` as `read`."""
        return self._json(entry)

    def read(self, entry: Entry) -> bytes:
        """Return an entry. Raises `Refused`: `rescue_missing`, `rescue_damaged`."""
        if entry.bytes > _LONGEST_RECORD:
            raise Refused("rescue_damaged", detail=entry.path)
        return b"".join(self._blocks(self._find(entry), entry.bytes))

    def copy(self, entry: Entry, target: IO[bytes]) -> None:
        """Write an entry that was found to be whole to `target`. Raises as `read`."""
        if entry.bytes > MAX_PHOTO_BYTES:
            raise Refused("rescue_damaged", detail=entry.path)
        for block in self._blocks(self._find(entry), entry.bytes):
            target.write(block)

    def _json(self, entry: Entry) -> Json:
        try:
            raw = json.loads(self.read(entry))
        except ValueError as error:
            raise Refused("rescue_damaged", detail=entry.path) from error
        if not isinstance(raw, dict):
            raise Refused("rescue_damaged", detail=entry.path)
        return raw

    def _find(self, entry: Entry) -> int:
        """Return where the bytes of an entry begin, having compared them with its hash."""
        places = self._places.get(entry.path, ())
        for start, _ in places:
            digest = hashlib.sha256()
            for block in self._blocks(start, entry.bytes):
                digest.update(block)
            if digest.hexdigest() == entry.sha256:
                return start
        raise Refused("rescue_damaged" if places else "rescue_missing", detail=entry.path)

    def _blocks(self, start: int, size: int) -> Iterator[bytes]:
        self._file.seek(start)
        while size > 0 and (block := self._file.read(min(_BLOCK, size))):
            size -= len(block)
            yield block

    def _read_manifest(self) -> Manifest:
        for name in (MANIFEST, MANIFEST_COPY):
            for start, size in self._places.get(name, ()):
                text = b"".join(self._blocks(start, min(size, _LONGEST_MANIFEST)))
                with suppress(KeyError, TypeError, ValueError):
                    return _unsealed(json.loads(text))
        raise Refused("rescue_unreadable")


def _sealed(manifest: Manifest) -> bytes:
    content = asdict(manifest)
    return _text(
        {"format": FORMAT, "version": VERSION, "sha256": _digest(content), "content": content}
    )


def _unsealed(raw: Json) -> Manifest:
    """Return the manifest. Raises `ValueError` when it is damaged, `Refused("rescue_newer")`."""
    content = raw["content"]
    if raw["format"] != FORMAT or raw["sha256"] != _digest(content):
        raise ValueError("a damaged manifest")
    if int(raw["version"]) > VERSION:
        raise Refused("rescue_newer", detail=f"version {raw['version']}")
    return Manifest(
        device_id=str(content["device_id"]),
        made_at=str(content["made_at"]),
        app_version=str(content["app_version"]),
        people=tuple(RescuedPerson(**person) for person in content["people"]),
        entries=tuple(Entry(**entry) for entry in content["entries"]),
    )


def _digest(content: Mapping[str, Any]) -> str:
    # By way of JSON, so that tuples and lists are the same.
    return content_hash(json.loads(json.dumps(content)))


def _text(shape: Json) -> bytes:
    return json.dumps(shape, ensure_ascii=False, separators=(",", ":")).encode()


def _info(path: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(path)  # the date is always that of the format's beginning


def _places(file: IO[bytes]) -> dict[str, list[tuple[int, int]]]:
    """Return where each entry may begin, and its size: by walking, and by the directory."""
    found: dict[str, list[tuple[int, int]]] = {}
    for name, start, size in (*_walk(file), *_listed(file)):
        known = found.setdefault(name, [])
        if (start, size) not in known:
            known.append((start, size))
    return found


def _walk(file: IO[bytes]) -> Iterator[tuple[str, int, int]]:
    """Go from header to header; where one is damaged, look for the next."""
    at = 0
    while True:
        header = _header(file, at)
        if header is None:
            at = _next_signature(file, at + 1)
            if at < 0:
                return
            continue
        yield header
        at = header[1] + header[2]


def _header(file: IO[bytes], at: int) -> tuple[str, int, int] | None:
    """Return (name, start of the bytes, size) of the entry whose header is at `at`."""
    file.seek(at)
    head = file.read(_HEADER.size)
    if len(head) < _HEADER.size:
        return None
    signature, *_, size, _, name_length, extra_length = _HEADER.unpack(head)
    name = file.read(name_length).decode("utf-8", "replace")
    if signature != _SIGNATURE or not _NAME.fullmatch(name):
        return None
    return name, at + _HEADER.size + name_length + extra_length, size


def _next_signature(file: IO[bytes], at: int) -> int:
    """Return where the next header may be from `at` on, or -1 at the end of the file."""
    file.seek(at)
    before = b""
    while block := file.read(_BLOCK):
        found = (before + block).find(_SIGNATURE)
        if found >= 0:
            return at - len(before) + found
        before = (before + block)[-3:]
        at = file.tell()
    return -1


def _listed(file: IO[bytes]) -> Iterator[tuple[str, int, int]]:
    """Take what the ZIP's own directory says, when it is there."""
    try:
        with zipfile.ZipFile(file) as package:
            listed = package.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, struct.error):
        return
    for info in listed:
        file.seek(info.header_offset)
        head = file.read(_HEADER.size)
        if len(head) == _HEADER.size:
            *_, name_length, extra_length = _HEADER.unpack(head)
            start = info.header_offset + _HEADER.size + name_length + extra_length
            yield info.filename, start, info.file_size
