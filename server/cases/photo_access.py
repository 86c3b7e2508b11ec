"""Who may see a photo: whoever may see a record that names it."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from server.accounts.actor import Actor
from server.cases.models import Case
from server.photos.models import PhotoUse


def may_see(session: Session, actor: Actor, sha256: str) -> bool:
    """Say whether `actor` named the photo, or a case of their areas or unit names it."""
    own = select(PhotoUse.id).where(
        PhotoUse.sha256 == sha256, PhotoUse.person_id == actor.person_id
    )
    if session.scalar(own.limit(1)) is not None:
        return True
    conditions = _in_reach(actor)
    if not conditions:
        return False
    named = (
        select(Case.id)
        .join(PhotoUse, PhotoUse.record_id == Case.id)
        .where(PhotoUse.sha256 == sha256, or_(*conditions))
    )
    return session.scalar(named.limit(1)) is not None


def _in_reach(actor: Actor) -> list[ColumnElement[bool]]:
    """The same reach as the scopes of a person: areas with all their streets, and the unit."""
    found: list[ColumnElement[bool]] = [Case.area_code.startswith(code) for code in actor.areas]
    if actor.unit_id is not None:
        found += [Case.unit_id == actor.unit_id, Case.crew_unit_id == actor.unit_id]
    return found
