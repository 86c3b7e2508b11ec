"""Warnings as people read them: what is nearly late or late and concerns them, until seen."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.cases.models import Case, CaseWarning
from server.cases.selecting import visible_to
from server.feed import transaction


@dataclass(frozen=True)
class Notice:
    """One warning about a case. `step`: `soon`, `overdue_…`, `stage_late_…`, …"""

    number: str
    category_key: str
    address: str
    step: str
    due_at: datetime
    given_at: datetime


def unseen_notices(session: Session, actor: Actor, limit: int) -> tuple[Notice, ...]:
    """Return up to `limit` warnings that nobody they concern has seen, the newest first."""
    query = (
        select(
            Case.number,
            Case.category_key,
            Case.address,
            CaseWarning.step,
            CaseWarning.due_at,
            CaseWarning.given_at,
        )
        .join(Case, Case.id == CaseWarning.case_id)
        .where(CaseWarning.seen_at.is_(None), _concerning(actor), visible_to(actor))
        .order_by(CaseWarning.given_at.desc())
        .limit(limit)
    )
    return tuple(Notice(*row) for row in session.execute(query))


def mark_notices_seen(actor: Actor, now: datetime) -> None:
    """Remember that the warnings given so far to `actor` have been seen; opens its transaction."""
    seen = select(Case.id).where(visible_to(actor))
    with transaction() as session:
        session.execute(
            update(CaseWarning)
            .where(
                CaseWarning.seen_at.is_(None),
                CaseWarning.given_at <= now,
                _concerning(actor),
                CaseWarning.case_id.in_(seen),
            )
            .values(seen_at=now)
            .execution_options(synchronize_session=False)
        )


def _concerning(actor: Actor) -> ColumnElement[bool]:
    """To the person, else to the person's unit, else to whoever has the role and may see it."""
    roles = sorted(actor.roles)
    to_role = and_(
        CaseWarning.to_person_id.is_(None),
        CaseWarning.to_role.in_(roles),
        or_(CaseWarning.to_unit_id.is_(None), CaseWarning.to_unit_id == actor.unit_id),
    )
    return or_(CaseWarning.to_person_id == actor.person_id, to_role)
