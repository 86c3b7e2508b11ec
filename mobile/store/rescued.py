"""Changes taken in from another device's rescue package: kept as they are, sent as that device's.

They stand in `change` like own ones, so that lists, mending and photos work alike, but on places
below zero: the numbers that the other device gave them are in `rescued` and in their content.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from mobile.store.outbox import OutboxTable, change_from_json
from mobile.store.person_store import PersonStore
from mobile.store.times import as_text
from sync.errors import Refused
from sync.messages import Change
from sync.outbox import ChangeState, Settlement
from sync.remote import UnsentStatus
from sync.rescue import RescuedChange

_KEPT = frozenset({ChangeState.WAITING, ChangeState.ATTENTION, ChangeState.ACKNOWLEDGED})


class RescuedOutbox:
    """What waits of one other device. Implements `sync.outbox.Outbox`."""

    def __init__(self, store: PersonStore, device_id: str) -> None:
        self._store = store
        self._own: OutboxTable = store.outbox
        self.device_id = device_id

    def waiting(self, after_n: int, limit: int) -> Sequence[Change]:
        rows = self._store.reading().execute(
            """SELECT content FROM rescued JOIN change ON change.id = rescued.change_id
               WHERE device_id = ? AND rescued.n > ? AND state IN (?, ?)
               ORDER BY rescued.n LIMIT ?""",
            (self.device_id, after_n, ChangeState.WAITING, ChangeState.SENDING, limit),
        )
        return [change_from_json(json.loads(row["content"])) for row in rows.fetchall()]

    def mark_sending(self, change_ids: Sequence[str]) -> None:
        self._own.mark_sending(change_ids)

    def settle(self, settlements: Sequence[Settlement], now: datetime) -> None:
        self._own.settle(settlements, now)

    def unsent_status(self) -> UnsentStatus:
        return self._own.unsent_status()


def rescued_outboxes(store: PersonStore) -> Sequence[RescuedOutbox]:
    """Return the outboxes of other devices that have something to send."""
    rows = store.reading().execute(
        """SELECT DISTINCT device_id FROM rescued JOIN change ON change.id = rescued.change_id
           WHERE state IN (?, ?) ORDER BY device_id""",
        (ChangeState.WAITING, ChangeState.SENDING),
    )
    return [RescuedOutbox(store, row["device_id"]) for row in rows.fetchall()]


def origin_of(store: PersonStore, change_id: str) -> str | None:
    """Return the device that numbered a change, or None when it was this one."""
    row = (
        store.reading()
        .execute("SELECT device_id FROM rescued WHERE change_id = ?", (change_id,))
        .fetchone()
    )
    return None if row is None else str(row["device_id"])


def adopt(store: PersonStore, rescued: RescuedChange, now: datetime) -> bool:
    """Put a change of another device into the outbox; return False when it is there already.

    Adopt those with the highest `n` first: each goes before the ones adopted earlier. Its photos
    that are held here are tied to it, also when it was there. Raises `Refused("malformed")` for a
    change that this app cannot read.
    """
    try:
        change = change_from_json(rescued.raw)
        state = ChangeState(rescued.state)
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("malformed", detail=str(error)) from error
    if state not in _KEPT:
        state = ChangeState.WAITING
    with store.writing() as connection:
        known = connection.execute("SELECT 1 FROM change WHERE id = ?", (change.id,)).fetchone()
        if known is None:
            lowest = connection.execute("SELECT min(n) FROM change").fetchone()[0] or 0
            connection.execute(
                """INSERT INTO change (id, n, kind, record_id, previous, replaces, content,
                       created_at, state, outcome, version, error, acknowledged_at)
                   VALUES (?, ?, ?, ?, ?, ?, sealed(?), ?, ?, ?, ?, sealed(?), ?)""",
                (
                    change.id,
                    min(lowest, 0) - 1,
                    change.kind,
                    change.record_id,
                    change.previous,
                    change.replaces,
                    json.dumps(rescued.raw, ensure_ascii=False),
                    rescued.created_at,
                    state,
                    rescued.outcome,
                    rescued.version,
                    json.dumps(rescued.error, ensure_ascii=False) if rescued.error else None,
                    as_text(now) if state is ChangeState.ACKNOWLEDGED else None,
                ),
            )
            connection.execute(
                "INSERT INTO rescued VALUES (?, ?, ?)", (change.id, rescued.device_id, rescued.n)
            )
        connection.executemany(
            """INSERT OR IGNORE INTO photo_use SELECT ?, sha256, ?, ?, ? FROM photo
               WHERE sha256 = ?""",
            [
                (change.id, change.record_id, photo.role, position, photo.sha256)
                for position, photo in enumerate(change.photos)
            ],
        )
    return known is None
