"""Tables of cases and everything that happens to them. The row is the truth."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, Instant, JsonText


class Case(Base):
    """Something to be put right, followed until closed (案件).

    Times: `observed_at` is the device's word; all others are the server's. `due_at` is the unit's
    deadline, `stage_due_at` the present stage's. Money in fen, areas in m², points in WGS-84.
    """

    __tablename__ = "case"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    category_key: Mapped[str] = mapped_column(ForeignKey("category.key"))
    condition_code: Mapped[str | None] = mapped_column(String(48))
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(Integer, default=1)
    source: Mapped[str] = mapped_column(String(16), default="patrol")
    description: Mapped[str] = mapped_column(Text, default="")
    address: Mapped[str] = mapped_column(String(256), default="")
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    place_cell: Mapped[str | None] = mapped_column(String(24))  # about 50 m wide (cases.merging)
    accuracy_m: Mapped[float | None] = mapped_column(Float)
    provider: Mapped[str | None] = mapped_column(String(24))
    mock_location: Mapped[bool] = mapped_column(Boolean, default=False)
    grid_code: Mapped[str | None] = mapped_column(String(16))
    community_code: Mapped[str | None] = mapped_column(String(12))
    area_code: Mapped[str] = mapped_column(ForeignKey("area.code"))  # street, or district outside
    premises_id: Mapped[str | None] = mapped_column(String(36))
    campaign_id: Mapped[str | None] = mapped_column(String(36))
    quantity: Mapped[float | None] = mapped_column(Float)
    unit_of_measure: Mapped[str | None] = mapped_column(String(8))
    area_m2: Mapped[float | None] = mapped_column(Float)
    plate: Mapped[str | None] = mapped_column(String(16))

    reported_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    second_officer_id: Mapped[str | None] = mapped_column(String(36))
    device_id: Mapped[str | None] = mapped_column(String(36))
    observed_at: Mapped[datetime | None] = mapped_column(Instant)
    reported_at: Mapped[datetime] = mapped_column(Instant)
    filed_at: Mapped[datetime | None] = mapped_column(Instant)
    dispatched_at: Mapped[datetime | None] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    unit_id: Mapped[str | None] = mapped_column(ForeignKey("unit.id"))
    crew_unit_id: Mapped[str | None] = mapped_column(ForeignKey("unit.id"))  # 二级派遣
    handled_by: Mapped[Any] = mapped_column(JsonText, default=list)  # ids; may not check the case
    checked_result: Mapped[str | None] = mapped_column(String(8))  # pass | fail, of this round
    check_person_id: Mapped[str | None] = mapped_column(String(36))

    # the clock: what limit, from which rule, how much is left
    limit_value: Mapped[int | None] = mapped_column(Integer)
    limit_unit: Mapped[str | None] = mapped_column(String(16))
    limit_source: Mapped[str | None] = mapped_column(Text)
    schedule_code: Mapped[str | None] = mapped_column(String(24))
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    stage_due_at: Mapped[datetime | None] = mapped_column(Instant)
    warn_at: Mapped[datetime | None] = mapped_column(Instant)
    overdue_at: Mapped[datetime | None] = mapped_column(Instant)
    stopped_at: Mapped[datetime | None] = mapped_column(Instant)  # clock stopped (done, suspended)
    resume_at: Mapped[datetime | None] = mapped_column(Instant)
    escalate_at: Mapped[datetime | None] = mapped_column(Instant)  # the next step's time
    return_by: Mapped[datetime | None] = mapped_column(Instant)  # the unit may return it until then
    next_sweep_at: Mapped[datetime | None] = mapped_column(Instant)
    escalation: Mapped[int] = mapped_column(Integer, default=0)
    provisional_due: Mapped[bool] = mapped_column(Boolean, default=False)

    rework: Mapped[int] = mapped_column(Integer, default=0)
    returns: Mapped[int] = mapped_column(Integer, default=0)
    extensions: Mapped[int] = mapped_column(Integer, default=0)
    suspensions: Mapped[int] = mapped_column(Integer, default=0)
    handled_on_spot: Mapped[bool] = mapped_column(Boolean, default=False)
    ownerless: Mapped[bool] = mapped_column(Boolean, default=False)
    supervised: Mapped[bool] = mapped_column(Boolean, default=False)
    overdue_excused: Mapped[bool] = mapped_column(Boolean, default=False)
    late_sync: Mapped[bool] = mapped_column(Boolean, default=False)  # perishable, came late
    # done before the deadline by the device's corrected clock, received after it
    done_late_sync: Mapped[bool] = mapped_column(Boolean, default=False)
    last_reason: Mapped[str | None] = mapped_column(Text)
    # kind → {"by": person id, "id": request id}: what waits for a decision
    open_requests: Mapped[Any] = mapped_column(JsonText, default=dict)
    merged_into: Mapped[str | None] = mapped_column(String(36))
    merge_candidate: Mapped[str | None] = mapped_column(String(36))

    __table_args__ = (
        Index("ix_case_state_due", "state", "due_at", "id"),
        Index("ix_case_state_reported", "state", "reported_at", "id"),
        Index("ix_case_unit_state", "unit_id", "state", "due_at"),
        Index("ix_case_reported", "reported_at", "id"),
        Index("ix_case_sweep", "next_sweep_at"),
        Index("ix_case_place", "category_key", "place_cell", "merge_candidate", "reported_at"),
        Index("ix_case_reporter", "reported_by", "reported_at"),
    )


class CaseEvent(Base):
    """One recorded move of a case 办理记录: who, when, why, the deadline before and after."""

    __tablename__ = "case_event"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"))
    seq: Mapped[int] = mapped_column(Integer)  # equals the case's version after the event
    move: Mapped[str] = mapped_column(String(24))
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))  # null: by rule
    role: Mapped[str | None] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(Instant)
    observed_at: Mapped[datetime | None] = mapped_column(Instant)
    clock_skew_ms: Mapped[int | None] = mapped_column(BigInteger)
    device_id: Mapped[str | None] = mapped_column(String(36))
    change_id: Mapped[str | None] = mapped_column(String(36))
    reason: Mapped[str | None] = mapped_column(Text)
    data: Mapped[Any] = mapped_column(JsonText, default=dict)
    due_before: Mapped[datetime | None] = mapped_column(Instant)
    due_after: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("case_id", "seq"),
        Index("ix_case_event_at", "at"),
    )


class CaseIntake(Base):
    """What came from outside: 12345, leaders' orders, video, city platform, walk-ins."""

    __tablename__ = "case_intake"
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), primary_key=True)
    outside_number: Mapped[str | None] = mapped_column(String(64), index=True)
    caller_name: Mapped[str | None] = mapped_column(String(64))
    caller_phone: Mapped[str | None] = mapped_column(String(32))
    reply_due_at: Mapped[datetime | None] = mapped_column(Instant)
    next_sweep_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    reply_text: Mapped[str | None] = mapped_column(Text)
    replied_at: Mapped[datetime | None] = mapped_column(Instant)
    called_back_at: Mapped[datetime | None] = mapped_column(Instant)
    callback_satisfied: Mapped[bool | None] = mapped_column(Boolean)
    callback_note: Mapped[str | None] = mapped_column(Text)


