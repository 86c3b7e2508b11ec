"""What must never be lost: every change that a phone has kept, and what excuses its absence."""

import json
from dataclasses import dataclass, field

from mobile.store.person_store import PersonStore
from tests.simulation.server_side import ServerSide


@dataclass
class Captured:
    """One change that was durable on a phone."""

    id: str
    phone: str
    kind: str
    record_id: str
    content: dict[str, object]
    photos: tuple[str, ...]


@dataclass
class Ledger:
    """`excused`: destroyed by somebody who put an old copy back, before it could go anywhere.

    `taken_back`: no more on its phone, for the same reason.
    """

    changes: dict[str, Captured] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)
    taken_back: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    excused_photos: set[str] = field(default_factory=set)
    on_device: dict[str, set[str]] = field(default_factory=dict)

    def note(self, phone: str, store: PersonStore) -> None:
        """Write down what the phone's outbox holds now."""
        rows = store.reading().execute("SELECT * FROM change ORDER BY n").fetchall()
        self.refused |= {row["id"] for row in rows if row["outcome"] == "rejected"}
        self.on_device[phone] = {row["id"] for row in rows}
        for row in rows:
            if row["id"] not in self.changes:
                content = json.loads(row["content"])
                self.changes[row["id"]] = Captured(
                    row["id"], phone, content["kind"], content["record_id"], content,
                    tuple(photo["sha256"] for photo in content["photos"]),
                )  # fmt: skip

    def photos(self, store: PersonStore) -> set[str]:
        """Return the photos that a phone still has to send."""
        rows = store.reading().execute(
            "SELECT sha256 FROM photo WHERE state NOT IN ('verified', 'refused')"
        )
        return {row["sha256"] for row in rows}

    def server_restored(self, server: ServerSide) -> None:
        """Excuse what no phone sends again: lost there before, or refused and shown there."""
        held = set().union(*self.on_device.values()) - self.refused
        self.excused |= self.changes.keys() - _received(server) - held

    def phone_restored(
        self, phone: str, store: PersonStore, server: ServerSide, unsent_photos: set[str]
    ) -> None:
        """Excuse what the old copy does not have and the server has not either."""
        self.note(phone, store)
        mine = {one.id for one in self.changes.values() if one.phone == phone}
        self.taken_back |= mine - self.on_device[phone]
        self.excused |= self.taken_back - _received(server)
        rows = store.reading().execute("SELECT sha256 FROM photo")
        self.excused_photos |= unsent_photos - {row["sha256"] for row in rows}

    def owed(self) -> list[Captured]:
        """Return what must be on the server in the end."""
        return [one for one in self.changes.values() if one.id not in self.excused]


def _received(server: ServerSide) -> set[str]:
    with server.reading() as connection:
        return {row[0] for row in connection.execute("SELECT id FROM received_change")}
