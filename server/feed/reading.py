"""Reading the feed as of one moment."""

from sqlalchemy.orm import Session

from server.db import db


def read_at_one_moment() -> Session:
    """Begin a read in which every query sees the same state, and return its session.

    SQLite reads so anyway; PostgreSQL would let each statement see what was committed meanwhile,
    and rows, counters and digests of one page would not belong together.
    """
    session = db.session()
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    return session
