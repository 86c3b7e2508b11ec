"""The classic mistakes, planted: each takes the place of one real part, for the tests only."""

import gzip
import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

from mobile.store.database import Database
from mobile.store.outbox import OutboxTable
from mobile.store.person_store import PersonStore
from mobile.store.replica import ReplicaTable
from mobile.store.sealing import Seal
from sync.outbox import ChangeState, Settlement
from sync.remote import Page
from tests.simulation.faults import Killed
from tests.simulation.link import Link
from tests.simulation.server_side import BEFORE, Answered, Sent, ServerSide
from tests.simulation.world import Plant

_PUSH, _PULL = "/api/v1/sync/push", "/api/v1/sync/pull"


class CursorFirstReplica(ReplicaTable):
    """Saves the cursor of a page, and then, in another transaction, its rows."""

    def apply_page(self, page: Page) -> None:
        super().apply_page(replace(page, rows=()))
        super().apply_page(page)


class ForgetfulOutbox(OutboxTable):
    """Takes any refusal for an end: what was refused is deleted."""

    def settle(self, settlements: Sequence[Settlement], now: datetime) -> None:
        super().settle(settlements, now)
        refused = [one.change_id for one in settlements if one.state is ChangeState.ATTENTION]
        with self._database.writing() as connection:
            connection.executemany("DELETE FROM change WHERE id = ?", [(one,) for one in refused])


class CursorFirstStore(PersonStore):
    def __init__(
        self, folder: Path, kind: type[Database] = Database, seal: Seal | None = None
    ) -> None:
        super().__init__(folder, kind, seal)
        self.replica = CursorFirstReplica(self.database)


class ForgetfulStore(PersonStore):
    def __init__(
        self, folder: Path, kind: type[Database] = Database, seal: Seal | None = None
    ) -> None:
        super().__init__(folder, kind, seal)
        self.outbox = ForgetfulOutbox(self.database)


class NewIdsLink(Link):
    """Sends every change under a new id at every try, as one who has no ids of their own does."""

    def carry(self, sent: Sent) -> Answered:
        if sent.path != _PUSH:
            return super().carry(sent)
        packed = sent.headers.get("Content-Encoding") == "gzip"
        body = json.loads(gzip.decompress(sent.body) if packed else sent.body)
        random = Random(f"{self.name} {self.ether.time.seconds}")
        ours: dict[str, str] = {}
        for change in body["changes"]:
            new = str(uuid.UUID(int=random.getrandbits(128), version=4))
            ours[new], change["id"] = change["id"], new
        data = json.dumps(body).encode()
        headers = {k: v for k, v in sent.headers.items() if k != "Content-Encoding"}
        headers["Content-Length"] = str(len(data))
        answered = super().carry(replace(sent, body=data, headers=headers))
        return _with_our_ids(answered, ours)


def _with_our_ids(answered: Answered, ours: dict[str, str]) -> Answered:
    headers = [(k, v) for k, v in answered.headers if k not in _OF_THE_BODY]
    packed = ("Content-Encoding", "gzip") in answered.headers
    try:
        text = (gzip.decompress(answered.body) if packed else answered.body).decode()
    except (EOFError, OSError, UnicodeDecodeError):  # cut on the way
        return answered
    for new, old in ours.items():
        text = text.replace(new, old)
    return replace(answered, body=text.encode(), headers=headers)


_OF_THE_BODY = frozenset({"Content-Encoding", "Content-Length"})


class AnswersTooEarly(ServerSide):
    """Says that a push was taken before it is committed: a kill in between takes it back."""

    def answer(self, sent: Sent) -> Answered:
        if sent.path != _PUSH:
            return super().answer(sent)
        try:
            return super().answer(sent)
        except Killed as killed:
            if str(killed) != BEFORE:
                raise
        self.fate.spare()
        body = gzip.decompress(sent.body) if sent.headers.get("Content-Encoding") else sent.body
        receipts = [
            {"change_id": change["id"], "outcome": "applied", "record_id": change["record_id"]}
            for change in json.loads(body)["changes"]
        ]
        shape = {"receipts": receipts, "server_time": "2026-11-02T00:00:00Z", "epoch": ""}
        return Answered(200, [("Content-Type", "application/json")], json.dumps(shape).encode())


class BareSequenceServer(ServerSide):
    """Numbers rows when they are written, not in the order of the commits.

    What a reader then sees: now and then a page goes past a row whose transaction is still open.
    """

    def answer(self, sent: Sent) -> Answered:
        answered = super().answer(sent)
        if sent.path != _PULL or answered.status != 200:
            return answered
        headers = dict(answered.headers)
        if headers.get("Content-Encoding") == "gzip":
            page = json.loads(gzip.decompress(answered.body))
        else:
            page = json.loads(answered.body)
        page["rows"] = page["rows"][1:] if len(page["rows"]) > 1 else page["rows"]
        kept = [(k, v) for k, v in answered.headers if k not in _OF_THE_BODY]
        return replace(answered, body=json.dumps(page).encode(), headers=kept)


PLANTS = {
    "cursor saved before rows": Plant(store=CursorFirstStore),
    "acknowledged before the commit": Plant(server=AnswersTooEarly),
    "sent again without an id": Plant(link=NewIdsLink),
    "deleted on 4xx": Plant(store=ForgetfulStore),
    "feed by a bare sequence": Plant(server=BareSequenceServer),
}
