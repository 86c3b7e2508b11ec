"""Making a rescue package: everything unsent of one person, or of all on a shared handheld."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mobile.store.home import DeviceHome, KnownPerson
from mobile.store.outbox import OutboxEntry
from mobile.store.person_store import PersonStore
from mobile.store.rescued import origin_of
from mobile.store.times import as_text
from mobile.version import APP_VERSION
from sync.rescue import (
    SUFFIX,
    Entry,
    Manifest,
    RescuedChange,
    RescuedPerson,
    change_path,
    draft_path,
    photo_path,
    record_entry,
    write_package,
)

_BLOCK = 1 << 20
_FOLDER = "rescue_folder"
# Also what the server has taken but whose photos it has not: they belong together.
_UNSENT = """state IN ('waiting', 'sending', 'attention') OR (state = 'acknowledged' AND id IN (
    SELECT change_id FROM photo_use JOIN photo USING (sha256) WHERE photo.state != 'verified'))"""


@dataclass(frozen=True)
class PackageMade:
    """A package on the disk, and what is in it. `photos_lost`: named, but no longer here."""

    path: Path
    bytes: int
    records: int
    drafts: int
    photos: int
    photos_lost: int
    photos_damaged: int


@dataclass
class _Contents:
    """What goes in: small entries with their bytes, photos with the store that has them."""

    entries: list[Entry] = field(default_factory=list)
    records: dict[str, bytes] = field(default_factory=dict)
    photos: dict[str, PersonStore] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def of(self, entry: Entry) -> Iterator[bytes]:
        if entry.kind != "photos":
            yield self.records[entry.path]
            return
        sha256 = entry.path.removeprefix("photos/")
        offset = 0
        while block := self.photos[entry.path].photos.read(sha256, offset, _BLOCK):
            yield block
            offset += len(block)

    def count(self, kind: str) -> int:
        return sum(entry.kind == kind for entry in self.entries)


def rescue_folder(home: DeviceHome) -> Path:
    """Return the folder where packages are put and looked for."""
    chosen = home.setting(_FOLDER)
    return Path(chosen) if chosen else home.folder / "rescue"


def make_package(
    home: DeviceHome, people: Sequence[KnownPerson], folder: Path, now: datetime
) -> PackageMade:
    """Write a package of `people` into `folder`; nothing on the device changes.

    Raises `OSError` when it cannot be written; then nothing is left of it.
    """
    with ExitStack() as opened:
        contents = _Contents()
        for person in people:
            store = home.open_person(person.id)
            opened.callback(store.close)
            _collect(contents, store, home.device_id, person.id)
        manifest = Manifest(
            device_id=home.device_id,
            made_at=now.isoformat(timespec="seconds"),
            app_version=APP_VERSION,
            people=tuple(RescuedPerson(one.id, one.username, one.name) for one in people),
            # Records first: a package cut off on its way loses photos before it loses records.
            entries=tuple(sorted(contents.entries, key=lambda one: one.kind == "photos")),
        )
        folder.mkdir(parents=True, exist_ok=True)
        names = people[0].username if len(people) == 1 else "all"
        path = folder / f"xuncheng-{names}-{now:%Y%m%d-%H%M%S}{SUFFIX}"
        damaged = _write(path, manifest, contents)
    return PackageMade(
        path=path,
        bytes=path.stat().st_size,
        records=contents.count("changes"),
        drafts=contents.count("drafts"),
        photos=contents.count("photos"),
        photos_lost=len(contents.lost),
        photos_damaged=damaged,
    )


def _write(path: Path, manifest: Manifest, contents: _Contents) -> int:
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            damaged = write_package(file, manifest, contents.of)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return len(damaged)


def _collect(contents: _Contents, store: PersonStore, device_id: str, person_id: str) -> None:
    for entry in store.outbox.entries(_UNSENT):
        origin = origin_of(store, entry.change.id) or device_id
        text = _rescued(entry, origin).packed()
        _add_record(contents, change_path(person_id, entry.change.id), text, person_id)
        for photo in entry.change.photos:
            _add_photo(contents, store, photo.sha256)
    for row in store.reading().execute("SELECT * FROM draft ORDER BY created_at").fetchall():
        text = json.dumps(dict(row), ensure_ascii=False).encode()
        _add_record(contents, draft_path(person_id, row["id"]), text, person_id)
        for photo in json.loads(row["content"])["photos"]:
            _add_photo(contents, store, photo["sha256"])


def _rescued(entry: OutboxEntry, device_id: str) -> RescuedChange:
    return RescuedChange(
        raw=entry.change.as_json(),
        device_id=device_id,
        state=entry.state,
        created_at=as_text(entry.created_at),
        outcome=entry.outcome,
        version=entry.version,
        error=entry.error,
    )


def _add_record(contents: _Contents, path: str, text: bytes, person_id: str) -> None:
    contents.records[path] = text
    contents.entries.append(record_entry(path, text, person_id))


def _add_photo(contents: _Contents, store: PersonStore, sha256: str) -> None:
    path = photo_path(sha256)
    held = store.photos.get(sha256)
    if path in contents.photos or (held is not None and held.state == "verified"):
        return
    if held is None or not held.original.exists():
        contents.lost.add(sha256)
        return
    contents.photos[path] = store
    contents.entries.append(Entry(path, sha256, held.bytes))
