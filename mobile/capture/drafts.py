"""Drafts: a record in the making, saved at every change; a kill at any moment loses nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mobile.store.outbox import photo_ref_from_json
from mobile.store.person_store import PersonStore
from mobile.store.times import as_text, from_text
from sync.errors import Refused
from sync.ids import uuid7
from sync.messages import PhotoRef
from sync.outbox import ChangeState


@dataclass(frozen=True)
class CapturedPhoto:
    """A photo that this device holds: what the change will say, and where its files are."""

    ref: PhotoRef
    path: str  # the original, byte for byte
    thumb: str  # upright, at most 256 px
    stand_in: bool = False  # the picture could not be opened here (HEIC without support)


@dataclass(frozen=True)
class Draft:
    """A form as it stands. `body` has the wire's field names; `photos` in the order taken.

    `record_id`: the case it is about (a new id for a report). `replaces`: the refused change
    that it mends.
    """

    id: str
    kind: str
    record_id: str
    created_at: datetime
    body: Mapping[str, Any] = field(default_factory=dict)
    photos: tuple[CapturedPhoto, ...] = ()
    replaces: str | None = None
    base_version: int | None = None

    def with_fields(self, **fields: Any) -> "Draft":
        """Return a copy with some body fields set; a field set to None is taken out."""
        body = {**self.body, **fields}
        kept = {name: value for name, value in body.items() if value is not None}
        return replace(self, body=kept)

    def with_photo(self, photo: CapturedPhoto) -> "Draft":
        """Return a copy with one photo more; the same picture twice stays one."""
        others = tuple(one for one in self.photos if one.ref.sha256 != photo.ref.sha256)
        return replace(self, photos=(*others, photo))

    def without_photo(self, sha256: str) -> "Draft":
        return replace(self, photos=tuple(one for one in self.photos if one.ref.sha256 != sha256))


def new_draft(
    store: PersonStore,
    kind: str,
    now: datetime,
    *,
    record_id: str | None = None,
    body: Mapping[str, Any] | None = None,
    base_version: int | None = None,
) -> Draft:
    """Start a draft and save it. `record_id` is the case for moves, None for a new record."""
    now_ms = int(now.timestamp() * 1000)
    made = Draft(
        id=uuid7(now_ms),
        kind=str(kind),
        record_id=record_id or uuid7(now_ms),
        created_at=now,
        body=dict(body or {}),
        base_version=base_version,
    )
    save_draft(store, made)
    return made


def save_draft(store: PersonStore, draft: Draft) -> None:
    """Make the draft durable as it stands. Takes a few milliseconds."""
    content = {
        "body": dict(draft.body),
        "photos": [photo.ref.as_json() for photo in draft.photos],
        "replaces": draft.replaces,
        "base_version": draft.base_version,
    }
    with store.writing() as connection:
        connection.execute(
            """INSERT INTO draft (id, kind, record_id, content, created_at, saved_at)
               VALUES (?, ?, ?, sealed(?), ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
               ON CONFLICT (id) DO UPDATE SET
                 content = excluded.content, saved_at = excluded.saved_at""",
            (
                draft.id,
                draft.kind,
                draft.record_id,
                json.dumps(content, ensure_ascii=False),
                as_text(draft.created_at),
            ),
        )


def open_drafts(store: PersonStore, kind: str | None = None) -> Sequence[Draft]:
    """Return drafts that were not finished, newest first."""
    rows = store.reading().execute(
        "SELECT * FROM draft WHERE kind = coalesce(?, kind) ORDER BY created_at DESC", (kind,)
    )
    return [_draft(store, row) for row in rows.fetchall()]


def draft(store: PersonStore, draft_id: str) -> Draft | None:
    row = store.reading().execute("SELECT * FROM draft WHERE id = ?", (draft_id,)).fetchone()
    return None if row is None else _draft(store, row)


def discard(store: PersonStore, draft_id: str) -> None:
    """Drop a draft. Photos that nothing else names are removed from the device."""
    with store.writing() as connection:
        dropped = draft(store, draft_id)
        connection.execute("DELETE FROM draft WHERE id = ?", (draft_id,))
        others = {photo.ref.sha256 for one in open_drafts(store) for photo in one.photos}
    for photo in dropped.photos if dropped else ():
        if photo.ref.sha256 not in others:
            store.photos.remove_unused(photo.ref.sha256)


def mend(store: PersonStore, change_id: str, now: datetime) -> Draft:
    """Open a refused record as a draft that will replace it. Raises `Refused("not_rejected")`.

    Asked again for the same record, it returns the draft already begun.
    """
    entry = store.outbox.entry(change_id)
    if entry is None or entry.state is not ChangeState.ATTENTION:
        raise Refused("not_rejected", detail=change_id)
    for begun in open_drafts(store, entry.change.kind):
        if begun.replaces == change_id:
            return begun
    made = Draft(
        id=uuid7(int(now.timestamp() * 1000)),
        kind=entry.change.kind,
        record_id=entry.change.record_id,
        created_at=now,
        body=dict(entry.change.body),
        photos=tuple(_captured(store, ref) for ref in entry.change.photos),
        replaces=change_id,
        base_version=entry.change.base_version,
    )
    save_draft(store, made)
    return made


def _draft(store: PersonStore, row: Any) -> Draft:
    content = json.loads(row["content"])
    created_at = from_text(row["created_at"])
    assert created_at is not None
    refs = [photo_ref_from_json(photo) for photo in content["photos"]]
    return Draft(
        id=row["id"],
        kind=row["kind"],
        record_id=row["record_id"],
        created_at=created_at,
        body=content["body"],
        photos=tuple(_captured(store, ref) for ref in refs),
        replaces=content["replaces"],
        base_version=content["base_version"],
    )


def _captured(store: PersonStore, ref: PhotoRef) -> CapturedPhoto:
    held = store.photos.get(ref.sha256)
    if held is None:  # its files were lost; what the record says of it is not
        return CapturedPhoto(ref, "", "", stand_in=True)
    return CapturedPhoto(ref, str(held.original), str(held.thumb), held.stand_in)
