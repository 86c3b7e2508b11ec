"""How a case passes from stage to stage, whoever decided it: a person or a rule.

Each function puts the clock right, then records the move. None asks whether it is allowed.
"""

from server.cases import requests, timekeeping
from server.cases.models import Case
from server.cases.recording import Hand, record
from server.cases.rules import done_in_time
from server.cases.workflow import UNIT_STATES, Move, State
from sync.messages import PhotoRef

RULE_NOT_FOUND = "核实不存在"  # the reasons that the server itself gives, as cases show them
RULE_FAILED = "核查不通过"
RULE_LATE = "易变问题同步过晚，先核实"


def ask_verify(hand: Hand, case: Case, *, reason: str | None = None) -> None:
    timekeeping.set_stage(hand, case, "verify")
    record(hand, case, Move.ASK_VERIFY, State.PRE_VERIFY, reason=reason)


def file_case(hand: Hand, case: Case, condition: str | None, *, reason: str | None = None) -> None:
    """立案 under a condition."""
    case.condition_code = condition
    case.filed_at = hand.now
    timekeeping.set_stage(hand, case, "dispatch")
    record(hand, case, Move.FILE, State.FILED, reason=reason, data={"condition": condition})


def dispatch(hand: Hand, case: Case, unit_id: str, *, reason: str | None = None) -> None:
    """派遣: the unit's clock starts now, at the server."""
    case.unit_id, case.crew_unit_id = unit_id, None
    case.dispatched_at = hand.now
    timekeeping.start_clock(hand, case, unit_id)
    data = {
        "unit": unit_id,
        "limit": {
            "value": case.limit_value,
            "unit": case.limit_unit,
            "source": case.limit_source,
            "schedule": case.schedule_code,
        },
    }
    record(hand, case, Move.DISPATCH, State.DISPATCHED, reason=reason, data=data)


def give_back(
    hand: Hand,
    case: Case,
    reason: str,
    photos: tuple[PhotoRef, ...] = (),
    *,
    move: Move = Move.RETURN,
) -> None:
    """回退 by the unit ("not ours") or the dispatcher. Counts against the accuracy of dispatch."""
    requests.lapse(hand, case, requests.OF_THE_UNIT)
    unit_id = case.unit_id
    case.returns += 1
    case.unit_id = case.crew_unit_id = None
    timekeeping.clear_clock(case)
    timekeeping.set_stage(hand, case, "dispatch")
    data = {"unit": unit_id}
    record(hand, case, move, State.RETURNED, reason=reason, data=data, photos=photos)


def report_done(
    hand: Hand, case: Case, *, note: str, quantity: float | None, photos: tuple[PhotoRef, ...]
) -> None:
    """处置完成: the clock stops at the server's receipt; the capture time is kept beside it."""
    observed_at = hand.observed_at
    pass_deadline(hand, case)
    requests.lapse(hand, case, requests.OF_THE_UNIT)
    in_time = done_in_time(observed_at, case.due_at, hand.now)
    case.done_late_sync = in_time
    case.done_at = hand.now
    case.checked_result = case.check_person_id = None
    if quantity is not None:
        case.quantity = quantity
    note_handler(case, hand.person.person_id)
    timekeeping.stop_clock(case, hand.now)
    timekeeping.set_stage(hand, case, "check")
    data = {
        "note": note,
        "quantity": quantity,
        "observed_in_time": in_time,
        "unit": case.unit_id,
        "crew": case.crew_unit_id,
    }
    record(hand, case, Move.DONE, State.POST_CHECK, data=data, photos=photos)


def pass_deadline(hand: Hand, case: Case) -> bool:
    """Mark the case overdue when its deadline has passed and nobody has said so. Says whether."""
    passed = case.due_at is not None and case.due_at < hand.now and case.stopped_at is None
    if not passed or case.overdue_at is not None or case.state not in UNIT_STATES:
        return False
    timekeeping.mark_overdue(hand, case)
    record(hand.as_rule(), case, Move.OVERDUE, State(case.state))
    return True


def close(hand: Hand, case: Case, move: Move, *, reason: str | None = None) -> None:
    """结案, by check, on the spot, or by force."""
    _end(hand, case)
    requests.lapse(hand, case, requests.OF_THE_UNIT)
    case.closed_at = hand.now
    record(hand, case, move, State.CLOSED, reason=reason)


def end(hand: Hand, case: Case, move: Move, to: State, *, reason: str | None = None) -> None:
    """Refuse or void a case. It is never deleted."""
    _end(hand, case)
    requests.lapse(hand, case, (*requests.OF_THE_UNIT, requests.APPEAL))
    data = {"merged_into": case.merged_into} if move is Move.MERGE else None
    record(hand, case, move, to, reason=reason, data=data)


def send_to_rework(hand: Hand, case: Case, reason: str) -> None:
    """返工: the check's waiting time was not the unit's, so the clock runs on from now."""
    case.rework += 1
    timekeeping.run_on(hand, case, hand.now)
    record(hand, case, Move.REWORK, State.REWORK, reason=reason)


def resume(hand: Hand, case: Case, *, reason: str | None = None) -> None:
    """恢复处置: by itself on the chosen date, from which the clock runs, however late the sweep."""
    again = min(case.resume_at or hand.now, hand.now)
    case.resume_at = None
    timekeeping.run_on(hand, case, again)
    data = {"running_since": again.isoformat()}
    record(hand, case, Move.RESUME, State.HANDLING, reason=reason, data=data)


def note_handler(case: Case, person_id: str) -> None:
    """Remember who had a hand in it: they may not check it."""
    if person_id not in case.handled_by:
        case.handled_by = [*case.handled_by, person_id]


def _end(hand: Hand, case: Case) -> None:
    pass_deadline(hand, case)
    if case.stopped_at is None and case.due_at is not None:
        timekeeping.stop_clock(case, hand.now)
    case.resume_at = None
    timekeeping.set_stage(hand, case, None)
