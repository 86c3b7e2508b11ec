"""What one side sees of the other: the server as the device's protocol logic needs it.

`mobile.transfer.remote.HttpRemote` speaks HTTP; the rules' tests use one in memory. Failures come
in two families: `LinkDown` (nothing is known of what the server did) and `ServerSaidNo` (it
answered, with a stable code).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sync.messages import Change, Json, Receipt


class LinkDown(Exception):
    """No answer, half an answer, or one that is not ours (a captive portal, a proxy's page)."""


class SignInNeeded(Exception):
    """The session has ended and could not be renewed; everything stays on the device."""


class ServerSaidNo(Exception):
    """An answer in the error shape: HTTP status, stable code, and when to come back (seconds)."""

    def __init__(
        self,
        status: int,
        code: str,
        *,
        message: str = "",
        fields: Json | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields or {}
        self.retry_after = retry_after

    def as_error(self) -> Json:
        """Return it as the `error` of a receipt has it."""
        return {"code": self.code, "message": self.message, "fields": self.fields}


@dataclass(frozen=True)
class UnsentStatus:
    """What a push says of the work that still waits on the device."""

    unsent_records: int
    unsent_photo_bytes: int
    oldest_unsent_at: datetime | None

    def as_json(self) -> Json:
        oldest = self.oldest_unsent_at.isoformat() if self.oldest_unsent_at else None
        return {
            "unsent_records": self.unsent_records,
            "unsent_photo_bytes": self.unsent_photo_bytes,
            "oldest_unsent_at": oldest,
        }


@dataclass(frozen=True)
class Row:
    """One row of the feed; `data` is None when it is deleted or has left the scope."""

    scope: str
    seq: int
    entity: str
    id: str
    version: int
    deleted: bool = False
    data: Json | None = None


@dataclass(frozen=True)
class ScopeDigest:
    count: int
    digest: str  # 64 hex digits, see sync.digests


@dataclass(frozen=True)
class Page:
    """One answer to a pull. `digests` are there only on the last page."""

    rows: Sequence[Row]
    cursor: str
    more: bool
    scopes: Sequence[str]
    requests: Sequence[str]
    digests: dict[str, ScopeDigest]


@dataclass(frozen=True)
class Snapshot:
    """One scope as a whole, as of `cursor`. `rows` ends early with `LinkDown` when it is cut."""

    scope: str
    epoch: str
    cursor: str
    count: int
    digest: str
    rows: Iterator[Row]


@dataclass(frozen=True)
class Have:
    """The server's answer about photos, by SHA-256; `refused` maps to the code that says why."""

    verified: frozenset[str]
    refused: dict[str, str]
    missing: frozenset[str]


@dataclass(frozen=True)
class Limits:
    """What the server takes at once: changes and bytes of a push, bytes of a photo, hashes."""

    push_changes: int = 200
    push_bytes: int = 1_048_576
    photo_bytes: int = 41_943_040
    have: int = 500


@dataclass(frozen=True)
class Hello:
    protocols: Sequence[int]
    min_app_version: str
    limits: Limits
    epoch: str
    server_time: datetime


class Remote(Protocol):
    """Every method raises `LinkDown`, `ServerSaidNo` or `SignInNeeded`."""

    def hello(self) -> Hello: ...

    def push(self, changes: Sequence[Change], status: UnsentStatus) -> Sequence[Receipt]: ...

    def pull(self, cursors: Sequence[str], limit: int) -> Page: ...

    def snapshot(self, scope: str) -> Snapshot: ...

    def have(self, hashes: Sequence[str]) -> Have: ...

    def open_upload(self, sha256: str, length: int, media_type: str) -> str:
        """Return the address of a new upload (tus creation)."""
        ...

    def upload_offset(self, url: str) -> int:
        """Return how many bytes the server holds durably (tus HEAD)."""
        ...

    def send_piece(self, url: str, offset: int, piece: bytes) -> int:
        """Send one piece with its checksum; return the offset after it (tus PATCH)."""
        ...
