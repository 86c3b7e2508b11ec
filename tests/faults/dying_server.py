"""The real server, that ends by SIGKILL right before or right after the commit of a push.

Run as `python -m tests.faults.dying_server PORT before|after`; settings come from the environment.
"""

import os
import signal
import sys

from flask import Flask, request
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session
from waitress import serve

from server.app import create_app
from server.config import read_settings
from server.db import db


def die_in_pushes(app: Flask, when: str) -> None:
    """Let the process end at the first commit of a push that has changed anything."""

    def die(_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def pushing() -> bool:
        return request.path.endswith("/sync/push")

    def before_commit(connection: Connection) -> None:
        if pushing() and connection.get_execution_options().get("xuncheng_write"):
            die(connection)

    def after_commit(session: Session) -> None:
        if pushing() and session.info.get("pushed"):
            die(session)

    def after_flush(session: Session, _: object) -> None:
        session.info["pushed"] = pushing()

    with app.app_context():
        if when == "before":
            event.listen(db.engine, "commit", before_commit)
        else:
            event.listen(db.session, "after_flush", after_flush)
            event.listen(db.session, "after_commit", after_commit)


if __name__ == "__main__":
    _app = create_app(read_settings(os.environ))
    die_in_pushes(_app, sys.argv[2])
    serve(_app, host="127.0.0.1", port=int(sys.argv[1]), threads=4)
