"""Tables of photos and of uploads in progress."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, Instant, JsonText


class Photo(Base):
    """One picture, known by the SHA-256 of its original bytes.

    A row is made when a change names the photo or when its upload ends, whichever is first.
    `verified_at`: the bytes are held, durable, and have this hash. `inspected_at`: they were opened
    as a picture; then `refused_code` says why they are not one, or the sizes have been derived.
    """

    __tablename__ = "photo"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str | None] = mapped_column(String(32))  # media type as found, not as claimed
    named_at: Mapped[datetime | None] = mapped_column(Instant)
    verified_at: Mapped[datetime | None] = mapped_column(Instant)
    inspected_at: Mapped[datetime | None] = mapped_column(Instant)
    inspect_claimed_at: Mapped[datetime | None] = mapped_column(Instant)  # somebody is at it
    inspect_tries: Mapped[int] = mapped_column(Integer, default=0)
    refused_code: Mapped[str | None] = mapped_column(String(32))
    width: Mapped[int | None] = mapped_column(Integer)  # upright, in pixels
    height: Mapped[int | None] = mapped_column(Integer)
    exif: Mapped[Any | None] = mapped_column(JsonText)
    exif_taken_at: Mapped[datetime | None] = mapped_column(Instant)
    exif_lat: Mapped[float | None] = mapped_column(Float)
    exif_lon: Mapped[float | None] = mapped_column(Float)

    __table_args__ = (Index("ix_photo_inspect", "inspected_at", "verified_at"),)


class PhotoUse(Base):
    """That a change (or a console action) names a photo in a role on a record."""

    __tablename__ = "photo_use"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    record_id: Mapped[str] = mapped_column(String(36), index=True)
    event_id: Mapped[str | None] = mapped_column(String(36))
    change_id: Mapped[str | None] = mapped_column(String(36))
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    device_id: Mapped[str | None] = mapped_column(String(36))
    role: Mapped[str] = mapped_column(String(16))
    finding: Mapped[str | None] = mapped_column(String(36))
    taken_at: Mapped[datetime | None] = mapped_column(Instant)  # the device's word
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    accuracy_m: Mapped[float | None] = mapped_column(Float)
    position: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index("ix_photo_use_person", "person_id", "sha256"),)


class Upload(Base):
    """A tus upload. `offset` is durable: bytes before it are on disk and fsynced.

    `state`: open, done (the photo is held), failed (its hash was another), ended (by the client).
    """

    __tablename__ = "upload"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    device_id: Mapped[str | None] = mapped_column(String(36))
    sha256: Mapped[str | None] = mapped_column(String(64))  # as the client says; else once known
    length: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger, default=0)
    filename: Mapped[str | None] = mapped_column(String(256))
    filetype: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), default="open")
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class PhotoView(Base):
    """That somebody read an original."""

    __tablename__ = "photo_view"
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    person_id: Mapped[str] = mapped_column(String(36))
    device_id: Mapped[str | None] = mapped_column(String(36))
    at: Mapped[datetime] = mapped_column(Instant)
