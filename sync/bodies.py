"""The bodies of changes, parsed: one frozen class per kind (`docs/protocol.md`)."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sync.messages import Location


class Kind(StrEnum):
    CASE_REPORT = "case.report"
    CASE_VERIFY = "case.verify"
    CASE_CHECK = "case.check"
    CASE_HANDLE = "case.handle"
    PATROL_RECORD = "patrol.record"
    POSITION_REPORT = "position.report"
    WORK_RECORD = "work.record"
    PREMISES_REGISTER = "premises.register"
    PREMISES_UPDATE = "premises.update"
    CHANGE_WITHDRAW = "change.withdraw"


class HandleStep(StrEnum):
    ACCEPT = "accept"
    RETURN = "return"
    DONE = "done"
    ASK_EXTENSION = "ask_extension"
    ASK_SUSPENSION = "ask_suspension"


class CheckResult(StrEnum):
    PASS = "pass"
    FAIL = "fail"


class PremisesStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    CHANGED = "changed"  # another shop has opened in the same place


@dataclass(frozen=True)
class CaseReport:
    category: str
    condition: str | None = None
    description: str = ""
    location: Location | None = None
    address: str = ""
    quantity: Decimal | None = None
    unit_of_measure: str | None = None
    area_m2: Decimal | None = None
    premises_id: str | None = None
    campaign_id: str | None = None
    handled_on_spot: bool = False
    second_officer_id: str | None = None


@dataclass(frozen=True)
class CaseVerify:
    exists: bool
    note: str = ""
    location: Location | None = None


@dataclass(frozen=True)
class CaseCheck:
    result: CheckResult
    note: str = ""
    location: Location | None = None


@dataclass(frozen=True)
class CaseHandle:
    """One step of a unit. `until` is RFC 3339 text, for `ask_suspension`."""

    step: HandleStep
    reason: str = ""
    quantity: Decimal | None = None
    until: str | None = None
    note: str = ""


@dataclass(frozen=True)
class PatrolRecord:
    """A piece of duty: times RFC 3339; track [[t, lat, lon, accuracy_m], …], t in seconds."""

    started_at: str
    ended_at: str | None = None
    shift: str | None = None
    beat: str | None = None
    track: tuple[tuple[float, float, float, float], ...] = ()
    log: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class PositionReport:
    location: Location


@dataclass(frozen=True)
class WorkRecordBody:
    work_type: str
    quantity: Decimal
    unit_of_measure: str
    object: str = ""
    campaign_id: str | None = None
    note: str = ""
    location: Location | None = None


@dataclass(frozen=True)
class PremisesRegister:
    """A shop front that is not in the register yet, at the place where it stands."""

    name: str
    address: str
    trade: str
    location: Location
    operator_name: str = ""
    operator_phone: str | None = None
    licence_no: str | None = None


@dataclass(frozen=True)
class PremisesFields:
    """What one edit sets. None: left as it is; an empty text takes the value out."""

    name: str | None = None
    address: str | None = None
    trade: str | None = None
    location: Location | None = None
    operator_name: str | None = None
    operator_phone: str | None = None
    licence_no: str | None = None
    status: PremisesStatus | None = None


@dataclass(frozen=True)
class PremisesUpdate:
    """An edit of a shared record; the change's `base_version` says what its maker had seen."""

    set: PremisesFields


@dataclass(frozen=True)
class ChangeWithdraw:
    change_id: str
    reason: str = ""


Body = (
    CaseReport
    | CaseVerify
    | CaseCheck
    | CaseHandle
    | PatrolRecord
    | PositionReport
    | WorkRecordBody
    | PremisesRegister
    | PremisesUpdate
    | ChangeWithdraw
)


@dataclass(frozen=True)
class UnknownBody:
    """The body of a kind that this version does not know; kept as it came."""

    raw: dict[str, Any] = field(default_factory=dict)
