"""What a unit and its crews do with a case: accept, return, hand on, report done, ask."""

from datetime import datetime
from decimal import Decimal

from server.cases import plausibility, requests, stages
from server.cases.models import Case
from server.cases.recording import Hand, authorised, record
from server.cases.workflow import Move, State
from server.catalog import lookup
from sync.errors import Refused
from sync.messages import PhotoRef

Photos = tuple[PhotoRef, ...]


def accept(hand: Hand, case: Case, photos: Photos = ()) -> None:
    """接收."""
    hand = authorised(hand, case, Move.ACCEPT)
    stages.note_handler(case, hand.person.person_id)
    case.stage_due_at = case.due_at
    data = {"unit": hand.person.unit_id}
    record(hand, case, Move.ACCEPT, State.HANDLING, data=data, photos=photos)


def give_back(hand: Hand, case: Case, reason: str, photos: Photos = ()) -> None:
    """退回: a unit to the dispatcher; a crew to the unit that dispatched to it again."""
    hand = authorised(hand, case, Move.RETURN, reason=reason)
    crew = case.crew_unit_id
    if crew is not None and hand.person.unit_id == crew != case.unit_id:
        case.crew_unit_id = None
        data = {"crew": crew}
        record(hand, case, Move.RETURN, State.DISPATCHED, reason=reason, data=data, photos=photos)
    else:
        stages.give_back(hand, case, reason, photos)


def done(hand: Hand, case: Case, *, note: str, quantity: Decimal | None, photos: Photos) -> None:
    """处置完成, with a picture of it."""
    hand = authorised(hand, case, Move.DONE)
    plausibility.check_range("quantity", quantity)
    plausibility.require_after_photo(photos)
    amount = None if quantity is None else float(quantity)
    stages.report_done(hand, case, note=note, quantity=amount, photos=photos)


def dispatch_again(hand: Hand, case: Case, unit_id: str | None, reason: str) -> None:
    """二级派遣: a unit hands the case to its own squad, community or crew; the deadline stays."""
    hand = authorised(hand, case, Move.DISPATCH_AGAIN, reason=reason)
    crew = lookup.unit(hand.session, unit_id) if unit_id else None
    if crew is None or not crew.active or crew.parent_id != case.unit_id:
        raise Refused("unknown_unit", fields={"unit_id": ["请选择本单位的下属队伍"]})
    case.crew_unit_id = crew.id
    data = {"unit": case.unit_id, "crew": crew.id}
    record(hand, case, Move.DISPATCH_AGAIN, State(case.state), reason=reason, data=data)


def ask(
    hand: Hand,
    case: Case,
    move: Move,
    reason: str,
    until: datetime | None,
    photos: Photos = (),
) -> None:
    """申请延期, 申请挂账 or 超时申诉."""
    hand = authorised(hand, case, move, reason=reason)
    kind = {
        Move.ASK_EXTENSION: requests.EXTENSION,
        Move.ASK_SUSPENSION: requests.SUSPENSION,
        Move.APPEAL: requests.APPEAL,
    }[move]
    requests.ask(hand, case, kind, reason, until, photos)
