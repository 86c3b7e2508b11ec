"""A server in memory that keeps the protocol's promises and can be told to misbehave."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sync.digests import scope_digest
from sync.messages import Change, Outcome, Receipt
from sync.remote import (
    Have,
    Hello,
    Limits,
    LinkDown,
    Page,
    Row,
    ScopeDigest,
    ServerSaidNo,
    Snapshot,
    UnsentStatus,
)

NOW = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)
Answer = Callable[[Change], Receipt]


@dataclass
class Upload:
    sha256: str
    length: int
    data: bytes = b""


class MemoryRemote:
    """Keeps what it is sent. `before[name]` runs before a call and may raise; `log` lists calls."""

    def __init__(self) -> None:
        self.epoch = "epoch-1"
        self.server_time = NOW
        self.limits = Limits()
        self.protocols = (1,)
        self.min_app_version = "1.0.0"
        self.changes: dict[str, Change] = {}
        self.answers: dict[str, Answer] = {}
        self.scopes: list[str] = ["catalog"]
        self.feed: list[Row] = []
        self.page_rows = 2
        self.photos: dict[str, bytes] = {}
        self.refused: dict[str, str] = {}
        self.uploads: dict[str, Upload] = {}
        self.before: dict[str, Callable[..., None]] = {}
        self.after: dict[str, Callable[..., None]] = {}
        self.log: list[str] = []

    # --- records
    def hello(self) -> Hello:
        self._begin("hello")
        return Hello(
            self.protocols, self.min_app_version, self.limits, self.epoch, self.server_time
        )

    def push(self, changes: Sequence[Change], status: UnsentStatus) -> Sequence[Receipt]:
        self._begin("push", changes, status)
        if len(changes) > self.limits.push_changes:
            raise ServerSaidNo(413, "too_large")
        receipts = [self._receive(change) for change in changes]
        self._end("push", changes)
        return receipts

    def _receive(self, change: Change) -> Receipt:
        if change.id in self.answers:
            return self.answers[change.id](change)
        if change.id in self.changes:
            first = {"outcome": "applied", "version": 1}
            return Receipt(change.id, Outcome.DUPLICATE, first=first)
        self.changes[change.id] = change
        return Receipt(change.id, Outcome.APPLIED, change.record_id, version=1)

    # --- pages
    def publish(self, scope: str, entity: str, row_id: str, version: int = 1) -> None:
        """Put a row at the end of the feed, as the newest state of it."""
        key = (scope, entity, row_id)
        self.feed = [row for row in self.feed if (row.scope, row.entity, row.id) != key]
        seq = 1 + max((row.seq for row in self.feed), default=0)
        self.feed.append(Row(scope, seq, entity, row_id, version, data={"id": row_id}))

    def retract(self, scope: str, entity: str, row_id: str) -> None:
        self.publish(scope, entity, row_id)
        self.feed[-1] = replace(self.feed[-1], deleted=True, data=None)

    def pull(self, cursors: Sequence[str], limit: int) -> Page:
        self._begin("pull", cursors, limit)
        after = min((int(cursor.partition(":")[2]) for cursor in cursors), default=0)
        if any(not cursor.startswith(self.epoch) for cursor in cursors):
            raise ServerSaidNo(410, "epoch_changed")
        visible = [row for row in self.feed if row.scope in self.scopes and row.seq > after]
        rows = visible[: self.page_rows]
        more = len(visible) > len(rows)
        last = rows[-1].seq if rows else after
        digests = {} if more else {scope: self.digest(scope) for scope in self.scopes}
        return Page(rows, f"{self.epoch}:{last}", more, tuple(self.scopes), (), digests)

    def snapshot(self, scope: str) -> Snapshot:
        self._begin("snapshot", scope)
        if scope not in self.scopes:
            raise ServerSaidNo(404, "not_found")
        rows = [row for row in self.feed if row.scope == scope and not row.deleted]
        digest = self.digest(scope)
        last = max((row.seq for row in self.feed), default=0)
        cursor = f"{self.epoch}:{last}"
        return Snapshot(scope, self.epoch, cursor, digest.count, digest.digest, iter(rows))

    def digest(self, scope: str) -> ScopeDigest:
        live = [row for row in self.feed if row.scope == scope and not row.deleted]
        return ScopeDigest(
            len(live), scope_digest((row.entity, row.id, row.version) for row in live)
        )

    # --- photos
    def have(self, hashes: Sequence[str]) -> Have:
        self._begin("have", hashes)
        asked = set(hashes)
        verified = frozenset(asked & self.photos.keys())
        refused = {key: code for key, code in self.refused.items() if key in asked}
        return Have(verified, refused, frozenset(asked - verified - refused.keys()))

    def open_upload(self, sha256: str, length: int, media_type: str) -> str:
        self._begin("open_upload", sha256, length, media_type)
        url = f"/uploads/{len(self.uploads) + 1}"
        self.uploads[url] = Upload(sha256, length)
        return url

    def upload_offset(self, url: str) -> int:
        self._begin("upload_offset", url)
        if url not in self.uploads:
            raise ServerSaidNo(410, "upload_expired")
        return len(self.uploads[url].data)

    def send_piece(self, url: str, offset: int, piece: bytes) -> int:
        self._begin("send_piece", url, offset, piece)
        upload = self.uploads[url]
        if offset != len(upload.data):
            raise ServerSaidNo(409, "offset_mismatch")
        upload.data += piece
        if len(upload.data) == upload.length:
            del self.uploads[url]
            if hashlib.sha256(upload.data).hexdigest() != upload.sha256:
                raise ServerSaidNo(460, "photo_hash_mismatch")
            self.photos[upload.sha256] = upload.data
        self._end("send_piece", url)
        return len(upload.data)

    # --- misbehaving
    def fail_once(self, name: str, error: Exception) -> None:
        """Let the next call of `name` raise before it does anything."""

        def raise_once(*_: object) -> None:
            del self.before[name]
            raise error

        self.before[name] = raise_once

    def lose_answer_once(self, name: str) -> None:
        """Let the next call of `name` do its work and its answer get lost on the way."""

        def lose(*_: object) -> None:
            del self.after[name]
            raise LinkDown(name)

        self.after[name] = lose

    def _begin(self, name: str, *arguments: object) -> None:
        self.log.append(name)
        if name in self.before:
            self.before[name](*arguments)

    def _end(self, name: str, *arguments: object) -> None:
        if name in self.after:
            self.after[name](*arguments)
