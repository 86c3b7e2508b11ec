"""Everything that may happen to a case, as functions of (session, actor, …, now).

None of them commits. Each first decides (and refuses by raising `Refused` before anything has been
changed), then changes the case, records an event and marks the case for publishing. What they write
is gathered in the session and written at the end of `server.feed.transaction` by itself
(`server.cases.ledger`). A batch that knows its cases calls `ledger.prefetch(session, ids)` once.
"""

from datetime import datetime

from server.accounts.actor import Actor
from server.cases.inputs import IntakeForm, MoveInputs
from server.cases.models import Case
from server.cases.workflow import Move
from sync.bodies import CaseCheck, CaseHandle, CaseReport, CaseVerify
from sync.messages import PhotoRef

Photos = tuple[PhotoRef, ...]


def report(
    session: object, actor: Actor, case_id: str, body: CaseReport, photos: Photos, now: datetime
) -> Case:
    """Open a case from the field; file and dispatch it where a clear rule is switched on."""
    raise NotImplementedError


def verify(
    session: object, actor: Actor, case_id: str, body: CaseVerify, photos: Photos, now: datetime
) -> Case:
    """核实: say whether a reported problem exists."""
    raise NotImplementedError


def check(
    session: object, actor: Actor, case_id: str, body: CaseCheck, photos: Photos, now: datetime
) -> Case:
    """核查: say whether it has been put right."""
    raise NotImplementedError


def handle(
    session: object, actor: Actor, case_id: str, body: CaseHandle, photos: Photos, now: datetime
) -> Case:
    """One step of the unit or its crew."""
    raise NotImplementedError


def perform(
    session: object,
    actor: Actor,
    case_id: str,
    move: Move,
    inputs: MoveInputs,
    now: datetime,
    expected_version: int | None = None,
) -> Case:
    """One move made at a desk."""
    raise NotImplementedError


def intake(session: object, actor: Actor, case_id: str, form: IntakeForm, now: datetime) -> Case:
    """Open a case that came from outside."""
    raise NotImplementedError
