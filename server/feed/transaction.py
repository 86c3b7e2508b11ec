"""The one way to write: a transaction that ends by numbering what it published."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from server.db import db, write_access
from server.feed.gathering import forget_gathered, write_gathered
from server.feed.writing import forget_pending, write_pending


@contextmanager
def transaction() -> Iterator[Session]:
    """Open the one transaction of an action; commit at the end, roll back on any error.

    On SQLite one writer at a time is let in, across threads and processes. Scope counters are
    raised last, in sorted order (architecture, decision 6).
    """
    session = db.session()
    with write_access(session):
        try:
            yield session
            write_gathered(session)
            write_pending(session)
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            forget_gathered(session)
            forget_pending(session)
