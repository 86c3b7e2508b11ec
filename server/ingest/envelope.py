"""What a push request is made of, before any change in it is looked at."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from server.ingest.decoding import decode_body, decode_change
from sync import checks
from sync.bodies import Body, UnknownBody
from sync.checks import is_uuid, parse_instant
from sync.errors import Malformed, Refused, XunchengError
from sync.fields import InstantText, Part, Uuid, Whole
from sync.messages import MAX_PUSH_CHANGES, Change, Json
from sync.schemas import StrictSchema, load

KIND_LENGTH = 32


@dataclass(frozen=True)
class DeviceWord:
    """What the device says of the work that it still holds."""

    unsent_records: int = 0
    unsent_photo_bytes: int = 0
    oldest_unsent_at: str | None = None


@dataclass(frozen=True)
class Head:
    device_id: str
    sent_at: str | None = None
    status: DeviceWord | None = None
    rescued_from: str | None = None


@dataclass(frozen=True)
class Incoming:
    """One change as it came: `text` is its canonical JSON. `error` says why it cannot be read.

    `id` is None when even that cannot be read.
    """

    index: int
    id: str | None
    text: str
    content_hash: str
    raw: object
    change: Change | None
    body: Body | UnknownBody | None
    error: XunchengError | None


@dataclass(frozen=True)
class Push:
    """`rescued_from`: the device that numbered the changes, when another one sends them."""

    device_id: str
    sent_at: datetime | None
    status: DeviceWord | None
    incoming: tuple[Incoming, ...]
    rescued_from: str | None = None


class DeviceWordSchema(StrictSchema):
    makes = DeviceWord
    unsent_records = Whole(most=2**31 - 1)
    unsent_photo_bytes = Whole()
    oldest_unsent_at = InstantText()


class HeadSchema(StrictSchema):
    makes = Head
    device_id = Uuid(required=True)
    sent_at = InstantText()
    status = Part(DeviceWordSchema)
    rescued_from = Uuid()


_HEAD = HeadSchema()


def read_push(raw: Json) -> Push:
    """Return a push; changes that cannot be read stay in it with their error.

    Raises `Malformed` when the request itself cannot be read, `too_large` above 200 changes.
    """
    head: Head = load(_HEAD, raw)
    changes = raw.get("changes")
    if not isinstance(changes, list):
        raise Malformed("malformed", fields={"changes": [checks.NOT_LIST]})
    if len(changes) > MAX_PUSH_CHANGES:
        raise Refused("too_large", fields={"changes": [checks.TOO_MANY]})
    sent_at = parse_instant(head.sent_at) if head.sent_at else None
    incoming = tuple(_incoming(index, change) for index, change in enumerate(changes))
    return Push(head.device_id, sent_at, head.status, incoming, head.rescued_from)


def read_stored(text: str) -> Incoming:
    """Return a change that was received earlier and kept as `text`."""
    return _incoming(0, orjson.loads(text))


def _incoming(index: int, raw: Any) -> Incoming:
    text = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
    given = raw.get("id") if isinstance(raw, dict) else None
    change: Change | None = None
    body: Body | UnknownBody | None = None
    error: XunchengError | None = None
    try:
        change = decode_change(raw)
        body = decode_body(change.kind, change.body)
    except Malformed as malformed:
        error = malformed
    return Incoming(
        index=index,
        id=given if is_uuid(given) else None,
        text=text.decode(),
        content_hash=hashlib.sha256(text).hexdigest(),
        raw=raw,
        change=change,
        body=body,
        error=error,
    )
