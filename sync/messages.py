"""Changes and receipts as both sides hold them: parsed once at the edge, then trusted.

Shapes follow `docs/protocol.md`, Push. A `Change` is immutable; its `body` keeps unknown fields.
"""

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

PROTOCOL = 1
MAX_PUSH_CHANGES = 200
MAX_PUSH_BYTES = 1_048_576
MAX_PHOTO_BYTES = 41_943_040
MAX_HAVE = 500

Json = dict[str, Any]


class Outcome(StrEnum):
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    MERGED = "merged"
    CONFLICT = "conflict"
    HELD = "held"
    REJECTED = "rejected"
    RETRY = "retry"


SETTLING = frozenset(
    {Outcome.APPLIED, Outcome.DUPLICATE, Outcome.MERGED, Outcome.CONFLICT, Outcome.HELD}
)


class PhotoRole(StrEnum):
    BEFORE = "before"
    AFTER = "after"
    SCENE = "scene"
    DOCUMENT = "document"
    SIGNATURE = "signature"
    FINDING = "finding"
    SCALE = "scale"


@dataclass(frozen=True)
class Location:
    """A WGS-84 point: degrees, accuracy in metres, and who measured it."""

    lat: float
    lon: float
    accuracy_m: float | None = None
    provider: str | None = None
    mock: bool = False

    def as_json(self) -> Json:
        return {
            "lat": self.lat,
            "lon": self.lon,
            "accuracy_m": self.accuracy_m,
            "crs": "WGS84",
            "provider": self.provider,
            "mock": self.mock,
        }


@dataclass(frozen=True)
class PhotoRef:
    """A photo that a change names: its SHA-256 (64 hex), size in bytes, and where it was taken."""

    sha256: str
    bytes: int
    type: str
    role: PhotoRole
    finding: str | None = None
    taken_at: str | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None

    def as_json(self) -> Json:
        return dict(self.__dict__)


@dataclass(frozen=True)
class Change:
    """One immutable fact captured on a device. Times are RFC 3339 text as the device sent them."""

    id: str
    n: int
    kind: str
    record_id: str
    observed_at: str
    body: Json
    schema: int = 1
    previous: str | None = None
    replaces: str | None = None
    base_version: int | None = None
    clock: Json | None = None
    photos: tuple[PhotoRef, ...] = ()

    def as_json(self) -> Json:
        """Return the change as it travels."""
        shape = dict(self.__dict__)
        shape["photos"] = [photo.as_json() for photo in self.photos]
        return shape


@dataclass(frozen=True)
class Receipt:
    """The server's lasting answer to one change."""

    change_id: str | None
    outcome: Outcome
    record_id: str | None = None
    version: int | None = None
    first: Json | None = None
    error: Json | None = None
    index: int | None = None
    extra: Json = field(default_factory=dict)

    def as_json(self) -> Json:
        shape: Json = {"change_id": self.change_id, "outcome": str(self.outcome)}
        for name in ("record_id", "version", "first", "error", "index"):
            value = getattr(self, name)
            if value is not None:
                shape[name] = value
        return shape | self.extra


def content_hash(raw: Json) -> str:
    """Return SHA-256 (64 hex) over the canonical JSON of a change as received."""
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
