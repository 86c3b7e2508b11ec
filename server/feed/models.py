"""Tables of the feed and of the server's identity."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, Instant


class Epoch(Base):
    """One row: the id of this stretch of history. A restore writes a new one."""

    __tablename__ = "epoch"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    value: Mapped[str] = mapped_column(String(36))
    started_at: Mapped[datetime] = mapped_column(Instant)


class DatabaseMark(Base):
    """One row, on PostgreSQL: the cluster and timeline that this history was written on.

    Another timeline means that the database was recovered to an earlier point, or that a standby
    took over: history may have gone back (`server.feed.timeline`).
    """

    __tablename__ = "database_mark"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    system_identifier: Mapped[str] = mapped_column(String(24))
    timeline: Mapped[int] = mapped_column(BigInteger)
    noted_at: Mapped[datetime] = mapped_column(Instant)


class ScopeCounter(Base):
    """The last number given out in a scope, and the number of its newest forgotten tombstone.

    `live_count` and `live_digest` are the digest of the live rows (`sync.digests`) as of `seq`.
    """

    __tablename__ = "scope_counter"
    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    forgotten_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    live_count: Mapped[int] = mapped_column(BigInteger, default=0)
    live_digest: Mapped[str] = mapped_column(String(64), default="0" * 64)


class FeedRow(Base):
    """The newest state of one entity in one scope. `data` is JSON text, ready to send."""

    __tablename__ = "feed_row"
    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    entity: Mapped[str] = mapped_column(String(24), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(Integer)
    deleted: Mapped[bool] = mapped_column(Boolean, default=False)
    reason: Mapped[str | None] = mapped_column(String(16))
    data: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index("ix_feed_row_scope_seq", "scope", "seq", unique=False),)


PendingRow = dict[str, Any]
