"""What must hold all along, and once the world has come to rest."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

from mobile.store.records import problems
from server.photos.store import photo_store
from server.worklists.cursors import merge_cursors
from server.worklists.scopes import scopes_of
from sync.bodies import Kind
from sync.errors import Refused
from sync.outbox import ChangeState
from sync.photos import PhotoState
from tests.simulation.ledger import Captured, Ledger
from tests.simulation.phone import Phone
from tests.simulation.server_side import ServerSide
from tests.simulation.town import as_text

_DURABLE = frozenset({"applied", "merged", "conflict", "held", "rejected"})
_IN_FORCE = frozenset({"applied", "merged", "conflict"})
_SETTLED = frozenset(
    {ChangeState.ACKNOWLEDGED, ChangeState.ATTENTION, ChangeState.WITHDRAWN, ChangeState.MENDED}
)
_FOR_THE_READER = frozenset({"moves", "operator_phone"})
_EVENT_KINDS = frozenset({"case.report", "case.verify", "case.check", "case.handle"})


@dataclass
class Findings:
    """What is wrong: changes lost, changes doubled, and everything else, in words."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.other)

    def lines(self) -> Iterator[str]:
        for name in ("lost", "doubled", "other"):
            for text in getattr(self, name):
                yield f"{name}: {text}"


def epoch_of(connection: sqlite3.Connection) -> str:
    return str(connection.execute("SELECT value FROM epoch").fetchone()[0])


def check_prefix(server: ServerSide, phone: Phone, found: Findings) -> None:
    """A phone holds every live row up to the place that its cursor names, at every commit."""
    with server.reading() as connection:
        try:
            cursors = phone.store.replica.cursors()
            places = merge_cursors("s" * 40, cursors, epoch_of(connection))
        except Refused:
            return  # of another stretch of history: it will start over
        held = {
            (row["scope"], row["entity"], row["id"]): row["seq"]
            for row in phone.store.reading().execute("SELECT scope, entity, id, seq FROM replica")
        }
        for scope, place in places.items():
            rows = connection.execute(
                "SELECT entity, id, seq FROM feed_row WHERE NOT deleted AND scope = ? AND seq <= ?",
                (scope, place),
            )
            for row in rows:
                if held.get((scope, row["entity"], row["id"]), -1) < row["seq"]:
                    found.other.append(
                        f"{phone.name} is past {scope} {row['seq']} without {row['entity']}"
                    )


def check_after_round(server: ServerSide, phone: Phone, found: Findings) -> None:
    """Acknowledged means present; an original is gone only when the server has verified it."""
    store = phone.store
    with server.reading() as connection:
        if store.replica.epoch() != epoch_of(connection):
            return
        known = {row[0] for row in connection.execute("SELECT id FROM received_change")}
        verified = {
            row[0]
            for row in connection.execute("SELECT sha256 FROM photo WHERE verified_at IS NOT NULL")
        }
    for row in store.reading().execute("SELECT id FROM change WHERE state = 'acknowledged'"):
        if row["id"] not in known:
            found.lost.append(f"{row['id']} is acknowledged on {phone.name}, and not there")
    for row in store.reading().execute("SELECT sha256, path, removed_at FROM photo"):
        there = (store.photos.folder / row["path"]).exists()
        if not there and row["sha256"] not in verified:
            found.lost.append(f"the original of {row['sha256'][:8]} left {phone.name} too early")
        if not there and row["removed_at"] is None:
            found.other.append(f"{phone.name} does not know that {row['sha256'][:8]} is gone")


