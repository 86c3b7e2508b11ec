"""A person's store in memory: the same promises as `mobile.store`, without files.

The contract in `tests/contracts/test_person_store.py` runs against both; the rules' tests use this.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sync.digests import scope_digest
from sync.messages import Change
from sync.outbox import ChangeState, Settlement
from sync.photos import PhotoState, QueuedPhoto
from sync.remote import LinkDown, Page, Row, ScopeDigest, UnsentStatus

UNSENT = (ChangeState.WAITING, ChangeState.SENDING)


@dataclass
class Kept:
    change: Change
    at: datetime
    state: ChangeState = ChangeState.WAITING
    settlement: Settlement | None = None
    acknowledged_at: datetime | None = None


class MemoryOutbox:
    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.reflected: set[str] = set()

    def append(self, change: Change, now: datetime) -> Change:
        numbered = replace(change, n=len(self.kept) + 1)
        self.kept[change.id] = Kept(numbered, now)
        return numbered

    def waiting(self, after_n: int, limit: int) -> Sequence[Change]:
        unsent = [one.change for one in self.kept.values() if one.state in UNSENT]
        return [change for change in unsent if change.n > after_n][:limit]

    def mark_sending(self, change_ids: Sequence[str]) -> None:
        for change_id in change_ids:
            self.kept[change_id].state = ChangeState.SENDING

    def recover(self) -> None:
        for one in self.kept.values():
            if one.state is ChangeState.SENDING:
                one.state = ChangeState.WAITING

    def settle(self, settlements: Sequence[Settlement], now: datetime) -> None:
        for settlement in settlements:
            one = self.kept.get(settlement.change_id)
            if one is None or one.state not in UNSENT:
                continue
            one.state, one.settlement = settlement.state, settlement
            acknowledged = settlement.state is ChangeState.ACKNOWLEDGED
            one.acknowledged_at = now if acknowledged else None

    def send_again(self, since: datetime) -> int:
        again = [
            one
            for one in self.kept.values()
            if one.acknowledged_at is not None and one.acknowledged_at >= since
        ]
        for one in again:
            one.state, one.acknowledged_at = ChangeState.WAITING, None
        return len(again)

    def mark_reflected(self, before: datetime) -> None:
        self.reflected |= {
            key
            for key, one in self.kept.items()
            if one.acknowledged_at is not None and one.acknowledged_at <= before
        }

    def unsent_status(self) -> UnsentStatus:
        unsent = [one for one in self.kept.values() if one.state in UNSENT]
        oldest = min((one.at for one in unsent), default=None)
        return UnsentStatus(len(unsent), 0, oldest)

    def state(self, change_id: str) -> ChangeState:
        return self.kept[change_id].state


class MemoryPhotos:
    """Photos by hash. `named` are those whose change was acknowledged; None: all of them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.queued: dict[str, QueuedPhoto] = {}
        self.errors: dict[str, str] = {}

    def add(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self.files[sha256] = data
        self.queued[sha256] = QueuedPhoto(sha256, len(data), "image/jpeg", PhotoState.LOCAL)
        return sha256

    def state(self, sha256: str) -> PhotoState:
        return self.queued[sha256].state

    def unverified(self, limit: int) -> Sequence[QueuedPhoto]:
        done = (PhotoState.VERIFIED, PhotoState.REFUSED)
        return [one for one in self.queued.values() if one.state not in done][:limit]

    def read(self, sha256: str, offset: int, size: int) -> bytes:
        return self.files[sha256][offset : offset + size]

    def is_intact(self, sha256: str) -> bool:
        return hashlib.sha256(self.files[sha256]).hexdigest() == sha256

    def mark_upload(self, sha256: str, url: str, offset: int) -> None:
        self._set(sha256, state=PhotoState.UPLOADING, url=url, offset=offset)

    def mark_held(self, sha256: str) -> None:
        self._set(sha256, state=PhotoState.HELD, offset=self.queued[sha256].bytes)

    def mark_verified(self, hashes: Sequence[str], now: datetime) -> None:
        del now
        for sha256 in hashes:
            self._set(sha256, state=PhotoState.VERIFIED, url=None)

    def mark_refused(self, sha256: str, code: str) -> None:
        self.errors[sha256] = code
        self._set(sha256, state=PhotoState.REFUSED, url=None)

    def begin_again(self, sha256: str, *, count: bool) -> None:
        restarts = self.queued[sha256].restarts + int(count)
        self._set(sha256, state=PhotoState.LOCAL, url=None, offset=0, restarts=restarts)

    def ask_again(self) -> None:
        for sha256, photo in self.queued.items():
            if photo.state is not PhotoState.REFUSED:
                self._set(sha256, state=PhotoState.LOCAL, url=None, offset=0)

    def _set(self, sha256: str, **values: object) -> None:
        self.queued[sha256] = replace(self.queued[sha256], **values)  # type: ignore[arg-type]


class MemoryReplica:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], Row] = {}
        self.held: set[str] = set()  # ids of records with unsent work
        self._cursors: tuple[str, ...] = ()
        self._epoch: str | None = None
        self._scopes: set[str] = set()

    def cursors(self) -> Sequence[str]:
        return self._cursors

    def set_cursors(self, cursors: Sequence[str]) -> None:
        self._cursors = tuple(cursors)

    def epoch(self) -> str | None:
        return self._epoch

    def set_epoch(self, epoch: str) -> None:
        self._epoch = epoch

    def scopes(self) -> Sequence[str]:
        return sorted(self._scopes)

    def apply_page(self, page: Page) -> None:
        for row in page.rows:
            key = (row.scope, row.entity, row.id)
            if row.deleted:
                self.rows.pop(key, None)
            elif key not in self.rows or self.rows[key].seq <= row.seq:
                self.rows[key] = row
        self._cursors = (page.cursor,)
        self._scopes |= set(page.scopes)

    def load_scope(self, scope: str, rows: Iterator[Row], count: int) -> None:
        loaded = list(rows)
        if len(loaded) != count:
            raise LinkDown(scope)
        self.rows = {key: row for key, row in self.rows.items() if key[0] != scope}
        self.rows |= {(row.scope, row.entity, row.id): row for row in loaded}

    def drop_scope(self, scope: str) -> bool:
        self.rows = {
            key: row for key, row in self.rows.items() if key[0] != scope or key[2] in self.held
        }
        if any(key[0] == scope for key in self.rows):
            return False
        self._scopes.discard(scope)
        return True

    def digest(self, scope: str) -> ScopeDigest:
        rows = [row for key, row in self.rows.items() if key[0] == scope]
        return ScopeDigest(
            len(rows), scope_digest((row.entity, row.id, row.version) for row in rows)
        )


@dataclass
class MemoryStore:
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    photos: MemoryPhotos = field(default_factory=MemoryPhotos)
    replica: MemoryReplica = field(default_factory=MemoryReplica)
