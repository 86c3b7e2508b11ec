"""Everything that may happen to a case, as functions of (session, actor, …, now).

None of them commits. Each first decides (and refuses by raising `Refused` before anything has been
changed), then changes the case, records an event and marks the case for publishing. What they write
is gathered in the session and written at the end of `server.feed.transaction` by itself
(`server.cases.ledger`). A batch that knows its cases calls `ledger.prefetch(session, ids)` once.

Refusals: `unknown_record` (not there, or not theirs to see), `not_allowed` (the role),
`move_not_allowed` (the state), `own_work`, `too_late`, `too_often`, `reason_required`,
`photo_required`, `out_of_range`, `implausible_time`, `invalid` with fields.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.cases import fieldwork, plausibility, unitwork
from server.cases.deskwork import DESKS
from server.cases.inputs import MoveInputs
from server.cases.models import Case, CaseEvent
from server.cases.recording import hand_of
from server.cases.reporting import intake, report
from server.cases.workflow import Move
from sync.bodies import CaseCheck, CaseHandle, CaseVerify, CheckResult, HandleStep
from sync.errors import Refused
from sync.messages import PhotoRef

__all__ = ["check", "handle", "intake", "perform", "report", "verify"]

Photos = tuple[PhotoRef, ...]
# What the server does by itself overtakes nobody: a person who saw the case before still may act.
QUIET_MOVES = frozenset({Move.WARN, Move.OVERDUE, Move.ESCALATE, Move.NOTE})


def verify(
    session: Session, actor: Actor, case_id: str, body: CaseVerify, photos: Photos, now: datetime
) -> Case:
    """核实: say whether a reported problem exists."""
    hand = hand_of(session, actor, now)
    case = hand.book.get(case_id)
    plausibility.check_time(hand)
    plausibility.check_place(session, body.location)
    fieldwork.verify(
        hand, case, exists=body.exists, note=body.note, location=body.location, photos=photos
    )
    return case


def check(
    session: Session, actor: Actor, case_id: str, body: CaseCheck, photos: Photos, now: datetime
) -> Case:
    """核查: say whether it has been put right. Never by somebody who handled it."""
    hand = hand_of(session, actor, now)
    case = hand.book.get(case_id)
    plausibility.check_time(hand)
    plausibility.check_place(session, body.location)
    passed = body.result is CheckResult.PASS
    fieldwork.check(
        hand, case, passed=passed, note=body.note, location=body.location, photos=photos
    )
    return case


def handle(
    session: Session, actor: Actor, case_id: str, body: CaseHandle, photos: Photos, now: datetime
) -> Case:
    """One step of the unit or its crew: accept, return, done, or a request."""
    hand = hand_of(session, actor, now)
    case = hand.book.get(case_id)
    plausibility.check_time(hand)
    if body.step is HandleStep.ACCEPT:
        unitwork.accept(hand, case, photos)
    elif body.step is HandleStep.RETURN:
        unitwork.give_back(hand, case, body.reason or body.note, photos)
    elif body.step is HandleStep.DONE:
        unitwork.done(hand, case, note=body.note, quantity=body.quantity, photos=photos)
    else:
        reason, until = body.reason or body.note, _instant(body.until)
        unitwork.ask(hand, case, Move(body.step), reason, until, photos)
    return case


def perform(
    session: Session,
    actor: Actor,
    case_id: str,
    move: Move,
    inputs: MoveInputs,
    now: datetime,
    expected_version: int | None = None,
) -> Case:
    """One move made at a desk. `expected_version` is the version that the person saw.

    Raises `conflict` when somebody has moved the case since; warnings and notes do not count.
    """
    hand = hand_of(session, actor, now)
    case = hand.book.get(case_id)
    desk = DESKS.get(move)
    if desk is None:
        raise Refused("move_not_allowed", detail=f"{move} is not made at a desk")
    if expected_version is not None and expected_version != case.version:
        _require_quiet(session, case, expected_version)
    desk(hand, case, inputs)
    return case


def _require_quiet(session: Session, case: Case, expected_version: int) -> None:
    since = select(CaseEvent.move).where(
        CaseEvent.case_id == case.id, CaseEvent.seq > expected_version
    )
    moves = set(session.scalars(since))
    if expected_version > case.version or not moves <= QUIET_MOVES:
        raise Refused("conflict")


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused("invalid", fields={"until": ["日期格式不正确"]})
    return moment
