"""Tables of premises 门店, lots 标段 and road sections 路段."""

from typing import Any

from sqlalchemy import Float, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, JsonText


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
