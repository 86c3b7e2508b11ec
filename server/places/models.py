"""Tables of premises 门店, lots 标段 and road sections 路段."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, Instant, JsonText

_OPEN = text("settled_at IS NULL")


class Premises(Base):
    """A shop front: it stays where it is while operators change."""

    __tablename__ = "premises"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    address: Mapped[str] = mapped_column(String(256))
    trade: Mapped[str] = mapped_column(String(24))
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)
    grid_code: Mapped[str | None] = mapped_column(ForeignKey("grid.code"), index=True)
    street_code: Mapped[str] = mapped_column(ForeignKey("area.code"), index=True)
    operator_name: Mapped[str] = mapped_column(String(64), default="")
    operator_phone: Mapped[str | None] = mapped_column(String(32))
    licence_no: Mapped[str | None] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16), default="open")
    version: Mapped[int] = mapped_column(Integer, default=1)


class PremisesVersion(Base):
    """Who changed which fields of a shop front: what a three-way merge asks."""

    __tablename__ = "premises_version"
    premises_id: Mapped[str] = mapped_column(ForeignKey("premises.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    fields: Mapped[Any] = mapped_column(JsonText)  # {field: [before, after]}
    person_id: Mapped[str | None] = mapped_column(String(36))
    device_id: Mapped[str | None] = mapped_column(String(36))
    change_id: Mapped[str | None] = mapped_column(String(36), index=True)
    conflict_id: Mapped[str | None] = mapped_column(String(36))
    at: Mapped[datetime] = mapped_column(Instant)


class Conflict(Base):
    """Two people set one field of a shared record, not knowing of each other.

    `ours` is in force, `theirs` came later and is not. A supervisor settles it; the row stays.
    """

    __tablename__ = "conflict"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    entity: Mapped[str] = mapped_column(String(24))
    record_id: Mapped[str] = mapped_column(String(36))
    street_code: Mapped[str] = mapped_column(ForeignKey("area.code"))
    field: Mapped[str] = mapped_column(String(24))
    ours: Mapped[Any | None] = mapped_column(JsonText)
    ours_person_id: Mapped[str | None] = mapped_column(String(36))
    ours_at: Mapped[datetime | None] = mapped_column(Instant)
    theirs: Mapped[Any | None] = mapped_column(JsonText)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    device_id: Mapped[str | None] = mapped_column(String(36))
    change_id: Mapped[str | None] = mapped_column(String(36), index=True)
    base_version: Mapped[int] = mapped_column(Integer)
    observed_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_by: Mapped[str | None] = mapped_column(String(36))
    choice: Mapped[str | None] = mapped_column(String(16))
    value: Mapped[Any | None] = mapped_column(JsonText)
    note: Mapped[str | None] = mapped_column(String(256))

    __table_args__ = (
        Index("ix_conflict_record", "record_id", "field"),
        Index("ix_conflict_open", "created_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )


class Lot(Base):
    __tablename__ = "lot"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    contractor_unit_id: Mapped[str] = mapped_column(ForeignKey("unit.id"))
    street_code: Mapped[str] = mapped_column(ForeignKey("area.code"))
    version: Mapped[int] = mapped_column(Integer, default=1)


class RoadSection(Base):
    """A stretch of road that is scored: level 1–4 (standards §3), area in m², line in WGS-84."""

    __tablename__ = "road_section"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    lot_id: Mapped[str] = mapped_column(ForeignKey("lot.id"), index=True)
    street_code: Mapped[str] = mapped_column(ForeignKey("area.code"))
    level: Mapped[int] = mapped_column(Integer)
    area_m2: Mapped[int] = mapped_column(Integer)
    line: Mapped[Any] = mapped_column(JsonText)
    version: Mapped[int] = mapped_column(Integer, default=1)
