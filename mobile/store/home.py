"""What belongs to the device and not to one person: its id, who may open it, its settings."""

import hashlib
import hmac
import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mobile.store.database import Database
from mobile.store.device_salvage import DEVICE_FILE, DEVICE_TABLES, restore_device
from mobile.store.keyring import PASSWORD, PIN, Keyring
from mobile.store.person_store import PersonStore
from mobile.store.salvage import PERSON_FILE, PERSON_TABLES, damage, restore, unreadable
from mobile.store.schema import DEVICE
from mobile.store.sealing import Seal
from mobile.store.times import as_text, from_text
from sync.errors import Refused
from sync.ids import uuid7

_log = logging.getLogger(__name__)

SHORTEST_PIN = 4
WRONG_TRIES = 5
LOCK_TIME = timedelta(minutes=5)
# 16 MiB and some 50 ms: dear for somebody who has copied the file, bearable on an old phone.
_SCRYPT_COST = {"n": 2**14, "r": 8, "p": 1}


@dataclass(frozen=True)
class KnownPerson:
    """Somebody who has signed in on this device at least once."""

    id: str
    username: str
    name: str
    roles: tuple[str, ...]
    areas: tuple[str, ...]
    unit_id: str | None = None

    def has_role(self, *roles: str) -> bool:
        """Say whether the person holds one of the roles."""
        return any(role in self.roles for role in roles)


