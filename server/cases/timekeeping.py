"""The clock on a case's row: start, stop, run on. The sweep's next visit follows from it."""

from dataclasses import dataclass
from datetime import datetime

from server.cases import clock
from server.cases.clock import Span
from server.cases.models import Case
from server.cases.recording import Hand
from server.cases.rules import DEFAULT_LIMITS
from server.catalog import lookup
from server.catalog.limits import Limit, limit_for
from server.worktime.arithmetic import Due
from server.worktime.loading import calendar_for


def start_clock(hand: Hand, case: Case, unit_id: str) -> None:
    """Copy the limit that holds onto the case, with the rule that gave it, and start its clock."""
    unit = lookup.unit(hand.session, unit_id)
    case.schedule_code = unit.schedule_code if unit else None
    limit = _limit(hand, case, "handle") or DEFAULT_LIMITS["handle"]
    case.limit_value, case.limit_unit = limit.value, limit.unit
    case.limit_source = limit.source
    start = _start(hand, span_of(hand, case), case.schedule_code)
    case.due_at = start.due.at
    case.stage_due_at = min(start.due.at, _accept_by(hand, case) or start.due.at)
    case.provisional_due = start.due.provisional
    case.warn_at, case.return_by = start.warn_at, start.return_by
    case.overdue_at = case.escalate_at = case.stopped_at = None
    case.escalation = 0


@dataclass(frozen=True)
class _Start:
    """What follows from a limit that starts now."""

    due: Due
    warn_at: datetime | None
    return_by: datetime


def _start(hand: Hand, span: Span, schedule_code: str | None) -> _Start:
    """Work it out once for all cases of a batch with the same limit."""
    key = (hand.now, span.value, span.unit, schedule_code)
    found: _Start | None = hand.book.memo.get(key)
    if found is None:
        due = clock.deadline(hand.now, span)
        found = _Start(
            due,
            clock.warn_at(hand.now, due.at, span),
            clock.return_by(hand.now, span.calendar),
        )
        hand.book.memo[key] = found
    return found


def _limit(hand: Hand, case: Case, stage: str) -> Limit | None:
    """Return the catalogue's limit of a stage, looked up once for a batch."""
    key = (case.category_key, case.condition_code, case.area_code, stage, hand.now)
    if key not in hand.book.memo:
        hand.book.memo[key] = limit_for(hand.session, *key[:4], hand.today)
    found: Limit | None = hand.book.memo[key]
    return found


def _accept_by(hand: Hand, case: Case) -> datetime | None:
    """Return until when the unit should accept, where the catalogue says so."""
    limit = _limit(hand, case, "accept")
    if limit is None:
        return None
    calendar = calendar_for(hand.session, case.schedule_code, hand.now)
    return _start(hand, Span(limit.value, limit.unit, calendar), case.schedule_code).due.at


def stop_clock(case: Case, at: datetime) -> None:
    """Stand still at `at`; what is left is kept by the distance to `due_at`."""
    case.stopped_at = at
    case.warn_at = case.escalate_at = None


def run_on(hand: Hand, case: Case, again: datetime) -> None:
    """Let a clock that stood run on from `again`."""
    span = span_of(hand, case)
    if case.due_at is not None and case.stopped_at is not None:
        due = clock.run_on(case.stopped_at, case.due_at, again, span)
        case.due_at = due.at
        case.provisional_due = case.provisional_due or due.provisional
    case.stopped_at = None
    case.stage_due_at = case.due_at
    _watch(case, again, span)


def move_deadline(hand: Hand, case: Case, until: datetime | None) -> None:
    """Grant one original limit more, or time until `until`; an overdue mark falls with it."""
    if case.due_at is None:
        return
    span = span_of(hand, case)
    due = clock.extended(case.due_at, span, until)
    case.due_at = case.stage_due_at = due.at
    case.provisional_due = case.provisional_due or due.provisional
    if due.at > hand.now:
        case.overdue_at = None
        case.escalation = 0
    _watch(case, hand.now, span)


def clear_clock(case: Case) -> None:
    """Take the unit's deadline away: the case is not the unit's any more."""
    case.due_at = case.warn_at = case.overdue_at = case.escalate_at = None
    case.stopped_at = case.return_by = None
    case.limit_value = case.limit_unit = case.limit_source = None
    case.escalation = 0
    case.provisional_due = False


def set_stage(hand: Hand, case: Case, stage: str | None) -> None:
    """Set the limit of an office stage (file, verify, dispatch, check), which warns at its end."""
    if stage is None:
        case.stage_due_at = case.warn_at = None
    else:
        limit = _limit(hand, case, stage) or DEFAULT_LIMITS[stage]
        span = Span(limit.value, limit.unit, calendar_for(hand.session, None, hand.now))
        case.stage_due_at = case.warn_at = _start(hand, span, None).due.at


def mark_overdue(hand: Hand, case: Case) -> None:
    """Write down that the deadline passed while the unit's clock ran."""
    case.overdue_at = case.due_at
    case.warn_at = None
    plan_escalation(span_of(hand, case), case)


def plan_escalation(span: Span, case: Case) -> None:
    """Set when the next step of escalation is due; an excused case is left in peace."""
    if case.overdue_at is None or case.overdue_excused:
        case.escalate_at = None
    else:
        case.escalate_at = clock.escalate_at(case.overdue_at, case.escalation, span)


def span_of(hand: Hand, case: Case) -> Span:
    """Return the limit that was copied onto the case, on its calendar."""
    calendar = calendar_for(hand.session, case.schedule_code, hand.now)
    return Span(case.limit_value or 1, case.limit_unit or "work_day", calendar)


def _watch(case: Case, since: datetime, span: Span) -> None:
    due = case.due_at
    waits = due is not None and case.overdue_at is None
    case.warn_at = clock.warn_at(since, due, span) if waits and due else None
    plan_escalation(span, case)
