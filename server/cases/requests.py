"""Wishes that somebody must decide: extension 延期, suspension 挂账, overdue appeal 超时申诉.

They are requests beside the state, not states (`docs/decisions/requests.md`). The case's row holds
what is open, so that a device and the console know it without another query.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select

from server.cases import timekeeping
from server.cases.models import Case, CaseRequest
from server.cases.recording import Hand, record
from server.cases.rules import MAX_SUSPENSION
from server.cases.workflow import Move, State
from sync.errors import Refused
from sync.messages import PhotoRef

EXTENSION, SUSPENSION, APPEAL = "extension", "suspension", "appeal"
OF_THE_UNIT = (EXTENSION, SUSPENSION)  # about its clock; they lapse when that stops
_ASKING = {EXTENSION: Move.ASK_EXTENSION, SUSPENSION: Move.ASK_SUSPENSION, APPEAL: Move.APPEAL}
_GRANTING = {
    EXTENSION: Move.GRANT_EXTENSION,
    SUSPENSION: Move.GRANT_SUSPENSION,
    APPEAL: Move.GRANT_APPEAL,
}
_DENYING = {
    EXTENSION: Move.DENY_EXTENSION,
    SUSPENSION: Move.DENY_SUSPENSION,
    APPEAL: Move.DENY_APPEAL,
}


def ask(
    hand: Hand,
    case: Case,
    kind: str,
    reason: str,
    until: datetime | None,
    photos: tuple[PhotoRef, ...] = (),
) -> None:
    """Put a request; it stands in the row until it is decided or lapses.

    Raises `out_of_range` for a suspension that does not end within a year from now, or an
    extension that is not later than the present deadline.
    """
    _check_until(hand, case, kind, until)
    request_id = hand.new_id()
    person_id = hand.person.person_id
    hand.book.later.append(
        CaseRequest(
            id=request_id,
            case_id=case.id,
            kind=kind,
            asked_by=person_id,
            asked_at=hand.now,
            reason=reason,
            until=until,
        )
    )
    until_text = until.isoformat() if until else None
    waiting = {"id": request_id, "by": person_id, "until": until_text, "reason": reason}
    case.open_requests = {**case.open_requests, kind: waiting}
    data = {"until": until_text, "done_in_time": case.done_late_sync}
    to = State(case.state)
    record(hand, case, _ASKING[kind], to, reason=reason, data=data, photos=photos)


def grant(hand: Hand, case: Case, kind: str, reason: str, until: datetime | None) -> None:
    """Grant the open request of a kind; `until` given here goes before the one asked for."""
    asked = case.open_requests[kind]
    if until is None and asked["until"]:
        until = datetime.fromisoformat(asked["until"])
    to = State(case.state)
    if kind == EXTENSION:
        _check_until(hand, case, kind, until)
        case.extensions += 1
        timekeeping.move_deadline(hand, case, until)
    elif kind == SUSPENSION:
        _check_until(hand, case, kind, until)
        case.suspensions += 1
        timekeeping.stop_clock(case, hand.now)
        case.stage_due_at = None
        case.resume_at = until
        to = State.SUSPENDED
    else:
        case.overdue_excused = True
        case.escalate_at = None
    _decide(hand, case, kind, granted=True, reason=reason)
    data = {"until": until.isoformat() if until else None}
    record(hand, case, _GRANTING[kind], to, reason=reason, data=data)


def deny(hand: Hand, case: Case, kind: str, reason: str) -> None:
    """Deny the open request of a kind."""
    _decide(hand, case, kind, granted=False, reason=reason)
    record(hand, case, _DENYING[kind], State(case.state), reason=reason)


def lapse(hand: Hand, case: Case, kinds: Collection[str]) -> None:
    """Take back requests that mean nothing any more, for the case has moved on."""
    for kind in [kind for kind in kinds if kind in case.open_requests]:
        _decide(hand, case, kind, granted=None, reason=None)


def _decide(hand: Hand, case: Case, kind: str, *, granted: bool | None, reason: str | None) -> None:
    request_id = case.open_requests[kind]["id"]
    for row in hand.book.later:
        if isinstance(row, CaseRequest) and row.id == request_id:
            request: CaseRequest | None = row  # asked in this very transaction
            break
    else:
        request = hand.session.scalar(select(CaseRequest).where(CaseRequest.id == request_id))
    if request is not None:
        request.granted, request.decided_at = granted, hand.now
        request.decided_by = hand.actor.person_id if hand.actor else None
        request.decision_reason = reason
    case.open_requests = {name: each for name, each in case.open_requests.items() if name != kind}


def _check_until(hand: Hand, case: Case, kind: str, until: datetime | None) -> None:
    if kind == SUSPENSION:
        if until is None:
            raise Refused("invalid", fields={"until": ["请选择恢复日期"]})
        if not timedelta() < until - hand.now <= MAX_SUSPENSION:
            raise Refused("out_of_range", fields={"until": ["恢复日期须在今天之后、一年以内"]})
    elif kind == EXTENSION and until is not None and case.due_at is not None:
        more = until - case.due_at
        if not timedelta() < more <= MAX_SUSPENSION:
            raise Refused("out_of_range", fields={"until": ["须晚于原时限、一年以内"]})
