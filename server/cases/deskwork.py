"""Moves made at a desk: each takes from the inputs what it needs and refuses what is missing."""

from collections.abc import Callable

from sqlalchemy import select

from server.cases import fieldwork, plausibility, reporting, requests, stages, unitwork
from server.cases.inputs import MoveInputs
from server.cases.models import Case, CaseIntake
from server.cases.recording import Hand, authorised, record
from server.cases.workflow import Move, State
from server.catalog import lookup
from sync.errors import Refused

Desk = Callable[[Hand, Case, MoveInputs], None]


def _ask_verify(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    stages.ask_verify(authorised(hand, case, Move.ASK_VERIFY), case, reason=inputs.reason)


def _verify(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    exists = _result(inputs)
    note = inputs.text or inputs.reason
    fieldwork.verify(hand, case, exists=exists, note=note, location=None, photos=inputs.photos)


def _check(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    passed = _result(inputs)
    note = inputs.text or inputs.reason
    fieldwork.check(hand, case, passed=passed, note=note, location=None, photos=inputs.photos)


def _file(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    hand = authorised(hand, case, Move.FILE, reason=inputs.reason)
    code = inputs.condition or case.condition_code
    condition = plausibility.known_condition(hand.session, case.category_key, code)
    if condition is None:
        raise Refused("invalid", fields={"condition": ["请选择立案条件"]})
    stages.file_case(hand, case, condition, reason=inputs.reason)
    category = lookup.category(hand.session, case.category_key)
    if category is not None:
        reporting.follow_dispatch_rule(hand.as_rule(), case, category)


def _refuse(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    hand = authorised(hand, case, Move.REFUSE, reason=inputs.reason)
    stages.end(hand, case, Move.REFUSE, State.REJECTED, reason=inputs.reason)


def _void(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    hand = authorised(hand, case, Move.VOID, reason=inputs.reason)
    stages.end(hand, case, Move.VOID, State.VOID, reason=inputs.reason)


def _merge(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    """并案: this one ends, the other goes on; its photos and events stay where they are."""
    hand = authorised(hand, case, Move.MERGE)
    other = hand.book.find(inputs.case_id) if inputs.case_id else None
    if other is None or other.id == case.id or other.state in (State.VOID, State.REJECTED):
        raise Refused("unknown_record", fields={"case_id": ["请选择要并入的案件"]})
    case.merged_into = other.id
    stages.end(hand, case, Move.MERGE, State.VOID, reason=inputs.reason)
    note = {"merged": case.id, "number": case.number}
    record(hand, other, Move.NOTE, State(other.state), data=note)


def _dispatch(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    hand = authorised(hand, case, Move.DISPATCH, reason=inputs.reason)
    unit = lookup.unit(hand.session, inputs.unit_id) if inputs.unit_id else None
    if unit is None or not unit.active:
        raise Refused("unknown_unit", fields={"unit_id": ["请选择责任单位"]})
    stages.dispatch(hand, case, unit.id, reason=inputs.reason)


def _dispatch_again(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    unitwork.dispatch_again(hand, case, inputs.unit_id, inputs.reason)


def _accept(hand: Hand, case: Case, inputs: MoveInputs) -> None:  # noqa: ARG001  one shape for all
    unitwork.accept(hand, case)


def _return(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    unitwork.give_back(hand, case, inputs.reason)


def _recall(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    """撤回派遣: the dispatcher takes a case back from a unit that it does not belong to."""
    hand = authorised(hand, case, Move.RECALL, reason=inputs.reason)
    stages.give_back(hand, case, inputs.reason, move=Move.RECALL)


def _done(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    note = inputs.text or inputs.reason
    unitwork.done(hand, case, note=note, quantity=inputs.quantity, photos=inputs.photos)


def _asking(move: Move) -> Desk:
    def desk(hand: Hand, case: Case, inputs: MoveInputs) -> None:
        unitwork.ask(hand, case, move, inputs.reason, inputs.until)

    return desk


def _granting(move: Move, kind: str) -> Desk:
    def desk(hand: Hand, case: Case, inputs: MoveInputs) -> None:
        hand = authorised(hand, case, move)
        stages.pass_deadline(hand, case)
        requests.grant(hand, case, kind, inputs.reason, inputs.until)

    return desk


def _denying(move: Move, kind: str) -> Desk:
    def desk(hand: Hand, case: Case, inputs: MoveInputs) -> None:
        hand = authorised(hand, case, move, reason=inputs.reason)
        requests.deny(hand, case, kind, inputs.reason)

    return desk


def _resume(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    stages.resume(authorised(hand, case, Move.RESUME), case, reason=inputs.reason)


def _closing(move: Move) -> Desk:
    def desk(hand: Hand, case: Case, inputs: MoveInputs) -> None:
        hand = authorised(hand, case, move, reason=inputs.reason)
        stages.close(hand, case, move, reason=inputs.reason)

    return desk


def _rework(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    hand = authorised(hand, case, Move.REWORK, reason=inputs.reason)
    stages.send_to_rework(hand, case, inputs.reason)


def _mark_ownerless(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    hand = authorised(hand, case, Move.MARK_OWNERLESS, reason=inputs.reason)
    case.ownerless = True
    record(hand, case, Move.MARK_OWNERLESS, State(case.state), reason=inputs.reason)


def _supervise(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    hand = authorised(hand, case, Move.SUPERVISE, reason=inputs.reason)
    case.supervised = True
    record(hand, case, Move.SUPERVISE, State(case.state), reason=inputs.reason)


def _reply(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    intake = outside_of(hand, case)
    hand = authorised(hand, case, Move.REPLY, intake=intake)
    text = _text(inputs)
    if intake is not None:
        intake.reply_text, intake.replied_at, intake.next_sweep_at = text, hand.now, None
    record(hand, case, Move.REPLY, State(case.state), data={"text": text})


def _call_back(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    intake = outside_of(hand, case)
    hand = authorised(hand, case, Move.CALL_BACK, intake=intake)
    satisfied = _result(inputs)
    if intake is not None:
        intake.called_back_at = hand.now
        intake.callback_satisfied, intake.callback_note = satisfied, inputs.text
    data = {"satisfied": satisfied, "text": inputs.text}
    record(hand, case, Move.CALL_BACK, State(case.state), data=data)


def _note(hand: Hand, case: Case, inputs: MoveInputs) -> None:
    hand = authorised(hand, case, Move.NOTE)
    record(
        hand, case, Move.NOTE, State(case.state), data={"text": _text(inputs)}, photos=inputs.photos
    )


DESKS: dict[Move, Desk] = {
    Move.ASK_VERIFY: _ask_verify,
    Move.VERIFY: _verify,
    Move.FILE: _file,
    Move.REFUSE: _refuse,
    Move.MERGE: _merge,
    Move.VOID: _void,
    Move.DISPATCH: _dispatch,
    Move.DISPATCH_AGAIN: _dispatch_again,
    Move.ACCEPT: _accept,
    Move.RETURN: _return,
    Move.RECALL: _recall,
    Move.DONE: _done,
    Move.ASK_EXTENSION: _asking(Move.ASK_EXTENSION),
    Move.ASK_SUSPENSION: _asking(Move.ASK_SUSPENSION),
    Move.APPEAL: _asking(Move.APPEAL),
    Move.GRANT_EXTENSION: _granting(Move.GRANT_EXTENSION, requests.EXTENSION),
    Move.GRANT_SUSPENSION: _granting(Move.GRANT_SUSPENSION, requests.SUSPENSION),
    Move.GRANT_APPEAL: _granting(Move.GRANT_APPEAL, requests.APPEAL),
    Move.DENY_EXTENSION: _denying(Move.DENY_EXTENSION, requests.EXTENSION),
    Move.DENY_SUSPENSION: _denying(Move.DENY_SUSPENSION, requests.SUSPENSION),
    Move.DENY_APPEAL: _denying(Move.DENY_APPEAL, requests.APPEAL),
    Move.RESUME: _resume,
    Move.CHECK: _check,
    Move.CLOSE: _closing(Move.CLOSE),
    Move.QUICK_CLOSE: _closing(Move.QUICK_CLOSE),
    Move.FORCE_CLOSE: _closing(Move.FORCE_CLOSE),
    Move.REWORK: _rework,
    Move.MARK_OWNERLESS: _mark_ownerless,
    Move.SUPERVISE: _supervise,
    Move.REPLY: _reply,
    Move.CALL_BACK: _call_back,
    Move.NOTE: _note,
}


def outside_of(hand: Hand, case: Case) -> CaseIntake | None:
    """Return what came with the case from outside, or None for a patrol's."""
    return hand.session.scalar(select(CaseIntake).where(CaseIntake.case_id == case.id))


def _result(inputs: MoveInputs) -> bool:
    if inputs.result is None:
        raise Refused("invalid", fields={"result": ["请选择结果"]})
    return inputs.result


def _text(inputs: MoveInputs) -> str:
    if not inputs.text.strip():
        raise Refused("invalid", fields={"text": ["请填写内容"]})
    return inputs.text
