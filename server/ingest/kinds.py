"""Who may send which kind of change, and what it does: one table (`docs/protocol.md`, Kinds)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.cases import duty, moves
from server.cases.models import Case
from server.places.editing import update_premises
from server.places.premises import register_from_field
from sync.bodies import Kind
from sync.messages import Change, Outcome
from sync.roles import FIELD_ROLES, UNIT_ROLES, Role


@dataclass(frozen=True)
class Done:
    """What came of a change: the record, its version and where it lies, if it has them.

    `apart` names the fields of a shared record that were kept but are not in force.
    """

    record_id: str
    version: int | None = None
    area_code: str | None = None
    outcome: Outcome = Outcome.APPLIED
    apart: tuple[str, ...] = ()


Carry = Callable[[Session, Actor, Change, Any, datetime], Done]


@dataclass(frozen=True)
class KindRule:
    """Who may send a kind, and the function that carries it out.

    `on_case`: the change's record is a case. `carry` is None for what ingest itself carries out.
    """

    roles: frozenset[Role]
    carry: Carry | None
    on_case: bool = False


def _on_case(move: Callable[..., Case]) -> Carry:
    def carry(session: Session, actor: Actor, change: Change, body: Any, now: datetime) -> Done:
        case = move(session, actor, change.record_id, body, change.photos, now)
        return Done(case.id, case.version, case.area_code)

    return carry


def _patrol(session: Session, actor: Actor, change: Change, body: Any, now: datetime) -> Done:
    return Done(duty.record_patrol(session, actor, change.record_id, body, now).id)


def _position(session: Session, actor: Actor, change: Change, body: Any, now: datetime) -> Done:
    duty.report_position(session, actor, body, now)
    return Done(change.record_id)


def _work(session: Session, actor: Actor, change: Change, body: Any, now: datetime) -> Done:
    record_id, photos = change.record_id, change.photos
    return Done(duty.record_work(session, actor, record_id, body, photos, now).id)


def _register(session: Session, actor: Actor, change: Change, body: Any, now: datetime) -> Done:
    row = register_from_field(session, actor, change, body, now)
    return Done(row.id, row.version, row.street_code)


def _update(session: Session, actor: Actor, change: Change, body: Any, now: datetime) -> Done:
    edited = update_premises(session, actor, change, body, now)
    row = edited.row
    return Done(row.id, row.version, row.street_code, edited.outcome, edited.apart)


KINDS: dict[Kind, KindRule] = {
    Kind.CASE_REPORT: KindRule(FIELD_ROLES, _on_case(moves.report), on_case=True),
    Kind.CASE_VERIFY: KindRule(FIELD_ROLES, _on_case(moves.verify), on_case=True),
    Kind.CASE_CHECK: KindRule(FIELD_ROLES, _on_case(moves.check), on_case=True),
    Kind.CASE_HANDLE: KindRule(UNIT_ROLES, _on_case(moves.handle), on_case=True),
    Kind.PATROL_RECORD: KindRule(duty.WALKERS, _patrol),
    Kind.POSITION_REPORT: KindRule(duty.WALKERS, _position),
    Kind.WORK_RECORD: KindRule(duty.WALKERS, _work),
    Kind.PREMISES_REGISTER: KindRule(FIELD_ROLES, _register),
    Kind.PREMISES_UPDATE: KindRule(FIELD_ROLES, _update),
    Kind.CHANGE_WITHDRAW: KindRule(frozenset(Role), None),
}
