"""Whose hand moves a case, and the event that says so."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.cases.ledger import Ledger, ledger
from server.cases.models import Case, CaseIntake
from server.cases.rules import corrected, next_knock
from server.cases.standing import facts_for, may_see
from server.cases.workflow import MOVES, UNIT_STATES, Move, Rule, State, acting_role, refusal
from server.photos.naming import name_photos
from sync.errors import Refused
from sync.ids import uuid7
from sync.messages import PhotoRef
from sync.roles import Role

# Done at the deadline itself is in time: overdue begins with the next millisecond.
JUST_AFTER = timedelta(milliseconds=1)
REASON_MISSING = {"reason": ["请填写原因"]}


@dataclass(frozen=True)
class Hand:
    """One call: its session, its instant, and who moves. Without an actor a rule moves."""

    session: Session
    now: datetime
    book: Ledger
    actor: Actor | None = None
    role: Role | None = None

    @property
    def person(self) -> Actor:
        """The actor of a move that no rule makes."""
        if self.actor is None:
            raise LookupError("a rule has no person")
        return self.actor

    @property
    def observed_at(self) -> datetime | None:
        """When the actor saw it, by the server's clock; None at a desk."""
        actor = self.actor
        return corrected(actor.observed_at, actor.clock_skew_ms, self.now) if actor else None

    @property
    def today(self) -> date:
        """The local date."""
        zone = current_app.extensions["xuncheng_settings"].timezone
        return self.now.astimezone(zone).date()

    def as_rule(self) -> "Hand":
        """The same call, going on by rule."""
        return replace(self, actor=None, role=None)

    def in_role(self, role: Role | None) -> "Hand":
        return replace(self, role=role)

    def name(self, record_id: str, event_id: str | None, photos: tuple[PhotoRef, ...]) -> None:
        """Remember that the actor names photos on a record."""
        name_photos(self.session, self.person, record_id, event_id, photos, self.now)

    def new_id(self) -> str:
        return uuid7(int(self.now.timestamp() * 1000))


def hand_of(session: Session, actor: Actor | None, now: datetime) -> Hand:
    return Hand(session, now, ledger(session), actor)


def authorised(
    hand: Hand,
    case: Case,
    move: Move,
    *,
    reason: str | None = None,
    intake: CaseIntake | None = None,
) -> Hand:
    """Return the hand in the role in which it may make `move`, or raise `Refused`.

    `reason` is checked where the table requires one; None: the caller has none to give.
    """
    actor = hand.person
    if not may_see(case, actor):
        raise Refused("unknown_record", fields={"record_id": ["没有找到这条记录所指的案件"]})
    facts = facts_for(case, actor, hand.now, intake)
    code = refusal(State(case.state), move, actor.roles, facts)
    if code is not None:
        raise Refused(code)
    rule: Rule = MOVES[State(case.state), move]
    if rule.reason_required and not (reason or "").strip():
        raise Refused("reason_required", fields=REASON_MISSING)
    return hand.in_role(acting_role(rule, actor.roles, facts))


def record(
    hand: Hand,
    case: Case,
    move: Move,
    to: State,
    *,
    reason: str | None = None,
    data: Mapping[str, Any] | None = None,
    photos: tuple[PhotoRef, ...] = (),
) -> str:
    """Put the case into its next state and write down the move. Returns the event's id.

    Deadlines are changed before: the event takes the one of the last event as `due_before` and
    the present one as `due_after`.
    """
    event_id = hand.new_id()
    if photos:
        hand.name(case.id, event_id, photos)
    before = case.state if case.version else None
    case.state = str(to)
    case.version += 1
    plan_sweep(case)
    if reason:
        case.last_reason = reason
    actor = hand.actor
    hand.book.events.append(
        {
            "id": event_id,
            "case_id": case.id,
            "seq": case.version,
            "move": str(move),
            "from_state": before,
            "to_state": str(to),
            "person_id": actor.person_id if actor else None,
            "role": str(hand.role) if hand.role else None,
            "at": hand.now,
            "observed_at": actor.observed_at if actor else None,
            "clock_skew_ms": actor.clock_skew_ms if actor else None,
            "device_id": actor.device_id if actor else None,
            "change_id": actor.change_id if actor else None,
            "reason": reason or None,
            "data": dict(data or {}),
            "due_before": hand.book.recorded_due.get(case.id),
            "due_after": case.due_at,
        }
    )
    hand.book.recorded_due[case.id] = case.due_at
    hand.book.touch(case, hand.now)
    return event_id


def plan_sweep(case: Case) -> None:
    """Set when the sweep must look at the case next (None: never)."""
    at_the_unit = case.state in UNIT_STATES
    watched = case.due_at if at_the_unit and case.overdue_at is None else None
    case.next_sweep_at = next_knock(
        case.warn_at,
        watched + JUST_AFTER if watched else None,
        case.escalate_at if at_the_unit else None,
        case.resume_at if case.state == State.SUSPENDED else None,
    )
