"""What the sweep does with a case whose time has come: warn, mark overdue, escalate, resume.

Each warning is given once: a row of `case_warning` per (case, step, deadline) is its proof. A sweep
that comes days late does all that was due, in order, with the times at which it was due.
"""

from datetime import datetime
from typing import Any

from server.cases import stages, timekeeping
from server.cases.clock import ESCALATION
from server.cases.models import Case, CaseIntake
from server.cases.recording import Hand, plan_sweep, record
from server.cases.workflow import UNIT_STATES, Move, State
from server.catalog import lookup
from sync.roles import Role

# Whose work is late when a stage before or after the unit's takes too long.
STAGE_OWNERS: dict[State, Role] = {
    State.REPORTED: Role.ACCEPTOR,
    State.PRE_VERIFY: Role.COLLECTOR,
    State.FILED: Role.DISPATCHER,
    State.RETURNED: Role.DISPATCHER,
    State.POST_CHECK: Role.COLLECTOR,
}
SOON, STAGE_LATE = "soon", "stage_late"
REPLY_SOON, REPLY_LATE = "reply_soon", "reply_late"


def knock(hand: Hand, case: Case) -> None:
    """Do whatever the case's times ask for by `hand.now`, and set when to come again."""
    if case.state == State.SUSPENDED and _due(case.resume_at, hand.now):
        stages.resume(hand, case)
    if case.state in UNIT_STATES:
        _watch_unit(hand, case)
    elif _due(case.warn_at, hand.now):
        _warn_stage(hand, case)
    plan_sweep(case)


def knock_reply(hand: Hand, case: Case, intake: CaseIntake) -> None:
    """Warn the acceptor before a reply to a source outside is due, and when it is late."""
    due_at = intake.reply_due_at
    if due_at is None or intake.replied_at is not None:
        intake.next_sweep_at = None
        return
    late = due_at <= hand.now
    step = REPLY_LATE if late else REPLY_SOON
    _give(hand, case, step, due_at, Role.ACCEPTOR)
    _note(hand, case, Move.WARN, step, Role.ACCEPTOR, due_at)
    intake.next_sweep_at = None if late else due_at


def _watch_unit(hand: Hand, case: Case) -> None:
    stages.pass_deadline(hand, case)
    if _due(case.warn_at, hand.now) and case.due_at is not None:
        case.warn_at = None
        _give(hand, case, SOON, case.due_at, Role.UNIT_CLERK, unit_id=_worker(case))
        _note(hand, case, Move.WARN, SOON, Role.UNIT_CLERK, case.due_at)
    while _due(case.escalate_at, hand.now) and case.overdue_at is not None:
        _escalate(hand, case, case.overdue_at)


def _escalate(hand: Hand, case: Case, overdue_at: datetime) -> None:
    step = ESCALATION[case.escalation]
    case.escalation += 1
    timekeeping.plan_escalation(timekeeping.span_of(hand, case), case)
    if step.to is Role.SUPERVISOR:
        _give(hand, case, step.name, overdue_at, step.to)
    elif case.escalation == 1:
        # The overdue event itself says that the unit was told.
        _give(hand, case, step.name, overdue_at, step.to, unit_id=_worker(case))
        hand.book.touch(case, hand.now)
        return
    else:
        head = _head(hand, case)
        _give(hand, case, step.name, overdue_at, step.to, unit_id=case.unit_id, person_id=head)
    _note(hand, case, Move.ESCALATE, step.name, step.to, overdue_at)


def _warn_stage(hand: Hand, case: Case) -> None:
    owner = STAGE_OWNERS.get(State(case.state))
    due_at = case.stage_due_at
    case.warn_at = None
    if owner is None or due_at is None:
        return
    step = f"{STAGE_LATE}_{case.state}"
    _give(hand, case, step, due_at, owner)
    _note(hand, case, Move.WARN, step, owner, due_at)


def _note(hand: Hand, case: Case, move: Move, step: str, role: Role, due_at: datetime) -> None:
    data = {"step": step, "to": str(role), "due_at": due_at.isoformat()}
    if move is Move.WARN and case.state not in _WARNED_STATES:
        move = Move.NOTE  # a late reply outlives its case
    record(hand, case, move, State(case.state), data=data)


def _give(
    hand: Hand,
    case: Case,
    step: str,
    due_at: datetime,
    role: Role,
    *,
    unit_id: str | None = None,
    person_id: str | None = None,
) -> None:
    row: dict[str, Any] = {
        "case_id": case.id,
        "step": step,
        "due_at": due_at,
        "to_role": str(role),
        "to_person_id": person_id,
        "to_unit_id": unit_id,
        "given_at": hand.now,
    }
    hand.book.warnings.append(row)


def _worker(case: Case) -> str | None:
    """Return who has the case in hand: the crew, or the unit."""
    return case.crew_unit_id or case.unit_id


def _head(hand: Hand, case: Case) -> str | None:
    unit = lookup.unit(hand.session, case.unit_id) if case.unit_id else None
    return unit.head_person_id if unit else None


def _due(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


_WARNED_STATES = frozenset(STAGE_OWNERS) | UNIT_STATES | {State.SUSPENDED}
