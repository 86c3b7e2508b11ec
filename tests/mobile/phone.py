"""A phone for tests: a device folder with a person on it and the demo district's real rows.

The rows are those that the server would send: read from the feed of the demo district, and, for
cases, made by `server.cases.rows` from a case that the test describes.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from mobile.store.home import DeviceHome, KnownPerson
from mobile.store.person_store import PersonStore
from mobile.store.photo_cache import cached_path
from server.cases.models import Case
from server.cases.rows import case_row
from server.demo.people import accounts
from sync.ids import uuid7
from sync.remote import Page, Row

PASSWORD = "xuncheng-demo"
_seq = count(1_000_000)


def known_person(username: str) -> KnownPerson:
    """Return a demo account as the phone knows it after signing in."""
    account = next(each for each in accounts() if each.username == username)
    return KnownPerson(
        account.id, username, account.name, tuple(account.roles), tuple(account.areas),
        account.unit_id,
    )  # fmt: skip


def scopes_of(person: KnownPerson) -> list[str]:
    scopes = ["catalog", f"person:{person.id}", *(f"area:{code}" for code in person.areas)]
    return [*scopes, f"unit:{person.unit_id}"] if person.unit_id else scopes


def feed_rows(database: Path, scopes: Sequence[str]) -> list[Row]:
    """Return the live feed rows of some scopes of a server's SQLite database."""
    marks = ",".join("?" * len(scopes))
    with sqlite3.connect(database) as connection:
        found = connection.execute(
            f"""SELECT scope, seq, entity, id, version, data FROM feed_row
                WHERE deleted = 0 AND scope IN ({marks}) ORDER BY scope, seq""",
            tuple(scopes),
        ).fetchall()
    return [Row(*row[:5], data=json.loads(row[5])) for row in found]


def put_rows(store: PersonStore, rows: Iterable[Row], scopes: Sequence[str] = ()) -> None:
    """Let the store take rows in as from one page of a pull."""
    store.replica.apply_page(Page(list(rows), "cursor", False, list(scopes), [], {}))


@dataclass
class CaseOnPhone:
    """A case as a test describes it; times are relative to `now`."""

    state: str = "post_check"
    moves: tuple[str, ...] = ("check",)
    category: str = "E06010"
    address: str = "井冈山大道 88 号门前"
    description: str = ""
    due_in: timedelta | None = timedelta(hours=3)
    id: str = field(default_factory=lambda: uuid7(1_790_000_000_000))
    number: str = ""
    area: str = "360802001"
    grid: str | None = None
    condition: str | None = "main"
    photos: tuple[tuple[str, str], ...] = ()  # (sha256, role)
    rework: int = 0

    def row(self, now: datetime) -> Row:
        case = Case(
            id=self.id, number=self.number or f"3608022611{next(_seq) % 100000:05d}",
            category_key=self.category, condition_code=self.condition, state=self.state, version=3,
            source="patrol", description=self.description, address=self.address, lat=27.1138,
            lon=114.9864, grid_code=self.grid, area_code=self.area, quantity=2.0,
            unit_of_measure="处", reported_by="x", reported_at=now - timedelta(hours=5),
            dispatched_at=now - timedelta(hours=4), rework=self.rework,
            due_at=None if self.due_in is None else now + self.due_in,
        )  # fmt: skip
        photos = [{"sha256": sha, "role": role, "verified": True} for sha, role in self.photos]
        data: dict[str, Any] = {k: v for k, v in case_row(case, photos).items() if k[0] != "_"}
        data["moves"] = list(self.moves)
        return Row(f"area:{self.area}", next(_seq), "case", self.id, 3, data=data)


def make_home(folder: Path, username: str, database: Path) -> DeviceHome:
    """Make a device on which `username` has signed in once and pulled the demo district."""
    home = DeviceHome(folder)
    person = known_person(username)
    home.remember_person(person, PASSWORD, datetime.now(UTC))
    store = home.open_person(person.id)
    scopes = scopes_of(person)
    put_rows(store, feed_rows(database, scopes), scopes)
    store.close()
    return home


def give_photo(store: PersonStore, picture: Path) -> str:
    """Let the phone hold a fetched copy of somebody else's photo; return its SHA-256."""
    sha256 = hashlib.sha256(picture.read_bytes()).hexdigest()
    target = cached_path(store, sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(picture) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    upright.thumbnail((1600, 1600))
    upright.save(target, quality=85)
    return sha256