class DeviceHome:
    """The folder of one device: `device.sqlite`, and one folder per person under `people/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sound: set[str] = set()
        self._looking = threading.Lock()
        self._database = self._open_database()
        self.keyring = Keyring(self._database)

    @property
    def device_id(self) -> str:
        """UUIDv7, made at the first start and never again."""
        known = self.setting("device_id")
        if known:
            return known
        # Also in a file: the counters of everybody's records hang on it, whatever else is damaged.
        file = self.folder / "device-id"
        made = file.read_text().strip() if file.exists() else uuid7(time.time_ns() // 1_000_000)
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO setting VALUES ('device_id', ?) ON CONFLICT DO NOTHING", (made,)
            )
        kept = self.setting("device_id")
        file.write_text(kept)
        return kept

    def people(self) -> Sequence[KnownPerson]:
        """Return the people who have signed in here, last one first."""
        rows = self._database.reading().execute("SELECT * FROM person ORDER BY seen_at DESC")
        return [_person(row) for row in rows]

    def remember_person(self, person: KnownPerson, password: str, now: datetime) -> None:
        """Let `person` open the app offline from now on (scrypt with a salt of their own).

        Raises `Unavailable("key_needed")` when their data here is sealed by another password.
        """
        self.keyring.admit(person.id, password)
        salt = os.urandom(16)
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM person WHERE username = ? AND id != ?", (person.username, person.id)
            )
            connection.execute(
                """INSERT INTO person (id, username, content, salt, password_hash, seen_at)
                   VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
                     username = excluded.username, content = excluded.content,
                     salt = excluded.salt, password_hash = excluded.password_hash,
                     failures = 0, locked_until = NULL, seen_at = excluded.seen_at""",
                (
                    person.id,
                    person.username,
                    json.dumps(asdict(person), ensure_ascii=False),
                    salt,
                    _hash(password, salt),
                    as_text(now),
                ),
            )

    def renew_person(self, person: KnownPerson) -> None:
        """Write down what the server says of a person now: name, roles, areas."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE person SET content = ? WHERE id = ?",
                (json.dumps(asdict(person), ensure_ascii=False), person.id),
            )

    def check_offline(self, username: str, password: str, now: datetime) -> KnownPerson | None:
        """Return the person when name and password (or PIN) match what was remembered, else None.

        Raises `Refused("locked_out")` with `retry_after` for five minutes after five wrong tries.
        """
        row = (
            self._database.reading()
            .execute("SELECT * FROM person WHERE username = ?", (username,))
            .fetchone()
        )
        if row is None:
            return None
        locked_until = from_text(row["locked_until"])
        if locked_until is not None and now < locked_until:
            raise Refused("locked_out", retry_after=int((locked_until - now).total_seconds()) + 1)
        by_password = _matches(password, row["salt"], row["password_hash"])
        good = by_password or (
            row["pin_hash"] is not None and _matches(password, row["pin_salt"], row["pin_hash"])
        )
        self._count_try(row, now, good=good)
        if not good:
            return None
        self.keyring.admit(row["id"], password, PASSWORD if by_password else PIN)
        return _person(row)

    def set_pin(self, person_id: str, pin: str) -> None:
        """Let the person open the app with a PIN. Raises `Refused("invalid")` below four digits."""
        if len(pin) < SHORTEST_PIN or not pin.isdigit():
            raise Refused("invalid", fields={"pin": ["out_of_range"]})
        salt = os.urandom(16)
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE person SET pin_salt = ?, pin_hash = ? WHERE id = ?",
                (salt, _hash(pin, salt), person_id),
            )
        self.keyring.admit(person_id, pin, PIN)

    def is_pin(self, username: str, secret: str) -> bool:
        """Say whether `secret` is the person's PIN here: the server knows passwords only."""
        row = (
            self._database.reading()
            .execute("SELECT pin_salt, pin_hash FROM person WHERE username = ?", (username,))
            .fetchone()
        )
        if row is None or row["pin_hash"] is None:
            return False
        return _matches(secret, row["pin_salt"], row["pin_hash"])

    def setting(self, name: str, default: str = "") -> str:
        """Return a setting of the device (`server`, `language`, `photos_on_wifi_only`, …)."""
        row = (
            self._database.reading()
            .execute("SELECT value FROM setting WHERE name = ?", (name,))
            .fetchone()
        )
        return default if row is None else str(row["value"])

    def set_setting(self, name: str, value: str) -> None:
        with self._database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def open_person(self, person_id: str) -> PersonStore:
        """Return the person's store, made when new.

        The first time it is looked at closely; a damaged one is set aside and what it held saved
        (`mobile.store.salvage`). Raises `Unavailable("key_needed")` when it is sealed by a key that
        only a password or PIN opens.
        """
        seal = self.keyring.seal(person_id)
        folder = self.folder / "people" / person_id
        with self._looking:
            if person_id not in self._sound:
                self._make_sound(folder, seal)
                self._sound.add(person_id)
        return PersonStore(folder, seal=seal)

    def close(self) -> None:
        self._database.close()

    def _make_sound(self, folder: Path, seal: Seal | None) -> None:
        why = damage(folder / PERSON_FILE, PERSON_TABLES)
        if why is None:
            store = PersonStore(folder, seal=seal)
            why = unreadable(store)
            store.close()
        if why is not None:
            _log.warning("the database in %s is damaged: %s", folder.name, why)
            restore(folder, lambda: PersonStore(folder, seal=seal))

    def _open_database(self) -> Database:
        path = self.folder / DEVICE_FILE
        if damage(path, DEVICE_TABLES) is not None:
            return restore_device(self.folder, lambda: Database(path, DEVICE))
        return Database(path, DEVICE)

    def _count_try(self, row: sqlite3.Row, now: datetime, *, good: bool) -> None:
        failures = 0 if good else row["failures"] + 1
        locked = as_text(now + LOCK_TIME) if failures >= WRONG_TRIES else None
        seen_at = as_text(now) if good else row["seen_at"]
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE person SET failures = ?, locked_until = ?, seen_at = ? WHERE id = ?",
                (0 if locked else failures, locked, seen_at, row["id"]),
            )


def _person(row: sqlite3.Row) -> KnownPerson:
    content = json.loads(row["content"])
    content["roles"], content["areas"] = tuple(content["roles"]), tuple(content["areas"])
    return KnownPerson(**content)


def _hash(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, **_SCRYPT_COST)


def _matches(secret: str, salt: bytes, expected: bytes) -> bool:
    return hmac.compare_digest(_hash(secret, salt), expected)
