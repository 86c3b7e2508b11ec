"""The collector's eyes: 核实 before filing (does it exist?), 核查 after handling (is it done?)."""

from server.cases import reporting, stages, timekeeping
from server.cases.models import Case
from server.cases.recording import Hand, authorised, record
from server.cases.stages import RULE_FAILED, RULE_NOT_FOUND
from server.cases.workflow import Move, State
from server.catalog import lookup
from sync.messages import Location, PhotoRef

Photos = tuple[PhotoRef, ...]


def verify(
    hand: Hand, case: Case, *, exists: bool, note: str, location: Location | None, photos: Photos
) -> None:
    """核实: found, it is filed by rule or waits for the acceptor; not found, it is void by rule."""
    hand = authorised(hand, case, Move.VERIFY)
    timekeeping.set_stage(hand, case, "file")
    data = {"exists": exists, "note": note, "location": location.as_json() if location else None}
    record(hand, case, Move.VERIFY, State.REPORTED, data=data, photos=photos)
    category = lookup.category(hand.session, case.category_key)
    if not exists:
        stages.end(hand.as_rule(), case, Move.VOID, State.VOID, reason=RULE_NOT_FOUND)
    elif category is not None:
        reporting.follow_filing_rule(hand.as_rule(), case, category)
        if case.state == State.FILED:
            reporting.follow_dispatch_rule(hand.as_rule(), case, category)


def check(
    hand: Hand, case: Case, *, passed: bool, note: str, location: Location | None, photos: Photos
) -> None:
    """核查: the collector says pass or fail; by rule or by the acceptor it closes or goes back."""
    hand = authorised(hand, case, Move.CHECK)
    case.checked_result = "pass" if passed else "fail"
    case.check_person_id = hand.person.person_id
    data = {
        "result": case.checked_result,
        "note": note,
        "location": location.as_json() if location else None,
    }
    record(hand, case, Move.CHECK, State.POST_CHECK, data=data, photos=photos)
    category = lookup.category(hand.session, case.category_key)
    if category is None or not category.auto_close:
        return
    if passed:
        stages.close(hand.as_rule(), case, Move.CLOSE)
    else:
        stages.send_to_rework(hand.as_rule(), case, note or RULE_FAILED)
