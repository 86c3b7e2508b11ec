"""Taking in a rescue package at the server: as if the devices in it had synced by themselves.

Changes go through `server.ingest.push.receive` as their owner's, photos through the same
verification as an upload, so that a package taken in twice, or a phone that revives, does no harm.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO

from sqlalchemy import select

from server.accounts.actor import Actor
from server.accounts.models import Person, PersonArea
from server.accounts.people import actor_of
from server.accounts.sessions import AFTER_REVOCATION
from server.cases.publishing import refresh_photos
from server.db import db
from server.ingest.envelope import Push, read_push
from server.ingest.push import receive
from server.photos.models import Photo
from server.photos.tus import Creation
from server.photos.uploads import Piece, Place, receive_whole
from sync.errors import XunchengError
from sync.messages import MAX_PUSH_BYTES, MAX_PUSH_CHANGES, Receipt
from sync.outbox import ChangeState
from sync.rescue import Entry, Package, RescuedChange, RescuedPerson, change_path

# What was withdrawn or mended on the device has been answered: it need not go again.
_SENT = frozenset(ChangeState) - {ChangeState.WITHDRAWN, ChangeState.MENDED}


@dataclass
class Report:
    """What came of a package: receipts by person, photos by outcome, refused entries by code."""

    receipts: list[tuple[RescuedPerson, Receipt]] = field(default_factory=list)
    photos_taken: int = 0
    photos_known: int = 0
    drafts: int = 0  # unfinished: only a phone can go on with them
    refused: dict[str, str] = field(default_factory=dict)


def import_package(package: Package, place: Place, now: datetime) -> Report:
    """Take in everything that is whole, and say what was not."""
    report = Report()
    owners: dict[str, Actor] = {}
    for person in package.manifest.people:
        report.drafts += len(package.manifest.of("drafts", person.id))
        changes = _changes(package, person, report)
        row = db.session.get(Person, person.id)
        if row is None:
            for change in changes:
                report.refused[change_path(person.id, change.raw["id"])] = "unknown_person"
            continue
        former = _former_areas(person.id, now)
        for push in _pushes(changes):
            actor = actor_of(row, push.device_id)
            receipts = receive(actor, push, now, former_areas=former)
            report.receipts += [(person, receipt) for receipt in receipts]
            row = db.session.get_one(Person, person.id)  # the push ended its transaction
        for change in changes:
            for photo in change.raw.get("photos") or ():
                owners.setdefault(str(photo["sha256"]), actor_of(row, change.device_id))
    _take_photos(package, place, owners, now, report)
    return report


def _changes(package: Package, person: RescuedPerson, report: Report) -> list[RescuedChange]:
    found: list[RescuedChange] = []
    for entry in package.manifest.of("changes", person.id):
        try:
            change = package.change(entry)
        except XunchengError as error:
            report.refused[entry.path] = error.code
        else:
            if change.state in _SENT:
                found.append(change)
    return sorted(found, key=lambda change: (change.device_id, change.n))


def _pushes(changes: list[RescuedChange]) -> Iterator[Push]:
    """Cut changes into pushes, each of one device, in the order of `n`."""
    batch: list[RescuedChange] = []
    size = 0
    for change in changes:
        length = len(json.dumps(change.raw))
        other = batch and batch[0].device_id != change.device_id
        full = len(batch) == MAX_PUSH_CHANGES or size + length > MAX_PUSH_BYTES
        if batch and (other or full):
            yield _push(batch)
            batch, size = [], 0
        batch.append(change)
        size += length
    if batch:
        yield _push(batch)


def _push(batch: list[RescuedChange]) -> Push:
    device_id = batch[0].device_id
    changes = [change.raw for change in batch]
    return read_push({"device_id": device_id, "rescued_from": device_id, "changes": changes})


def _former_areas(person_id: str, now: datetime) -> tuple[str, ...]:
    query = select(PersonArea.area_code).where(
        PersonArea.person_id == person_id, PersonArea.revoked_at > now - AFTER_REVOCATION
    )
    return tuple(sorted(db.session.scalars(query)))


def _take_photos(
    package: Package, place: Place, owners: dict[str, Actor], now: datetime, report: Report
) -> None:
    for entry in package.manifest.entries:
        sha256 = entry.path.removeprefix("photos/")
        if entry.kind != "photos" or sha256 not in owners:
            continue
        held = db.session.get(Photo, sha256, populate_existing=True)
        if held is not None and held.verified_at is not None:
            report.photos_known += 1
            continue
        try:
            with TemporaryFile(dir=_scratch(place)) as file:
                package.copy(entry, file)
                file.seek(0)
                _take_photo(place, owners[sha256], entry, file, now)
        except XunchengError as error:
            report.refused[entry.path] = error.code
        else:
            report.photos_taken += 1


def _take_photo(place: Place, owner: Actor, entry: Entry, file: IO[bytes], now: datetime) -> None:
    creation = Creation(entry.bytes, entry.path.removeprefix("photos/"))
    db.session.rollback()  # hold no snapshot while the bytes are written
    receive_whole(place, owner, creation, Piece(0, file, entry.bytes), now, refresh_photos)


def _scratch(place: Place) -> str:
    place.folder.mkdir(parents=True, exist_ok=True)
    return str(place.folder)
