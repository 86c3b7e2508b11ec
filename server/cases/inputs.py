"""What a person types or picks for a move made at a desk, parsed and trusted."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sync.messages import Location, PhotoRef


class Source(StrEnum):
    """Where a case came from."""

    PATROL = "patrol"  # 巡查
    HOTLINE = "hotline"  # 12345
    LEADER = "leader"  # 领导交办
    VIDEO = "video"  # 视频
    CITY = "city"  # 市平台
    WALK_IN = "walk_in"  # 来访


OUTSIDE_SOURCES = frozenset(Source) - {Source.PATROL}


@dataclass(frozen=True)
class MoveInputs:
    """Everything a move may need (`workflow.Need`); each takes only what it asks for.

    `text`: the note or the reply. `until`: an instant, for a suspension (its end) or an extension
    (the new deadline; empty: one original limit more). `result`: exists (verify), pass (check),
    satisfied (call-back). `case_id`: the case that this one is merged into.
    """

    reason: str = ""
    text: str = ""
    unit_id: str | None = None
    condition: str | None = None
    case_id: str | None = None
    until: datetime | None = None
    result: bool | None = None
    quantity: Decimal | None = None
    photos: tuple[PhotoRef, ...] = ()


@dataclass(frozen=True)
class IntakeForm:
    """A case taken in from outside by a clerk, with its outside number and reply deadline."""

    source: Source
    category: str
    condition: str | None = None
    description: str = ""
    address: str = ""
    location: Location | None = None
    area_code: str | None = None  # where there is no point: the street (9) or district (6)
    quantity: Decimal | None = None
    outside_number: str = ""
    caller_name: str = ""
    caller_phone: str = ""
    reply_due_at: datetime | None = None
    photos: tuple[PhotoRef, ...] = ()
