"""The real server, called in this process; it can be killed at every commit, and put back."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO, StringIO
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction
from werkzeug.test import run_wsgi_app

from server.app import create_app
from server.config import read_settings
from server.db import db
from server.feed import transaction
from server.feed.epoch import start_epoch
from tests.simulation.faults import Fate, Killed
from tests.simulation.town import copy_folder, settings_of

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Sent:
    """A request as it reaches the server: `body` may be shorter than its Content-Length."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.url).path


@dataclass(frozen=True)
class Answered:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class ServerSide:
    """One server over `home`. `fate` ends it at a commit; it is up again at the next request."""

    home: Path
    fate: Fate = field(default_factory=Fate)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.app: Flask = create_app(read_settings(settings_of(self.home)))
        self._committed = False
        event.listen(db.session, "before_commit", self._before_commit)
        event.listen(db.session, "after_commit", self._after_commit)
        event.listen(db.session, "after_transaction_end", self._at_the_end)

    @property
    def database(self) -> Path:
        return self.home / "xuncheng.db"

    def reset(self, template: Path) -> None:
        """Begin a new life with the files of `template`."""
        self._let_go()
        copy_folder(template, self.home)
        self.fate = Fate()

    def answer(self, sent: Sent) -> Answered:
        """Let the app answer. Raises `Killed` when it ended meanwhile."""
        chunks, status, headers = self._run(sent)
        return Answered(int(status.split()[0]), list(headers.items()), b"".join(chunks))

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Run what people at desks and the scheduler do."""
        with self.app.app_context():
            try:
                yield
            except Killed:
                self._let_go()
                raise
            finally:
                db.session.remove()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Look into the database past the app."""
        connection = sqlite3.connect(self.database)
        connection.row_factory = sqlite3.Row
        try:
            yield connection
        finally:
            connection.close()

    def back_up(self, folder: Path) -> None:
        """Copy database and photos as they are now."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with self.reading() as source, sqlite3.connect(folder / "xuncheng.db") as target:
            source.backup(target)
        target.close()
        if (self.home / "photos").exists():
            copy_folder(self.home / "photos", folder / "photos", os.link)

    def restore(self, folder: Path, now: datetime) -> None:
        """Put back what `back_up` kept; uploads in progress are gone, history has changed."""
        self._let_go()
        copy_folder(folder, self.home, os.link)
        self.database.unlink()
        shutil.copyfile(folder / "xuncheng.db", self.database)
        with self.inside(), transaction() as session:
            start_epoch(session, now)

    def _run(self, sent: Sent) -> tuple[list[bytes], str, object]:
        try:
            chunks, status, headers = run_wsgi_app(self.app, _environ(sent), buffered=True)
            return list(chunks), status, headers
        except Killed:
            self._let_go()
            raise

    def _let_go(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def _before_commit(self, session: Session) -> None:
        if not session.in_nested_transaction():
            self.fate.pass_boundary(BEFORE)

    def _after_commit(self, session: Session) -> None:
        self._committed = not session.in_nested_transaction()

    def _at_the_end(self, _: Session, __: SessionTransaction) -> None:
        committed, self._committed = self._committed, False
        if committed:
            self.fate.pass_boundary(AFTER)


def _environ(sent: Sent) -> dict[str, object]:
    where = urlsplit(sent.url)
    environ: dict[str, object] = {
        "REQUEST_METHOD": sent.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": where.path,
        "QUERY_STRING": where.query,
        "SERVER_NAME": where.hostname,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(sent.body),
        "wsgi.errors": StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in sent.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ
