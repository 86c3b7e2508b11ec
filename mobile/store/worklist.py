"""Today's list: what the person has to do, after what they have already done offline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mobile.store.names import Name
from mobile.store.person_store import PersonStore


class Group(StrEnum):
    """The kinds of work on Today's list."""

    VERIFY = "verify"  # 待核实
    CHECK = "check"  # 待核查
    HANDLE = "handle"  # 待处置
    REWORK = "rework"  # 返工


@dataclass(frozen=True)
class PhotoOfCase:
    """A photo of a case: hash, role, and the local file when this device holds one (else None)."""

    sha256: str
    role: str
    verified: bool
    path: str | None = None
    thumb: str | None = None


@dataclass(frozen=True)
class WorkItem:
    """One line of Today's list. `moves` is what the person may do now (values of the wire)."""

    case_id: str
    number: str
    title: Name
    address: str
    description: str
    state: str
    group: Group
    due_at: datetime | None
    overdue: bool
    moves: tuple[str, ...]
    photo: PhotoOfCase | None
    rework: int = 0
    waiting: bool = False  # an own move on it has not reached the server


@dataclass(frozen=True)
class CaseCard:
    """Everything the phone knows of one case; times aware."""

    item: WorkItem
    category: str
    condition: str | None
    condition_name: Name
    grid: str | None
    area: str | None
    lat: float | None
    lon: float | None
    quantity: float | None
    unit_of_measure: str | None
    reported_at: datetime | None
    dispatched_at: datetime | None
    photos: tuple[PhotoOfCase, ...]
    version: int


def today(store: PersonStore, now: datetime, group: Group | None = None) -> Sequence[WorkItem]:
    """Return what is to be done, overdue first, then by deadline; at most 500 items."""
    raise NotImplementedError


def counts(store: PersonStore, now: datetime) -> Mapping[str, int]:
    """Return how many items each group has, `overdue` and `all` included."""
    raise NotImplementedError


def case_card(store: PersonStore, case_id: str, now: datetime) -> CaseCard | None:
    """Return one case with its photos, or None when the phone does not hold it."""
    raise NotImplementedError
