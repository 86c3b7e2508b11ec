"""Doors to the cases that open the one transaction themselves (console, commands).

Inside a batch that has its transaction already (a push), call `server.cases.moves` instead.
"""

from datetime import datetime

from server.accounts.actor import Actor
from server.cases import moves
from server.cases.inputs import IntakeForm, MoveInputs
from server.cases.models import Case
from server.cases.workflow import Move
from server.feed import transaction


def perform_move(
    case_id: str,
    move: Move,
    inputs: MoveInputs,
    *,
    by: Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Case:
    """Make one move on a case in a transaction of its own and return the case.

    `expected_version` is the version that the person saw. Raises `Refused`: `conflict` when
    somebody has moved the case since, `unknown_record` when it is not there or not theirs to see,
    `move_not_allowed`, `not_allowed`, `own_work`, `too_late`, `too_often`, `invalid` + fields.
    """
    with transaction() as session:
        return moves.perform(session, by, case_id, move, inputs, now, expected_version)


def take_in(case_id: str, form: IntakeForm, *, by: Actor, now: datetime) -> Case:
    """Open a case that came from outside; `case_id` is a new UUIDv7 made by the caller."""
    with transaction() as session:
        return moves.intake(session, by, case_id, form, now)