@dataclass
class AtRest:
    """The checks once faults have ended and everybody has synced until nothing moved."""

    server: ServerSide
    phones: list[Phone]
    ledger: Ledger
    found: Findings

    def check(self) -> None:
        with self.server.reading() as connection:
            rows = connection.execute("SELECT * FROM received_change").fetchall()
            received = {row["id"]: row for row in rows}
            self._check_doubled(connection, received)
            for captured in self.ledger.owed():
                self._check_change(connection, captured, received.get(captured.id))
            self._check_photos(connection, received)
        for phone in self.phones:
            self._check_queues(phone)
            self._check_replica(phone)

    def _check_change(
        self, connection: sqlite3.Connection, captured: Captured, row: sqlite3.Row | None
    ) -> None:
        found, name = self.found, f"{captured.kind} {captured.id} of {captured.phone}"
        if row is None or row["outcome"] not in _DURABLE:
            found.lost.append(name)
            return
        if json.loads(row["raw"]) != captured.content:
            found.other.append(f"{name} arrived with other content")
        if row["outcome"] == "rejected" and row["replaced_by"] is None:
            self._check_refused(captured)
        if captured.kind in _EVENT_KINDS:
            self._check_events(connection, captured, name, in_force=row["outcome"] in _IN_FORCE)
        if captured.kind == Kind.PREMISES_UPDATE and row["outcome"] in _IN_FORCE:
            self._check_edit(connection, captured, name)

    def _check_events(
        self, connection: sqlite3.Connection, captured: Captured, name: str, *, in_force: bool
    ) -> None:
        """What is in force has its event on its case; what was refused has done nothing."""
        events = connection.execute(
            "SELECT count(*) FROM case_event WHERE change_id = ? AND case_id = ?",
            (captured.id, captured.record_id),
        ).fetchone()[0]
        if in_force and not events:
            self.found.lost.append(f"{name} is in force without an event")
        if events and not in_force:
            self.found.other.append(f"{name} is not in force and has {events} events")

    def _check_edit(self, connection: sqlite3.Connection, captured: Captured, name: str) -> None:
        """Each field that an edit set came into force, or is kept apart for a supervisor."""
        body: dict[str, dict[str, object]] = captured.content["body"]  # type: ignore[assignment]
        kept = {
            row["field"]
            for row in connection.execute(
                "SELECT field FROM conflict WHERE change_id = ?", (captured.id,)
            )
        }
        versions = connection.execute(
            "SELECT fields FROM premises_version WHERE change_id = ?", (captured.id,)
        ).fetchall()
        if len(versions) > 1:
            self.found.doubled.append(f"{name} was taken {len(versions)} times")
        kept.update(*(json.loads(row["fields"]) for row in versions))
        if body["set"].keys() - kept:
            self.found.lost.append(f"{name} is neither in force nor kept apart")

    def _check_refused(self, captured: Captured) -> None:
        """What the server refused stays on its phone until a person has dealt with it."""
        here = self.ledger.on_device[captured.phone] | self.ledger.taken_back
        if captured.id not in here:
            self.found.lost.append(f"{captured.id} was refused, and {captured.phone} forgot it")

    def _check_doubled(
        self, connection: sqlite3.Connection, received: dict[str, sqlite3.Row]
    ) -> None:
        for change_id in received.keys() - self.ledger.changes.keys():
            self.found.doubled.append(f"{change_id} was never captured on any phone")
        twice = connection.execute(
            """SELECT change_id, move FROM case_event WHERE change_id IS NOT NULL
               GROUP BY change_id, move, case_id HAVING count(*) > 1"""
        )
        self.found.doubled += [f"{row['change_id']}: {row['move']} twice" for row in twice]

    def _check_photos(
        self, connection: sqlite3.Connection, received: dict[str, sqlite3.Row]
    ) -> None:
        """What accepted changes name is held by the server, byte for byte."""
        named = {
            sha256
            for captured in self.ledger.owed()
            if captured.id in received and received[captured.id]["outcome"] in _IN_FORCE
            for sha256 in captured.photos
        } - self.ledger.excused_photos
        verified = {
            row[0]
            for row in connection.execute(
                "SELECT sha256 FROM photo WHERE verified_at IS NOT NULL AND refused_code IS NULL"
            )
        }
        self.found.lost += [f"photo {one[:8]}" for one in sorted(named - verified)]
        with self.server.inside():
            for sha256 in sorted(named & verified):
                kept = photo_store().read(sha256)
                if hashlib.sha256(kept).hexdigest() != sha256:
                    self.found.other.append(f"photo {sha256[:8]} has other bytes")

    def _check_queues(self, phone: Phone) -> None:
        store, found = phone.store, self.found
        if store.outbox.unsent_status().unsent_records:
            found.other.append(f"the outbox of {phone.name} did not drain")
        queued = [
            photo.sha256
            for photo in store.photos.unverified(500)
            if photo.sha256 not in self.ledger.excused_photos
        ]
        if queued:
            found.other.append(f"{len(queued)} photos of {phone.name} did not go")
        shown = {item.id for item in problems(store, 1000)}
        for entry in store.outbox.entries("TRUE"):
            if entry.state not in _SETTLED:
                found.other.append(f"{entry.change.id} rests as {entry.state} on {phone.name}")
            if entry.state is ChangeState.ATTENTION and entry.change.id not in shown:
                found.lost.append(f"{entry.change.id} is refused, and {phone.name} shows nothing")

    def _check_replica(self, phone: Phone) -> None:
        """In scope: the same rows and digest as the server's. Out of scope: only unsent work."""
        with self.server.inside():
            from server.accounts.models import Person
            from server.accounts.people import actor_of
            from server.db import db

            person = db.session.get_one(Person, phone.person.id)
            scopes = set(scopes_of(db.session(), actor_of(person)))
        theirs: dict[tuple[str, str, str], tuple[int, str]] = {}
        with self.server.reading() as connection:
            digests = {
                row["scope"]: (row["live_count"], row["live_digest"])
                for row in connection.execute("SELECT * FROM scope_counter")
            }
            for row in connection.execute("SELECT * FROM feed_row WHERE NOT deleted"):
                if row["scope"] in scopes:
                    key = (row["scope"], row["entity"], row["id"])
                    theirs[key] = (row["version"], _data(row["data"]))
        ours = {
            (row["scope"], row["entity"], row["id"]): (row["version"], _data(row["data"]))
            for row in phone.store.reading().execute("SELECT * FROM replica")
        }
        self._compare(phone, scopes, ours, theirs)
        for scope in sorted(scopes & digests.keys()):
            mine = phone.store.replica.digest(scope)
            if (mine.count, mine.digest) != digests[scope]:
                self.found.other.append(f"{phone.name} and the server differ in {scope}")

    def _compare(
        self,
        phone: Phone,
        scopes: set[str],
        ours: dict[tuple[str, str, str], tuple[int, str]],
        theirs: dict[tuple[str, str, str], tuple[int, str]],
    ) -> None:
        inside = {key: value for key, value in ours.items() if key[0] in scopes}
        for key in sorted(inside.keys() ^ theirs.keys()):
            where = "only there" if key in inside else "missing"
            self.found.other.append(f"{phone.name}: {key} {where}")
        for key in sorted(inside.keys() & theirs.keys()):
            if inside[key] != theirs[key]:
                self.found.other.append(f"{phone.name}: {key} {inside[key]} != {theirs[key]}")
        busy = _records_at_work(phone)
        for key in sorted(ours.keys() - inside.keys()):
            if key[2] not in busy:
                self.found.other.append(f"{phone.name} holds {key}, out of its scopes")


def _records_at_work(phone: Phone) -> set[str]:
    rows = phone.store.reading().execute(
        """SELECT record_id FROM change WHERE state = 'attention'
           UNION SELECT record_id FROM draft
           UNION SELECT record_id FROM photo_use JOIN photo USING (sha256)
             WHERE photo.state IN (?, ?, ?)""",
        (PhotoState.LOCAL, PhotoState.UPLOADING, PhotoState.HELD),
    )
    return {row["record_id"] for row in rows}


def _data(text: str) -> str:
    """Return a row's data without what depends on who asks, and when."""
    data = json.loads(text)
    kept = {k: v for k, v in data.items() if not k.startswith("_") and k not in _FOR_THE_READER}
    return as_text(kept)
