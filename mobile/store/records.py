"""Everything this person has recorded on this device, with how far each record has got."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from mobile.store.catalog import category_names
from mobile.store.names import Name
from mobile.store.outbox import OutboxEntry, entry_from_row
from mobile.store.person_store import PersonStore
from mobile.store.photo_shelf import HeldPhoto
from mobile.store.times import as_text, from_text
from sync.bodies import Kind
from sync.messages import Json
from sync.outbox import ChangeState
from sync.photos import PhotoState

RECORD_KINDS = (
    Kind.CASE_REPORT,
    Kind.CASE_VERIFY,
    Kind.CASE_CHECK,
    Kind.CASE_HANDLE,
    Kind.WORK_RECORD,
)
_KINDS = ",".join("?" * len(RECORD_KINDS))
_READ_AT_ONCE = 200


class RecordStatus(StrEnum):
    DRAFT = "draft"
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    PHOTOS_PENDING = "photos_pending"
    ATTENTION = "attention"  # the server refused it, or one of its photos
    REVIEWED = "reviewed"  # the case it is about is closed


@dataclass(frozen=True)
class RecordProblem:
    """Why a record needs attention: a code of `sync.errors.CATALOGUE`, and messages per field."""

    code: str
    message: str
    fields: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class RecordItem:
    """One record. `id` is the draft's id or the change's id; `record_id` the case's."""

    id: str
    record_id: str
    kind: str
    title: Name
    place: str
    at: datetime
    status: RecordStatus
    photos: int
    photos_sent: int
    thumb: str | None
    error: RecordProblem | None = None
    result: str | None = None  # of a check (pass, fail), a verification (yes, no), a step
    number: str = ""  # the case's, once the server has given one


def records(
    store: PersonStore, limit: int = 50, before: datetime | None = None, query: str = ""
) -> Sequence[RecordItem]:
    """Return own records, newest first, older than `before`, whose title or place has `query`."""
    names = category_names(store)
    wanted = query.strip().lower()
    found: list[RecordItem] = []
    for item in _newest_first(store, before, names):
        if not wanted or _matches(item, wanted):
            found.append(item)
        if len(found) == limit:
            break
    return found


def record(store: PersonStore, item_id: str) -> RecordItem | None:
    """Return one record by the id of its draft or change."""
    names = category_names(store)
    entry = store.outbox.entry(item_id)
    if entry is not None:
        return _from_entry(store, entry, names)
    row = store.reading().execute("SELECT * FROM draft WHERE id = ?", (item_id,)).fetchone()
    return None if row is None else _from_draft(store, row, names)


def problems(store: PersonStore, limit: int = 100) -> Sequence[RecordItem]:
    """Return the records that need a person: refused, or with a refused photo."""
    names = category_names(store)
    entries = store.outbox.entries(
        """(state = ? AND kind != ?) OR (state = 'acknowledged' AND id IN (
             SELECT change_id FROM photo_use JOIN photo USING (sha256)
             WHERE photo.state = 'refused'))""",
        (ChangeState.ATTENTION, Kind.POSITION_REPORT),  # nobody wrote a position, nobody mends it
    )
    return [_from_entry(store, entry, names) for entry in entries[:limit]]


def _newest_first(
    store: PersonStore, before: datetime | None, names: Mapping[str, Name]
) -> Iterator[RecordItem]:
    """Merge drafts and changes by time. Reads the changes piece by piece."""
    limit_text = as_text(before) if before else "9999"
    drafts = [
        _from_draft(store, row, names)
        for row in store.reading()
        .execute("SELECT * FROM draft WHERE created_at < ? ORDER BY created_at DESC", (limit_text,))
        .fetchall()
    ]
    for item in _changes_newest_first(store, limit_text, names):
        while drafts and drafts[0].at >= item.at:
            yield drafts.pop(0)
        yield item
    yield from drafts


