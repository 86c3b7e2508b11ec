"""Tables of the working calendar."""

from datetime import date
from typing import Any

from sqlalchemy import Boolean, Date, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, JsonText


class CalendarDay(Base):
    """Whether one day is worked. `provisional` until its year's notice is published."""

    __tablename__ = "calendar_day"
    day_on: Mapped[date] = mapped_column(Date, primary_key=True)
    working: Mapped[bool] = mapped_column(Boolean)
    name: Mapped[str] = mapped_column(String(32), default="")
    provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    source: Mapped[str] = mapped_column(String(64), default="")
    version: Mapped[int] = mapped_column(Integer, default=1)


class WorkSchedule(Base):
    """Hours of work: `spans` is [["08:30", "12:00"], …] local; `days` which days they hold.

    days: `calendar` (working days), `daily` (seven days a week). Round the clock is one span
    00:00–24:00 with `daily`.
    """

    __tablename__ = "work_schedule"
    code: Mapped[str] = mapped_column(String(24), primary_key=True)  # office | seven_days | always
    name: Mapped[str] = mapped_column(String(64))
    days: Mapped[str] = mapped_column(String(16))
    spans: Mapped[Any] = mapped_column(JsonText)
    version: Mapped[int] = mapped_column(Integer, default=1)
