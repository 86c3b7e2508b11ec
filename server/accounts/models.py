"""Tables of people, their devices and sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base, Instant, JsonText
from sync.roles import Role


class Person(Base):
    __tablename__ = "person"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(String(256))
    certificate_no: Mapped[str | None] = mapped_column(String(32))  # 执法证号
    phone: Mapped[str | None] = mapped_column(String(32))
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("unit.id"))
    language: Mapped[str] = mapped_column(String(8), default="zh")
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    demo: Mapped[bool] = mapped_column(Boolean, default=False)
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(Instant)
    failed_sign_ins: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)

    role_rows: Mapped[list["PersonRole"]] = relationship(
        lazy="selectin", cascade="all, delete-orphan"
    )
    area_rows: Mapped[list["PersonArea"]] = relationship(
        lazy="selectin", cascade="all, delete-orphan"
    )

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(Role(row.role) for row in self.role_rows)

    @property
    def areas(self) -> list[str]:
        """Codes of the areas this person works in: six digits (district) or nine (street)."""
        return sorted(row.area_code for row in self.area_rows if row.revoked_at is None)


class PersonRole(Base):
    __tablename__ = "person_role"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(32), primary_key=True)


class PersonArea(Base):
    """An area of a person; one that was taken away stays, with when, for records still to come."""

    __tablename__ = "person_area"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    area_code: Mapped[str] = mapped_column(ForeignKey("area.code"), primary_key=True)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class Device(Base):
    __tablename__ = "device"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    app_version: Mapped[str] = mapped_column(String(32))
    protocol: Mapped[int] = mapped_column(Integer)
    registered_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_by: Mapped[str | None] = mapped_column(String(36))
    revoked_reason: Mapped[str | None] = mapped_column(String(256))


class DeviceSession(Base):
    """A (device, person) pair that is signed in; its tokens are derived from this row."""

    __tablename__ = "device_session"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    device_id: Mapped[str] = mapped_column(ForeignKey("device.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    generation: Mapped[int] = mapped_column(Integer, default=0)
    generation_used: Mapped[bool] = mapped_column(Boolean, default=False)
    issued_at: Mapped[datetime] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class DeviceStatus(Base):
    """What a device last said of its unsent work, per person, and how far its clock is off."""

    __tablename__ = "device_status"
    device_id: Mapped[str] = mapped_column(ForeignKey("device.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    last_n: Mapped[int] = mapped_column(BigInteger, default=0)
    last_push_at: Mapped[datetime | None] = mapped_column(Instant)
    last_pull_at: Mapped[datetime | None] = mapped_column(Instant)
    unsent_records: Mapped[int] = mapped_column(Integer, default=0)
    unsent_photo_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    oldest_unsent_at: Mapped[datetime | None] = mapped_column(Instant)
    clock_skew_ms: Mapped[int | None] = mapped_column(BigInteger)
    sync_requested_at: Mapped[datetime | None] = mapped_column(Instant)
    sync_requested_by: Mapped[str | None] = mapped_column(String(36))
    holes: Mapped[Any] = mapped_column(JsonText, default=list)  # [[first, last], …] of n not seen
