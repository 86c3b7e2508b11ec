"""Passwords: argon2 hashes, and the sign-in check that console and devices share.

The slow part, hashing, is done outside any transaction: SQLite has one writer, and nobody else's
push may wait for somebody's password.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.config import Settings
from server.db import db
from server.feed import transaction
from sync.errors import Refused, Unavailable

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
FAILURES_BEFORE_LOCK = 5
LOCK_TIME = timedelta(minutes=5)

# 19 MiB, two passes: OWASP's argon2id figures. Some 30 ms of one core.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Checked when nobody has the name, so that the answer takes as long as for a real person.
_NOBODY = _HASHER.hash("nobody has this password")
# More at once would take memory and both cores from everybody who is already signed in.
_AT_ONCE = threading.BoundedSemaphore(4)
_LONGEST_WAIT_S = 10.0


def hash_password(password: str) -> str:
    """Return the argon2id hash of `password`. Raises `Refused("weak_password")`."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Refused("weak_password", fields={"password": ["密码太短，至少 8 个字符"]})
    return _HASHER.hash(password)


def password_matches(password_hash: str, password: str) -> bool:
    """Say whether `password` belongs to `password_hash`. Raises `Unavailable` when too busy."""
    if len(password) > LONGEST_PASSWORD:
        return False
    with _turn():
        try:
            return _HASHER.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def verify_sign_in(username: str, password: str, now: datetime) -> Person:
    """Return the person whose name and password these are.

    Opens its own transaction where it has something to count. Raises `Refused`:
    `bad_credentials`; `locked_out` (with `retry_after`) after too many wrong passwords, whatever
    the password is; `demo_only` for a demo account on a server that is not a demo.
    """
    person = db.session.scalar(select(Person).where(Person.username == username))
    if person is None or not person.active:
        password_matches(_NOBODY, password)
        raise Refused("bad_credentials")
    _refuse_locked(person, now)
    if not password_matches(person.password_hash, password):
        _count_failure(person.id, now)
        raise Refused("bad_credentials")
    settings: Settings = current_app.extensions["xuncheng_settings"]
    if person.demo and not settings.demo:
        raise Refused("demo_only")
    if person.failed_sign_ins or person.locked_until:
        return _forgive(person.id)
    return person


def unlock(session: Session, person: Person) -> None:
    """Let a locked-out person try again at once."""
    session.execute(
        update(Person).where(Person.id == person.id).values(failed_sign_ins=0, locked_until=None)
    )


def _refuse_locked(person: Person, now: datetime) -> None:
    if person.locked_until is not None and person.locked_until > now:
        left = (person.locked_until - now).total_seconds()
        raise Refused("locked_out", retry_after=int(left) + 1)


def _count_failure(person_id: str, now: datetime) -> None:
    # Counted in the database, not in this process: several workers share one limit.
    failures = Person.failed_sign_ins + 1
    with transaction() as session:
        counted = session.execute(
            update(Person)
            .where(Person.id == person_id)
            .values(failed_sign_ins=failures)
            .returning(Person.failed_sign_ins)
            .execution_options(synchronize_session=False)
        ).scalar_one()
        if counted >= FAILURES_BEFORE_LOCK:
            session.execute(
                update(Person)
                .where(Person.id == person_id)
                .values(locked_until=now + LOCK_TIME)
                .execution_options(synchronize_session=False)
            )


def _forgive(person_id: str) -> Person:
    with transaction() as session:
        person = session.get_one(Person, person_id)
        unlock(session, person)
    return db.session.get_one(Person, person_id)


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_LONGEST_WAIT_S):
        raise Unavailable("slow_down", retry_after=int(_LONGEST_WAIT_S))
    try:
        yield
    finally:
        _AT_ONCE.release()
