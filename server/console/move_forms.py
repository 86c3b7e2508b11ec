"""What each move asks for, as a form; and reading the form back into `MoveInputs`."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from server.cases.inputs import MoveInputs
from server.cases.models import Case
from server.cases.workflow import MOVES, Move, Need, State
from sync.errors import Refused
from sync.messages import PhotoRef

REQUIRED = "请填写此项"


@dataclass(frozen=True)
class MoveForm:
    """A move's fields: `needs` must be filled in, `may` can be."""

    move: Move
    needs: frozenset[Need]
    may: frozenset[Need]
    asks_quantity: bool

    @property
    def is_plain(self) -> bool:
        """Say whether a click is enough."""
        return not self.needs and not self.may

    def shows(self, need: str) -> bool:
        return need in self.needs or need in self.may

    def must(self, need: str) -> bool:
        return need in self.needs


# What may be added without being asked for.
_OPTIONAL: dict[Move, frozenset[Need]] = {
    **dict.fromkeys(
        (
            Move.DISPATCH,
            Move.DISPATCH_AGAIN,
            Move.ASK_VERIFY,
            Move.GRANT_SUSPENSION,
            Move.GRANT_APPEAL,
            Move.RESUME,
            Move.MERGE,
            Move.FILE,
        ),
        frozenset({Need.REASON}),
    ),
    **dict.fromkeys((Move.DONE, Move.CHECK, Move.VERIFY, Move.CALL_BACK), frozenset({Need.TEXT})),
    Move.GRANT_EXTENSION: frozenset({Need.UNTIL, Need.REASON}),
}

# Which stand out as the next step, which end or undo something.
FORWARD = frozenset(
    {
        Move.FILE,
        Move.DISPATCH,
        Move.ACCEPT,
        Move.DONE,
        Move.CLOSE,
        Move.QUICK_CLOSE,
        Move.RESUME,
        Move.GRANT_EXTENSION,
        Move.GRANT_SUSPENSION,
        Move.GRANT_APPEAL,
        Move.VERIFY,
        Move.CHECK,
    }
)
ASIDE = frozenset(
    {
        Move.VOID,
        Move.FORCE_CLOSE,
        Move.RECALL,
        Move.MERGE,
        Move.MARK_OWNERLESS,
        Move.NOTE,
        Move.SUPERVISE,
        Move.CALL_BACK,
        Move.REPLY,
    }
)

# The two answers of a move that asks for a result: (yes, no).
RESULTS = {
    Move.VERIFY: (_l("情况属实"), _l("现场没有此问题")),
    Move.CHECK: (_l("已整改到位"), _l("未整改到位")),
    Move.CALL_BACK: (_l("满意"), _l("不满意")),
}


def form_for(case: Case, move: Move) -> MoveForm:
    """Return the form of a move in the case's state. Raises `Refused("move_not_allowed")`."""
    rule = MOVES.get((State(case.state), move))
    if rule is None:
        raise Refused("move_not_allowed")
    may = _OPTIONAL.get(move, frozenset()) - rule.needs
    return MoveForm(move, rule.needs, may, asks_quantity=move is Move.DONE)


def read_inputs(
    form: MoveForm, given: MultiDict[str, str], zone: ZoneInfo, photos: tuple[PhotoRef, ...]
) -> MoveInputs:
    """Parse what was typed; `case_id` in the result is still the number that was typed.

    Raises `Refused("invalid")` naming every field that is missing or wrong.
    """
    wrong: dict[str, list[str]] = {}
    present = {
        Need.REASON: bool(_text(given, "reason")),
        Need.TEXT: bool(_text(given, "text")),
        Need.UNIT: bool(given.get("unit")),
        Need.CONDITION: bool(given.get("condition")),
        Need.CASE: bool(_text(given, "case")),
        Need.UNTIL: bool(given.get("until")),
        Need.RESULT: given.get("result") in ("yes", "no"),
        Need.AFTER_PHOTO: bool(photos),
    }
    for need in form.needs:
        if not present[need]:
            wrong[str(need)] = [REQUIRED]
    until = _instant(given.get("until"), zone, wrong) if form.shows(Need.UNTIL) else None
    quantity = _number(given.get("quantity"), wrong) if form.asks_quantity else None
    if wrong:
        raise Refused("invalid", fields=wrong)
    return MoveInputs(
        reason=_text(given, "reason"),
        text=_text(given, "text"),
        unit_id=given.get("unit") or None,
        condition=given.get("condition") or None,
        case_id=_text(given, "case") or None,
        until=until,
        result={"yes": True, "no": False}.get(given.get("result", "")),
        quantity=quantity,
        photos=photos,
    )


def _text(given: MultiDict[str, str], name: str) -> str:
    return given.get(name, "").strip()[:2000]


def _instant(text: str | None, zone: ZoneInfo, wrong: dict[str, list[str]]) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        wrong["until"] = ["日期或时间写得不对"]
        return None


def _number(text: str | None, wrong: dict[str, list[str]]) -> Decimal | None:
    if not text:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        wrong["quantity"] = ["数量应为数字"]
        return None
