"""A case as its page shows it: names instead of ids, photos in pairs, records in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.accounts.models import Device
from server.cases.detail import CaseDetail, CasePhoto
from server.cases.models import Case, CaseEvent
from server.cases.standing import moves_of
from server.cases.workflow import UNIT_STATES, Move, State
from server.console.event_words import event_words
from server.console.move_forms import ASIDE, FORWARD
from server.console.names import Names
from sync.roles import Role

# Who calls people back sees whole numbers; others see the middle hidden (PIPL Art 51).
PHONE_READERS = frozenset({Role.ACCEPTOR, Role.SUPERVISOR})
_AFTER = "after"
SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class RecordLine:
    """One line of the timeline. `what`: to which unit, with what result."""

    event: CaseEvent
    what: str
    who: str
    device: str
    photos: tuple[CasePhoto, ...]

    @property
    def due_moved(self) -> bool:
        return self.event.due_before != self.event.due_after

    @property
    def skew(self) -> timedelta | None:
        """How far the phone's clock was off, where it matters: more than five minutes."""
        skew = timedelta(milliseconds=self.event.clock_skew_ms or 0)
        return skew if abs(skew) > SKEW else None

    @property
    def note(self) -> str:
        data = self.event.data or {}
        return str(data.get("note") or data.get("text") or "")


@dataclass(frozen=True)
class Clock:
    """The clock in the page's right column. `due_at` is the deadline that counts now."""

    due_at: datetime | None
    running: bool
    stage_only: bool
    stopped_at: datetime | None
    resume_at: datetime | None


@dataclass(frozen=True)
class CaseView:
    case: Case
    detail: CaseDetail
    before: tuple[CasePhoto, ...]
    after: tuple[CasePhoto, ...]
    other: tuple[CasePhoto, ...]
    records: tuple[RecordLine, ...]
    clock: Clock
    next_moves: tuple[Move, ...]
    other_moves: tuple[Move, ...]
    whole_phone: bool
    people: dict[str, str]


def view_case(
    session: Session, detail: CaseDetail, actor: Actor, names: Names, now: datetime
) -> CaseView:
    """Put a case's page together."""
    case = detail.case
    moves = moves_of(case, actor, now, detail.intake)
    people = names.people(
        [case.reported_by, case.second_officer_id, case.check_person_id]
        + [event.person_id for event in detail.events]
        + [each.asked_by for each in detail.requests]
        + [each.decided_by for each in detail.requests]
    )
    after = [photo for photo in detail.photos if photo.role == _AFTER]
    before = [photo for photo in detail.photos if photo.role in ("before", "scene")]
    return CaseView(
        case=case,
        detail=detail,
        before=tuple(before),
        after=_newest_round(after),
        other=tuple(each for each in detail.photos if each not in before and each not in after),
        records=_records(session, detail, people, names),
        clock=_clock(case),
        next_moves=tuple(move for move in moves if move not in ASIDE),
        other_moves=tuple(move for move in moves if move in ASIDE),
        whole_phone=bool(actor.roles & PHONE_READERS),
        people=people,
    )


def is_forward(move: Move) -> bool:
    """Say whether a move is the way on, for the colour of its button."""
    return move in FORWARD


def _newest_round(after: Sequence[CasePhoto]) -> tuple[CasePhoto, ...]:
    """The newest after photos first: after a rework the earlier ones count less."""
    return tuple(sorted(after, key=lambda photo: photo.created_at, reverse=True))


def _records(
    session: Session, detail: CaseDetail, people: dict[str, str], names: Names
) -> tuple[RecordLine, ...]:
    ids = {event.device_id for event in detail.events if event.device_id}
    rows = session.execute(select(Device.id, Device.name).where(Device.id.in_(ids))) if ids else ()
    devices = {row.id: row.name for row in rows}
    return tuple(
        RecordLine(
            event=event,
            what=event_words(detail.case, event, names),
            who=people.get(event.person_id or "", ""),
            device=devices.get(event.device_id or "", ""),
            photos=tuple(photo for photo in detail.photos if photo.event_id == event.id),
        )
        for event in detail.events
    )


def _clock(case: Case) -> Clock:
    state = State(case.state)
    at_unit = state in UNIT_STATES
    stage = state in (
        State.REPORTED,
        State.PRE_VERIFY,
        State.FILED,
        State.RETURNED,
        State.POST_CHECK,
    )
    return Clock(
        due_at=case.stage_due_at if stage else case.due_at,
        running=at_unit or stage,
        stage_only=stage,
        stopped_at=case.stopped_at,
        resume_at=case.resume_at,
    )