class CaseRequest(Base):
    """A wish that somebody must decide: extension, suspension, or overdue appeal 超时申诉."""

    __tablename__ = "case_request"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # extension | suspension | appeal
    asked_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[str | None] = mapped_column(String(36))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    granted: Mapped[bool | None] = mapped_column(Boolean)
    decision_reason: Mapped[str | None] = mapped_column(Text)


class CaseWarning(Base):
    """One warning given: before the deadline, at it, and each step of escalation. Once each."""

    __tablename__ = "case_warning"
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), primary_key=True)
    step: Mapped[str] = mapped_column(String(24), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    to_role: Mapped[str] = mapped_column(String(32))
    to_person_id: Mapped[str | None] = mapped_column(String(36), index=True)
    to_unit_id: Mapped[str | None] = mapped_column(String(36), index=True)
    given_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime | None] = mapped_column(Instant)


class CaseNumber(Base):
    """The last serial given out per division and day."""

    __tablename__ = "case_number"
    prefix: Mapped[str] = mapped_column(String(16), primary_key=True)
    serial: Mapped[int] = mapped_column(Integer, default=0)


class Shift(Base):
    """On duty from sign-in on the beat until sign-off, with the handover note."""

    __tablename__ = "shift"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    beat_id: Mapped[str | None] = mapped_column(String(36))
    name: Mapped[str | None] = mapped_column(String(16))
    started_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    handover_note: Mapped[str] = mapped_column(Text, default="")
    on_beat: Mapped[bool | None] = mapped_column(Boolean)  # signed in on the beat?
    track: Mapped[Any] = mapped_column(JsonText, default=list)  # [[t, lat, lon, accuracy_m], …]
    log: Mapped[Any] = mapped_column(JsonText, default=list)


class LastPosition(Base):
    """Where a person on duty last was. One row each: it is not a track."""

    __tablename__ = "last_position"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)
    accuracy_m: Mapped[float | None] = mapped_column(Float)
    at: Mapped[datetime] = mapped_column(Instant)


class WorkRecord(Base):
    """Work done and counted outside cases (工作量): posters taken down, bins cleaned, …"""

    __tablename__ = "work_record"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    area_code: Mapped[str | None] = mapped_column(String(12))
    work_type: Mapped[str] = mapped_column(String(32))
    object: Mapped[str] = mapped_column(String(64), default="")
    quantity: Mapped[float] = mapped_column(Float)
    unit_of_measure: Mapped[str] = mapped_column(String(8))
    campaign_id: Mapped[str | None] = mapped_column(String(36))
    note: Mapped[str] = mapped_column(Text, default="")
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    observed_at: Mapped[datetime | None] = mapped_column(Instant)
    at: Mapped[datetime] = mapped_column(Instant)
