"""What a person may do with a case: facts from the row or its feed data, moves from the table."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from server.accounts.actor import Actor
from server.cases.models import Case, CaseIntake
from server.cases.rows import text_of
from server.cases.workflow import Facts, Move, State, allowed_moves

_allowed = lru_cache(maxsize=8192)(allowed_moves)


def may_see(case: Case, actor: Actor) -> bool:
    """Say whether a case lies in one of the person's areas or is their unit's."""
    return actor.works_in(case.area_code) or is_own_unit(case.unit_id, case.crew_unit_id, actor)


def is_own_unit(unit_id: str | None, crew_unit_id: str | None, actor: Actor) -> bool:
    return actor.unit_id is not None and actor.unit_id in (unit_id, crew_unit_id)


def facts_for(case: Case, actor: Actor, now: datetime, intake: CaseIntake | None = None) -> Facts:
    """Return the facts on which the moves of `actor` depend; `intake` for cases from outside."""
    asked: Mapping[str, Any] = case.open_requests
    return Facts(
        own_area=actor.works_in(case.area_code),
        own_unit=is_own_unit(case.unit_id, case.crew_unit_id, actor),
        handled_by_me=actor.person_id in case.handled_by,
        own_request=any(each["by"] == actor.person_id for each in asked.values()),
        asked=frozenset(asked),
        checked_result=case.checked_result,
        handled_on_spot=case.handled_on_spot,
        overdue=is_overdue(case, now),
        overdue_excused=case.overdue_excused,
        returnable=case.return_by is None or now <= case.return_by,
        extensions=case.extensions,
        suspensions=case.suspensions,
        from_outside=intake is not None,
        replied=intake is not None and intake.replied_at is not None,
        called_back=intake is not None and intake.called_back_at is not None,
    )


def is_overdue(case: Case, now: datetime) -> bool:
    """Say whether the unit's deadline has passed while its clock ran."""
    if case.overdue_at is not None:
        return True
    return case.due_at is not None and case.stopped_at is None and case.due_at < now


def moves_of(
    case: Case, actor: Actor, now: datetime, intake: CaseIntake | None = None
) -> tuple[Move, ...]:
    """Return what `actor` may do with a case now, for buttons.

    Give the `intake` of a case from outside: without it no reply is offered.
    """
    return _allowed(State(case.state), actor.roles, facts_for(case, actor, now, intake))


def moves_of_row(data: Mapping[str, Any], actor: Actor, now: datetime) -> tuple[Move, ...]:
    """Return the same from a feed row's data, for a device: no query, a few microseconds.

    A reply to a source outside is made at a desk: it is not among them.
    """
    its = data["_facts"]
    asked: Mapping[str, Any] = its["asked"]
    moment = text_of(now) or ""
    overdue = bool(data["overdue_at"]) or (
        not its["stopped"] and data["due_at"] is not None and data["due_at"] < moment
    )
    facts = Facts(
        own_area=actor.works_in(data["area"]),
        own_unit=is_own_unit(data["unit_id"], data["crew_unit_id"], actor),
        handled_by_me=actor.person_id in data["_handled_by"],
        own_request=any(each["by"] == actor.person_id for each in asked.values()),
        asked=frozenset(asked),
        checked_result=data["checked_result"],
        handled_on_spot=data["handled_on_spot"],
        overdue=overdue,
        overdue_excused=its["excused"],
        returnable=its["return_by"] is None or moment <= its["return_by"],
        extensions=its["extensions"],
        suspensions=its["suspensions"],
    )
    return _allowed(State(data["state"]), actor.roles, facts)


def sendable(data: Mapping[str, Any], actor: Actor, now: datetime) -> dict[str, Any]:
    """Return a feed row's data as one person's device gets it: with `moves`, without our keys."""
    row = {name: value for name, value in data.items() if name[0] != "_"}
    row["moves"] = [str(move) for move in moves_of_row(data, actor, now)]
    return row
