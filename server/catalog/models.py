"""Tables of the catalogue: categories, conditions, limits, units and phrases."""

from datetime import date
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, JsonText


class Category(Base):
    """A category 类别 of GB/T 47678.5 or a local one; `key` such as `E09006` is unique."""

    __tablename__ = "category"
    key: Mapped[str] = mapped_column(String(8), primary_key=True)
    code: Mapped[str] = mapped_column(String(5))
    kind: Mapped[str] = mapped_column(String(16))  # component | event
    major_code: Mapped[str] = mapped_column(String(2))
    major_zh: Mapped[str] = mapped_column(String(32))
    major_en: Mapped[str] = mapped_column(String(64))
    zh: Mapped[str] = mapped_column(String(64))  # the matter's name, as cases show it
    en: Mapped[str] = mapped_column(String(128))
    initials: Mapped[str] = mapped_column(String(64))  # pinyin initials, for search
    legacy_code: Mapped[str | None] = mapped_column(String(16))
    unit_of_measure: Mapped[str] = mapped_column(String(8), default="处")
    quantity_required: Mapped[bool] = mapped_column(Boolean, default=False)
    perishable: Mapped[bool] = mapped_column(Boolean, default=False)
    perishable_minutes: Mapped[int] = mapped_column(Integer, default=120)
    auto_file: Mapped[bool] = mapped_column(Boolean, default=False)
    auto_dispatch: Mapped[bool] = mapped_column(Boolean, default=False)
    auto_close: Mapped[bool] = mapped_column(Boolean, default=False)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    source: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(Integer, default=1)


class Condition(Base):
    """A filing condition 立案条件 of a category, and when it counts as put right."""

    __tablename__ = "condition"
    category_key: Mapped[str] = mapped_column(ForeignKey("category.key"), primary_key=True)
    code: Mapped[str] = mapped_column(String(48), primary_key=True)
    zh: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text)
    close_zh: Mapped[str] = mapped_column(Text, default="")
    close_en: Mapped[str] = mapped_column(Text, default="")
    urgent: Mapped[bool] = mapped_column(Boolean, default=False)
    is_default: Mapped[bool] = mapped_column(Boolean, default=False)
    position: Mapped[int] = mapped_column(Integer, default=0)
    version: Mapped[int] = mapped_column(Integer, default=1)


class TimeLimit(Base):
    """A limit 处置时限 of a condition and stage, for all areas or one, within its dates.

    `stage`: handle | file | dispatch | verify | check | accept. `unit`: hour | work_hour |
    work_day. Category or condition `*` stands for every one.
    """

    __tablename__ = "time_limit"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    category_key: Mapped[str] = mapped_column(String(8))
    condition_code: Mapped[str] = mapped_column(String(48))
    stage: Mapped[str] = mapped_column(String(16), default="handle")
    area_code: Mapped[str | None] = mapped_column(ForeignKey("area.code"))
    value: Mapped[int] = mapped_column(Integer)
    unit: Mapped[str] = mapped_column(String(16))
    effective_from: Mapped[date] = mapped_column(Date)
    effective_to: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (Index("ix_time_limit_condition", "category_key", "condition_code", "stage"),)


class Unit(Base):
    """A unit 协同单位/责任单位 that must put things right. A street may dispatch again."""

    __tablename__ = "unit"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    name_en: Mapped[str] = mapped_column(String(128), default="")
    kind: Mapped[str] = mapped_column(String(16))  # department | street | company | crew
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("unit.id"))
    street_code: Mapped[str | None] = mapped_column(ForeignKey("area.code"))
    schedule_code: Mapped[str] = mapped_column(ForeignKey("work_schedule.code"), default="office")
    head_person_id: Mapped[str | None] = mapped_column(String(36))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(Integer, default=1)


class Responsibility(Base):
    """Which unit answers for a category, everywhere or in one street. The narrower row wins."""

    __tablename__ = "responsibility"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    category_key: Mapped[str] = mapped_column(ForeignKey("category.key"), index=True)
    street_code: Mapped[str | None] = mapped_column(ForeignKey("area.code"))
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.id"))


class Phrase(Base):
    """A ready sentence for notes and reasons; `person_id` null: for everybody."""

    __tablename__ = "phrase"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    topic: Mapped[str] = mapped_column(String(24))  # report | handle | check | reason
    zh: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text, default="")
    category_key: Mapped[str | None] = mapped_column(String(8))
    person_id: Mapped[str | None] = mapped_column(String(36))
    position: Mapped[int] = mapped_column(Integer, default=0)
    version: Mapped[int] = mapped_column(Integer, default=1)


class CatalogFile(Base):
    """Where catalogue rows came from: file, version, hash and provenance note."""

    __tablename__ = "catalog_file"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    provenance: Mapped[Any] = mapped_column(JsonText)
