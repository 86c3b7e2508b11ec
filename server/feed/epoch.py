"""The id of this stretch of history. It changes when history may have gone back (a restore)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from server.db import db
from server.feed.models import Epoch
from sync.errors import Unavailable
from sync.ids import uuid7


def current_epoch() -> str | None:
    """Return the epoch's id; None without a database, for an error page must not fail."""
    try:
        return db.session.execute(select(Epoch.value).where(Epoch.id == 1)).scalar()
    except (OperationalError, ProgrammingError, Unavailable):
        db.session.rollback()
        return None


def start_epoch(session: Session, now: datetime) -> str:
    """Begin a new stretch of history and return its id."""
    value = uuid7(int(now.timestamp() * 1000))
    session.merge(Epoch(id=1, value=value, started_at=now))
    return value
