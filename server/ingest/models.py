"""The table of everything a device ever sent, with the server's answer."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TextClause,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, Instant, JsonText

_UNSETTLED = text("outcome IN ('held', 'rejected', 'conflict')")
_HELD = text("outcome = 'held'")
_FLAGGED = text("flags <> '[]'")


def _where(condition: TextClause) -> dict[str, Any]:
    return {"sqlite_where": condition, "postgresql_where": condition}


class ReceivedChange(Base):
    """One change as it came, and its receipt. Inserted first: the primary key is the guard.

    `raw` is the change's JSON as received. Rows with outcome `rejected` are the quarantine; rows
    with outcome `held` wait for `previous`.
    """

    __tablename__ = "received_change"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    device_id: Mapped[str] = mapped_column(String(36))
    n: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(32))
    record_id: Mapped[str | None] = mapped_column(String(36), index=True)
    previous: Mapped[str | None] = mapped_column(String(36))
    replaces: Mapped[str | None] = mapped_column(String(36))
    replaced_by: Mapped[str | None] = mapped_column(String(36))
    outcome: Mapped[str] = mapped_column(String(16))
    receipt: Mapped[Any] = mapped_column(JsonText)
    flags: Mapped[Any] = mapped_column(JsonText, default=list)
    observed_at: Mapped[datetime | None] = mapped_column(Instant)
    clock_skew_ms: Mapped[int | None] = mapped_column(BigInteger)
    received_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Integer, default=1)  # raised when its standing changes
    note: Mapped[str | None] = mapped_column(String(256))  # what a supervisor tells its sender
    handled_by: Mapped[str | None] = mapped_column(String(36))
    handled_at: Mapped[datetime | None] = mapped_column(Instant)
    raw: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("ix_received_change_device", "device_id", "person_id", "n"),
        # Nearly all are applied at once and never looked for by outcome: only others are listed.
        Index("ix_received_change_outcome", "outcome", "received_at", **_where(_UNSETTLED)),
        Index("ix_received_change_previous", "previous", **_where(_HELD)),
        Index("ix_received_change_flagged", "received_at", **_where(_FLAGGED)),
    )


class UnreadableChange(Base):
    """A change that could not be parsed and has no readable id: kept as it came."""

    __tablename__ = "unreadable_change"
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(36))
    device_id: Mapped[str] = mapped_column(String(36))
    received_at: Mapped[datetime] = mapped_column(Instant)
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)
    raw: Mapped[str] = mapped_column(Text)
