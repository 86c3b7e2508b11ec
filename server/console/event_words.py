"""What a line of the timeline says beside who and when: to which unit, with what result."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from server.cases.models import Case, CaseEvent
from server.cases.workflow import Move
from server.console import move_forms, words
from server.console.names import Names
from server.console.template_words import exact, plain_number

Said = Callable[[Case, dict[str, Any], Names], tuple[str, ...]]


def event_words(case: Case, event: CaseEvent, names: Names) -> str:
    """Return the event's own words, empty where its name says it all."""
    say = _SAID.get(Move(event.move))
    parts = say(case, event.data or {}, names) if say else ()
    return " · ".join(part for part in parts if part)


def _unit(_case: Case, data: dict[str, Any], names: Names) -> tuple[str, ...]:
    limit = data.get("limit") or {}
    value, unit = limit.get("value"), limit.get("unit")
    time = words.limit_words(value, unit) if value and unit else ""
    return names.unit(data.get("crew") or data.get("unit")), time


def _condition(case: Case, data: dict[str, Any], names: Names) -> tuple[str, ...]:
    return (names.condition(case.category_key, data.get("condition")),)


def _until(_case: Case, data: dict[str, Any], _names: Names) -> tuple[str, ...]:
    until = data.get("until")
    return (_("到 %(time)s", time=exact(datetime.fromisoformat(until))) if until else "",)


def _quantity(case: Case, data: dict[str, Any], _names: Names) -> tuple[str, ...]:
    quantity = data.get("quantity")
    return (f"{plain_number(quantity)} {case.unit_of_measure or ''}" if quantity else "",)


def _reminder(_case: Case, data: dict[str, Any], _names: Names) -> tuple[str, ...]:
    step, role = data.get("step"), data.get("to")
    whom = str(words.ROLES.get(role, "")) if role else ""
    told = _("提醒%(whom)s", whom=whom) if whom else ""
    return words.step_name(step) if step else "", told


def _note(case: Case, data: dict[str, Any], names: Names) -> tuple[str, ...]:
    merged = data.get("number") if data.get("merged") else None
    told = _("案件 %(number)s 并入本案", number=merged) if merged else ""
    return told, *_reminder(case, data, names)


def _result(move: Move, key: str, good: object) -> Said:
    yes, no = move_forms.RESULTS[move]

    def say(_case: Case, data: dict[str, Any], _names: Names) -> tuple[str, ...]:
        found = data.get(key)
        return (str(yes if found == good else no) if found is not None else "",)

    return say


_SAID: dict[Move, Said] = {
    **dict.fromkeys(
        (Move.DISPATCH, Move.DISPATCH_AGAIN, Move.RETURN, Move.RECALL, Move.ACCEPT), _unit
    ),
    **dict.fromkeys((Move.ASK_SUSPENSION, Move.GRANT_SUSPENSION), _until),
    **dict.fromkeys((Move.WARN, Move.OVERDUE, Move.ESCALATE), _reminder),
    Move.FILE: _condition,
    Move.DONE: _quantity,
    Move.NOTE: _note,
    Move.VERIFY: _result(Move.VERIFY, "exists", True),
    Move.CHECK: _result(Move.CHECK, "result", "pass"),
    Move.CALL_BACK: _result(Move.CALL_BACK, "satisfied", True),
}
