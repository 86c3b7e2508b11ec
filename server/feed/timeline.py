"""Noticing that a PostgreSQL database went back in time without anybody telling the devices.

A recovery to an earlier point and a standby that takes over begin a new timeline; a dump put into
another cluster brings the mark of the old one. In each case rows that devices hold as acknowledged
may be gone. The server then refuses to work until an operator has looked and acknowledged it, which
begins a new epoch: the devices send again what may be missing.
"""

from datetime import datetime

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from server.db import db
from server.feed.epoch import start_epoch
from server.feed.models import DatabaseMark
from server.feed.transaction import transaction
from sync.errors import Unavailable

Mark = tuple[str, int]  # identifier of the cluster, timeline

# The checkpoint's timeline lags behind until the first one after a promotion; the log's does not.
_PRESENT = (
    "SELECT system_identifier::text, greatest(timeline_id, "
    "('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int) "
    "FROM pg_control_system(), pg_control_checkpoint()"
)


def guard_timeline(engine: Engine, now: datetime) -> None:
    """Note cluster and timeline at the first start; later, raise if they are others.

    From then on every new connection is checked too, for a standby may take over while the server
    runs. Raises `Unavailable("timeline_changed")`. SQLite has no timelines: `restore` begins the
    epoch there.
    """
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        present = _present(connection)
    noted = db.session.get(DatabaseMark, 1)
    known = (noted.system_identifier, noted.timeline) if noted else None
    db.session.rollback()
    if known is None:
        with transaction() as session:
            note_timeline(session, now)
        known = present
    _require_same(known, present)
    _watch(engine, known)


def acknowledge_timeline(now: datetime) -> str:
    """Take the present timeline as ours and begin a new epoch; return its id."""
    with transaction() as session:
        note_timeline(session, now)
        return start_epoch(session, now)


def note_timeline(session: Session, now: datetime) -> None:
    """Write down on which cluster and timeline this history goes on; nothing on SQLite."""
    if session.get_bind().dialect.name != "postgresql":
        return
    identifier, timeline = _present(session.connection())
    mark = DatabaseMark(id=1, system_identifier=identifier, timeline=timeline, noted_at=now)
    session.merge(mark)


def _present(connection: Connection) -> Mark:
    identifier, timeline = connection.execute(text(_PRESENT)).one()
    return str(identifier), int(timeline)


def _require_same(known: Mark, present: Mark) -> None:
    if known != present:
        raise Unavailable(
            "timeline_changed",
            detail=f"noted: cluster {known[0]}, timeline {known[1]}; "
            f"found: cluster {present[0]}, timeline {present[1]}",
            hint="python -m server acknowledge-timeline",
        )


def _watch(engine: Engine, known: Mark) -> None:
    @event.listens_for(engine, "connect")
    def check(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        try:
            cursor.execute(_PRESENT)
            identifier, timeline = cursor.fetchone() or ("", 0)
        finally:
            cursor.close()
            connection.rollback()
        _require_same(known, (str(identifier), int(timeline)))
