"""Taking a rescue package in: another device's unsent work becomes work of this one to send."""

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mobile.capture.evidence import keep_photo
from mobile.rescue.packing import rescue_folder
from mobile.store.home import DeviceHome
from mobile.store.person_store import PersonStore
from mobile.store.rescued import adopt
from sync.errors import Refused, XunchengError
from sync.messages import Json
from sync.rescue import (
    SUFFIX,
    Entry,
    Package,
    RescuedChange,
    RescuedPerson,
    change_path,
    photo_path,
)

_DRAFT_COLUMNS = ("id", "kind", "record_id", "content", "created_at", "saved_at")


@dataclass
class TakenIn:
    """What came of a package. `refused` maps a path in it to a code of `sync.errors.CATALOGUE`."""

    records: int = 0
    drafts: int = 0
    photos: int = 0
    known: int = 0  # were here already
    refused: dict[str, str] = field(default_factory=dict)
    strangers: list[RescuedPerson] = field(default_factory=list)


def packages(home: DeviceHome) -> Sequence[Path]:
    """Return the packages in the rescue folder, newest first."""
    found = rescue_folder(home).glob(f"*{SUFFIX}")
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def take_package(home: DeviceHome, path: Path, now: datetime) -> TakenIn:
    """Take in what belongs to people who have signed in here; the same package again is harmless.

    People who have not are named in `strangers`: they sign in and take it in again. Raises
    `Refused("rescue_unreadable" | "rescue_newer")`.
    """
    taken = TakenIn()
    known = {person.id for person in home.people()}
    with Package(path) as package:
        for person in package.manifest.people:
            if person.id not in known:
                taken.strangers.append(person)
                continue
            store = home.open_person(person.id)
            try:
                _Taking(package, store, home.device_id, now, taken).take(person.id)
            finally:
                store.close()
    return taken


@dataclass
class _Taking:
    package: Package
    store: PersonStore
    device_id: str
    now: datetime
    taken: TakenIn

    def take(self, person_id: str) -> None:
        changes = self._changes(person_id)
        photos = {entry.path: entry for entry in self.package.manifest.entries}
        for change in changes:
            self._take_photos(change.raw.get("photos") or (), photos)
            with self._refusing(change_path(person_id, change.raw["id"])):
                self._count(adopt(self.store, change, self.now), "records")
        own = [change.n for change in changes if change.device_id == self.device_id]
        self.store.outbox.raise_n(max(own, default=0))
        for entry in self.package.manifest.of("drafts", person_id):
            with self._refusing(entry.path):
                self._take_draft(self.package.draft(entry), photos)

    def _changes(self, person_id: str) -> list[RescuedChange]:
        """Return the changes that are whole, highest `n` first."""
        found: list[RescuedChange] = []
        for entry in self.package.manifest.of("changes", person_id):
            with self._refusing(entry.path):
                found.append(self.package.change(entry))
        return sorted(found, key=lambda change: change.n, reverse=True)

    def _take_photos(self, named: Sequence[Json], photos: dict[str, Entry]) -> None:
        for photo in named:
            entry = photos.get(photo_path(str(photo["sha256"])))
            if entry is None or entry.path in self.taken.refused:
                continue
            held = self.store.photos.get(photo["sha256"])
            if held is not None and held.original.exists():
                continue
            with self._refusing(entry.path):
                self._keep(entry)

    def _keep(self, entry: Entry) -> None:
        """Bring a photo under its own hash into the person's store, durable before it is named."""
        folder = self.store.photos.folder
        handle, name = tempfile.mkstemp(dir=folder, prefix="rescuing-")
        try:
            with os.fdopen(handle, "wb") as copy:
                self.package.copy(entry, copy)
            kept = keep_photo(self.store, Path(name), self.now)
            if photo_path(kept.sha256) != entry.path:
                raise Refused("rescue_damaged", detail=entry.path)
            self.taken.photos += 1
        finally:
            with suppress(FileNotFoundError):
                Path(name).unlink()

    def _take_draft(self, raw: Json, photos: dict[str, Entry]) -> None:
        if set(raw) != set(_DRAFT_COLUMNS):
            raise Refused("malformed", detail=str(raw.get("id")))
        self._take_photos(_named_in(raw), photos)
        with self.store.writing() as connection:
            done = connection.execute(
                f"INSERT OR IGNORE INTO draft ({','.join(_DRAFT_COLUMNS)}) "
                "VALUES (:id, :kind, :record_id, sealed(:content), :created_at, :saved_at)",
                raw,
            )
        self._count(done.rowcount == 1, "drafts")

    def _count(self, new: bool, what: str) -> None:
        if new:
            setattr(self.taken, what, getattr(self.taken, what) + 1)
        else:
            self.taken.known += 1

    @contextmanager
    def _refusing(self, path: str) -> Iterator[None]:
        """Note what is wrong with one entry, and go on with the others."""
        try:
            yield
        except XunchengError as error:
            self.taken.refused[path] = error.code


def _named_in(draft: Json) -> Sequence[Json]:
    try:
        content: Any = json.loads(draft["content"])
        return [dict(photo) for photo in content["photos"]]
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("malformed", detail=str(draft["id"])) from error
