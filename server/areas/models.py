"""Tables of divisions, grids, street-order zones, vending points and beats."""

from typing import Any

from sqlalchemy import Boolean, Float, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, JsonText


class Area(Base):
    """A district (6 digits), street (9) or community (12). `polygon` is GeoJSON, WGS-84."""

    __tablename__ = "area"
    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(128), default="")
    level: Mapped[str] = mapped_column(String(16))  # district | street | community
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("area.code"), index=True)
    polygon: Mapped[Any] = mapped_column(JsonText)
    version: Mapped[int] = mapped_column(Integer, default=1)


class Grid(Base):
    """A unit grid 单元网格 of about 10,000 m²; code has 15 characters (standards §1.2)."""

    __tablename__ = "grid"
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    community_code: Mapped[str] = mapped_column(ForeignKey("area.code"), index=True)
    street_code: Mapped[str] = mapped_column(ForeignKey("area.code"), index=True)
    polygon: Mapped[Any] = mapped_column(JsonText)
    version: Mapped[int] = mapped_column(Integer, default=1)


class ControlZone(Base):
    """示范/严禁/严管/严控 zone of street order."""

    __tablename__ = "control_zone"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    level: Mapped[str] = mapped_column(String(16))  # model | forbidden | strict | controlled
    street_code: Mapped[str] = mapped_column(ForeignKey("area.code"), index=True)
    polygon: Mapped[Any] = mapped_column(JsonText)
    version: Mapped[int] = mapped_column(Integer, default=1)


class VendingPoint(Base):
    """疏导点: a place where vendors are allowed in `hours` [["06:00", "09:00"], …]."""

    __tablename__ = "vending_point"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    street_code: Mapped[str] = mapped_column(ForeignKey("area.code"), index=True)
    polygon: Mapped[Any] = mapped_column(JsonText)
    hours: Mapped[Any] = mapped_column(JsonText)
    category_keys: Mapped[Any] = mapped_column(JsonText)
    version: Mapped[int] = mapped_column(Integer, default=1)


class Beat(Base):
    """巡查责任区: the grids that one officer walks; `lat`/`lon` is its middle."""

    __tablename__ = "beat"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    street_code: Mapped[str] = mapped_column(ForeignKey("area.code"), index=True)
    grid_codes: Mapped[Any] = mapped_column(JsonText)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
