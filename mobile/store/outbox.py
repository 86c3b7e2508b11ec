"""The changes of one person on this device, numbered without gaps and never altered."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mobile.store.database import Database
from mobile.store.times import as_text, from_text
from sync.errors import Refused
from sync.messages import Change, Json, PhotoRef, PhotoRole
from sync.outbox import ChangeState, Settlement
from sync.remote import UnsentStatus

_UNSENT = (ChangeState.WAITING, ChangeState.SENDING)


@dataclass(frozen=True)
class OutboxEntry:
    """A change with what has become of it. `error` is the server's, as a receipt has it."""

    change: Change
    state: ChangeState
    outcome: str | None
    version: int | None
    error: Json | None
    created_at: datetime


def photo_ref_from_json(raw: Mapping[str, Any]) -> PhotoRef:
    """Return a photo's reference from what `PhotoRef.as_json` wrote."""
    return PhotoRef(**{**raw, "role": PhotoRole(raw["role"])})


def change_from_json(raw: Mapping[str, Any]) -> Change:
    """Return a change from what `Change.as_json` wrote."""
    photos = tuple(photo_ref_from_json(photo) for photo in raw["photos"])
    return Change(**{**raw, "photos": photos})


class OutboxTable:
    """The queue of one person. Implements `sync.round.DeviceOutbox`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, change: Change, now: datetime) -> Change:
        """Number a change, chain it to the record's last one, and keep it.

        `n` and, unless given, `previous` of the argument are replaced. What it mends
        (`replaces`) leaves the queue. Raises `Refused("not_rejected")` when that was not refused.
        """
        with self._database.writing() as connection:
            previous = change.previous
            if change.replaces is not None:
                previous = self._mended(connection, change.replaces)
            elif previous is None:
                previous = self._end_of_chain(connection, change.record_id)
            numbered = replace(change, n=self._next_n(connection), previous=previous)
            self._insert(connection, numbered, now)
            return numbered

    def waiting(self, after_n: int, limit: int) -> Sequence[Change]:
        rows = self._database.reading().execute(
            "SELECT content FROM change WHERE state IN (?, ?) AND n > ? ORDER BY n LIMIT ?",
            (*_UNSENT, after_n, limit),
        )
        return [change_from_json(json.loads(row["content"])) for row in rows]

    def mark_sending(self, change_ids: Sequence[str]) -> None:
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE change SET state = ? WHERE id = ? AND state = ?",
                [(ChangeState.SENDING, one, ChangeState.WAITING) for one in change_ids],
            )

    def recover(self) -> None:
        """Let what was being sent when the app ended, or the link broke, wait again."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE change SET state = ? WHERE state = ?",
                (ChangeState.WAITING, ChangeState.SENDING),
            )

    def settle(self, settlements: Sequence[Settlement], now: datetime) -> None:
        with self._database.writing() as connection:
            for one in settlements:
                acknowledged = one.state is ChangeState.ACKNOWLEDGED
                connection.execute(
                    """UPDATE change SET state = ?, outcome = ?, version = ?, error = sealed(?),
                           acknowledged_at = ?, reflected = 0
                       WHERE id = ? AND state IN (?, ?)""",
                    (
                        one.state,
                        one.outcome,
                        one.version,
                        json.dumps(one.error, ensure_ascii=False) if one.error else None,
                        as_text(now) if acknowledged else None,
                        one.change_id,
                        *_UNSENT,
                    ),
                )

    def send_again(self, since: datetime) -> int:
        with self._database.writing() as connection:
            done = connection.execute(
                "UPDATE change SET state = ?, reflected = 0 "
                "WHERE state = ? AND acknowledged_at >= ?",
                (ChangeState.WAITING, ChangeState.ACKNOWLEDGED, as_text(since)),
            )
            return done.rowcount

    def mark_reflected(self, before: datetime) -> None:
        with self._database.writing() as connection:
            # A change that was held may have been decided since: the pull brought the word of it.
            connection.execute(
                """UPDATE change SET outcome = said.outcome, error = said.error,
                     state = iif(said.outcome = 'rejected', 'attention', state)
                   FROM (SELECT id, json_extract(opened(data), '$.outcome') AS outcome,
                           sealed(json_extract(opened(data), '$.error')) AS error
                         FROM replica WHERE entity = 'my_change') AS said
                   WHERE said.id = change.id AND change.state = 'acknowledged'
                     AND change.outcome = 'held' AND said.outcome != 'held'"""
            )
            # A refused one may have been carried out after all: a supervisor tried it again.
            connection.execute(
                """UPDATE change SET outcome = said.outcome, error = NULL,
                     state = 'acknowledged', acknowledged_at = ?
                   FROM (SELECT id, json_extract(opened(data), '$.outcome') AS outcome
                         FROM replica WHERE entity = 'my_change') AS said
                   WHERE said.id = change.id AND change.state = 'attention'
                     AND said.outcome IN ('applied', 'merged', 'conflict')""",
                (as_text(before),),
            )
            # Or they said what to mend: it is shown with what is wrong.
            connection.execute(
                """UPDATE change SET error = sealed(json_set(
                     coalesce(opened(error), '{}'), '$.fields',
                     json(json_patch(coalesce(json_extract(opened(error), '$.fields'), '{}'),
                       json_object('supervisor', json_array(said.note))))))
                   FROM (SELECT id, json_extract(opened(data), '$.note') AS note
                         FROM replica WHERE entity = 'my_change') AS said
                   WHERE said.id = change.id AND change.state = 'attention'
                     AND said.note IS NOT NULL"""
            )
            connection.execute(
                """UPDATE change SET reflected = 1 WHERE reflected = 0 AND state = ?
                       AND acknowledged_at <= ? AND outcome != 'held'""",
                (ChangeState.ACKNOWLEDGED, as_text(before)),
            )

    def unsent_status(self) -> UnsentStatus:
        connection = self._database.reading()
        records = connection.execute(
            "SELECT count(*) AS count, min(created_at) AS oldest FROM change WHERE state IN (?, ?)",
            _UNSENT,
        ).fetchone()
        photo_bytes = connection.execute(
            """SELECT coalesce(sum(bytes - upload_offset), 0) FROM photo
               WHERE state IN ('local', 'uploading') AND sha256 IN (SELECT sha256 FROM photo_use)"""
        ).fetchone()[0]
        return UnsentStatus(records["count"], photo_bytes, from_text(records["oldest"]))

    def entry(self, change_id: str) -> OutboxEntry | None:
        found = self.entries("id = ?", (change_id,))
        return found[0] if found else None

    def entries(self, where: str, values: Sequence[Any] = ()) -> Sequence[OutboxEntry]:
        """Return changes by an SQL condition on the table, in the order of `n`."""
        rows = self._database.reading().execute(
            f"SELECT * FROM change WHERE {where} ORDER BY n", tuple(values)
        )
        return [entry_from_row(row) for row in rows]

    def withdraw(self, change_id: str) -> None:
        """Take a refused change out of what needs attention. Raises `Refused("not_rejected")`."""
        with self._database.writing() as connection:
            self._leave_attention(connection, change_id, ChangeState.WITHDRAWN)

    def raise_n(self, last_n: int) -> None:
        """Continue after `last_n` when the server has seen more than this device remembers."""
        with self._database.writing() as connection:
            if last_n >= self._next_n(connection):
                self._keep_last_n(connection, last_n)

    def forget_acknowledged(self, before: datetime) -> int:
        """Drop changes acknowledged before then whose photos are all settled too."""
        with self._database.writing() as connection:
            done = connection.execute(
                """DELETE FROM change WHERE state IN (?, ?, ?)
                     AND coalesce(acknowledged_at, created_at) < ? AND id NOT IN (
                       SELECT change_id FROM photo_use JOIN photo USING (sha256)
                       WHERE photo.state NOT IN ('verified', 'refused'))""",
                (
                    ChangeState.ACKNOWLEDGED,
                    ChangeState.WITHDRAWN,
                    ChangeState.MENDED,
                    as_text(before),
                ),
            )
            return done.rowcount

    def _insert(self, connection: sqlite3.Connection, change: Change, now: datetime) -> None:
        connection.execute(
            """INSERT INTO change (id, n, kind, record_id, previous, replaces, content,
                   created_at, state) VALUES (?, ?, ?, ?, ?, ?, sealed(?), ?, ?)""",
            (
                change.id,
                change.n,
                change.kind,
                change.record_id,
                change.previous,
                change.replaces,
                json.dumps(change.as_json(), ensure_ascii=False),
                as_text(now),
                ChangeState.WAITING,
            ),
        )
        connection.executemany(
            "INSERT INTO photo_use VALUES (?, ?, ?, ?, ?)",
            [
                (change.id, photo.sha256, change.record_id, photo.role, position)
                for position, photo in enumerate(change.photos)
            ],
        )
        self._keep_last_n(connection, change.n)

    def _next_n(self, connection: sqlite3.Connection) -> int:
        row = connection.execute("SELECT value FROM meta WHERE name = 'last_n'").fetchone()
        return 1 if row is None else int(row["value"]) + 1

    def _keep_last_n(self, connection: sqlite3.Connection, n: int) -> None:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('last_n', ?)", (str(n),))

    def _mended(self, connection: sqlite3.Connection, change_id: str) -> str | None:
        """End a refused change in favour of the one that mends it; return what it followed."""
        self._leave_attention(connection, change_id, ChangeState.MENDED)
        row = connection.execute("SELECT previous FROM change WHERE id = ?", (change_id,))
        previous: str | None = row.fetchone()["previous"]
        return previous

    def _leave_attention(
        self, connection: sqlite3.Connection, change_id: str, state: ChangeState
    ) -> None:
        done = connection.execute(
            "UPDATE change SET state = ? WHERE id = ? AND state = ?",
            (state, change_id, ChangeState.ATTENTION),
        )
        if done.rowcount != 1:
            raise Refused("not_rejected", detail=change_id)

    def _end_of_chain(self, connection: sqlite3.Connection, record_id: str) -> str | None:
        """Return the change of the record that no other one follows.

        Not simply the one with the highest `n`: a mending change takes the place of the refused
        one, and what had followed that one follows it.
        """
        rows = connection.execute(
            "SELECT id, previous, replaces, state FROM change WHERE record_id = ? ORDER BY n",
            (record_id,),
        ).fetchall()
        heir = {row["replaces"]: row["id"] for row in rows if row["replaces"]}
        followed: set[str] = set()
        for row in rows:
            before = row["previous"]
            while before in heir and heir[before] != row["id"]:
                before = heir[before]
            if before is not None and row["state"] != ChangeState.WITHDRAWN:
                followed.add(before)
        dead = (ChangeState.WITHDRAWN, ChangeState.MENDED)
        ends = [row["id"] for row in rows if row["id"] not in followed and row["state"] not in dead]
        return ends[-1] if ends else None


def entry_from_row(row: sqlite3.Row) -> OutboxEntry:
    created_at = from_text(row["created_at"])
    assert created_at is not None
    return OutboxEntry(
        change=change_from_json(json.loads(row["content"])),
        state=ChangeState(row["state"]),
        outcome=row["outcome"],
        version=row["version"],
        error=json.loads(row["error"]) if row["error"] else None,
        created_at=created_at,
    )