def _changes_newest_first(
    store: PersonStore, before: str, names: Mapping[str, Name]
) -> Iterator[RecordItem]:
    last = before
    while True:
        rows = (
            store.reading()
            .execute(
                f"""SELECT * FROM change WHERE created_at < ? AND kind IN ({_KINDS})
                      AND state NOT IN ('mended', 'withdrawn')
                    ORDER BY created_at DESC LIMIT ?""",
                (last, *RECORD_KINDS, _READ_AT_ONCE),
            )
            .fetchall()
        )
        for row in rows:
            yield _from_entry(store, entry_from_row(row), names)
        if len(rows) < _READ_AT_ONCE:
            return
        last = rows[-1]["created_at"]


def _from_entry(store: PersonStore, entry: OutboxEntry, names: Mapping[str, Name]) -> RecordItem:
    change = entry.change
    case = store.replica.one("case", change.record_id) or {}
    photos = store.photos.get_many([photo.sha256 for photo in change.photos])
    item = _item(change.id, change.record_id, change.kind, change.body, case, names)
    return replace(
        item,
        at=entry.created_at,
        status=_status(entry, photos, case),
        photos=len(change.photos),
        photos_sent=sum(photo.state is PhotoState.VERIFIED for photo in photos.values()),
        thumb=_thumb(photos[one.sha256] for one in change.photos if one.sha256 in photos),
        error=_problem(entry, photos),
    )


def _from_draft(store: PersonStore, row: Any, names: Mapping[str, Name]) -> RecordItem:
    content = json.loads(row["content"])
    case = store.replica.one("case", row["record_id"]) or {}
    item = _item(row["id"], row["record_id"], row["kind"], content["body"], case, names)
    hashes = [photo["sha256"] for photo in content["photos"]]
    photos = store.photos.get_many(hashes)
    at = from_text(row["created_at"])
    assert at is not None
    return replace(item, at=at, photos=len(hashes), thumb=_thumb(photos.values()))


def _item(
    item_id: str, record_id: str, kind: str, body: Any, case: Json, names: Mapping[str, Name]
) -> RecordItem:
    """Return what a record says of itself; its status is that of a draft."""
    key = body.get("category") or case.get("category") or ""
    return RecordItem(
        id=item_id,
        record_id=record_id,
        kind=kind,
        title=names.get(key, Name(key or body.get("work_type", ""))),
        place=body.get("address") or case.get("address") or "",
        at=datetime.min.replace(tzinfo=UTC),
        status=RecordStatus.DRAFT,
        photos=0,
        photos_sent=0,
        thumb=None,
        result=_result(body),
        number=case.get("number") or "",
    )


def _result(body: Any) -> str | None:
    if "exists" in body:
        return "yes" if body["exists"] else "no"
    result = body.get("result") or body.get("step")
    return None if result is None else str(result)


def _status(entry: OutboxEntry, photos: Mapping[str, HeldPhoto], case: Json) -> RecordStatus:
    states = {photo.state for photo in photos.values()}
    if entry.state is ChangeState.ATTENTION or PhotoState.REFUSED in states:
        return RecordStatus.ATTENTION
    if entry.state is ChangeState.WAITING:
        return RecordStatus.WAITING
    if entry.state is ChangeState.SENDING:
        return RecordStatus.SENDING
    if states - {PhotoState.VERIFIED}:
        return RecordStatus.PHOTOS_PENDING
    return RecordStatus.REVIEWED if case.get("state") == "closed" else RecordStatus.SENT


def _problem(entry: OutboxEntry, photos: Mapping[str, HeldPhoto]) -> RecordProblem | None:
    if entry.state is ChangeState.ATTENTION:
        error = entry.error or {}
        fields = {
            path: tuple(str(message) for message in messages)
            for path, messages in (error.get("fields") or {}).items()
        }
        return RecordProblem(error.get("code", "malformed"), error.get("message", ""), fields)
    for photo in photos.values():
        if photo.state is PhotoState.REFUSED:
            return RecordProblem(photo.error or "photo_wrong_type", "", {})
    return None


def _thumb(photos: Any) -> str | None:
    return next((str(photo.thumb) for photo in photos if photo.thumb.exists()), None)


def _matches(item: RecordItem, wanted: str) -> bool:
    texts = (item.title.zh, item.title.en, item.place, item.number)
    return any(wanted in text.lower() for text in texts)
