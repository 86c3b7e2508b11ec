"""A case as devices see it: the feed row of `docs/protocol.md`, and the scopes it stands in.

Keys that begin with an underscore are for the server alone: `server.cases.standing` makes each
person's `moves` from them, and they are taken out before a row is sent.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.cases.models import Case
from server.cases.workflow import State
from server.feed import publish, retract
from server.photos.models import Photo, PhotoUse

if TYPE_CHECKING:
    from server.cases.ledger import Touched

ENTITY = "case"
KEEP_ENDED = timedelta(days=30)
_WITHOUT_CLOSE = (State.VOID, State.REJECTED)
Json = dict[str, Any]


def scopes_of_case(case: Case, now: datetime) -> tuple[str, ...]:
    """Return the scopes a case stands in: its area's, its unit's and its crew's.

    None once it ended long ago: a device keeps what is at work, not the archive.
    """
    return () if has_left(case, now - KEEP_ENDED) else all_scopes_of(case)


def all_scopes_of(case: Case) -> tuple[str, ...]:
    """Return the same, however long ago the case ended."""
    units = dict.fromkeys(unit for unit in (case.unit_id, case.crew_unit_id) if unit)
    return (f"area:{case.area_code}", *(f"unit:{unit}" for unit in units))


def has_left(case: Case, before: datetime) -> bool:
    """Say whether a case ended before an instant (a refused or void one: was reported before)."""
    if case.closed_at is not None:
        return case.closed_at < before
    return case.state in _WITHOUT_CLOSE and case.reported_at < before


def publish_cases(session: Session, touched: Sequence["Touched"]) -> None:
    """Show each case in its scopes as it is now; where it left, say so."""
    photos = photos_of(session, [each.case.id for each in touched])
    for each in touched:
        case = each.case
        scopes = scopes_of_case(case, each.now)
        row = case_row(case, photos.get(case.id, []))
        for scope in scopes:
            publish(session, scope, ENTITY, case.id, case.version, row, each.now)
        for scope in each.scopes_before:
            if scope not in scopes:
                retract(session, scope, ENTITY, case.id, case.version, each.now, left=True)


def photos_of(session: Session, case_ids: Sequence[str]) -> dict[str, list[Json]]:
    """Return the photos of each case in the order in which they were named."""
    statement = (
        select(
            PhotoUse.record_id,
            PhotoUse.sha256,
            PhotoUse.role,
            PhotoUse.taken_at,
            Photo.verified_at,
            Photo.width,
            Photo.height,
            Photo.refused_code,
        )
        .join(Photo, Photo.sha256 == PhotoUse.sha256)
        .where(PhotoUse.record_id.in_(case_ids))
        .order_by(PhotoUse.record_id, PhotoUse.created_at, PhotoUse.position)
    )
    found: dict[str, list[Json]] = {}
    for use in session.execute(statement):
        found.setdefault(use.record_id, []).append(
            {
                "sha256": use.sha256,
                "role": use.role,
                "verified": use.verified_at is not None,
                "width": use.width,
                "height": use.height,
                "refused": use.refused_code,
                "taken_at": text_of(use.taken_at),
            }
        )
    return found


def case_row(case: Case, photos: Iterable[Json]) -> Json:
    """Return the data of a case's feed row."""
    return {
        "number": case.number,
        "category": case.category_key,
        "condition": case.condition_code,
        "state": case.state,
        "source": case.source,
        "description": case.description,
        "address": case.address,
        "location": _location(case),
        "grid": case.grid_code,
        "area": case.area_code,
        "premises_id": case.premises_id,
        "campaign_id": case.campaign_id,
        "quantity": case.quantity,
        "unit_of_measure": case.unit_of_measure,
        "area_m2": case.area_m2,
        "unit_id": case.unit_id,
        "crew_unit_id": case.crew_unit_id,
        "reported_by": case.reported_by,
        "observed_at": text_of(case.observed_at),
        "reported_at": text_of(case.reported_at),
        "dispatched_at": text_of(case.dispatched_at),
        "done_at": text_of(case.done_at),
        "closed_at": text_of(case.closed_at),
        "due_at": text_of(case.due_at),
        "stage_due_at": text_of(case.stage_due_at),
        "overdue_at": text_of(case.overdue_at),
        "resume_at": text_of(case.resume_at),
        "provisional_due": case.provisional_due,
        "rework": case.rework,
        "checked_result": case.checked_result,
        "handled_on_spot": case.handled_on_spot,
        "ownerless": case.ownerless,
        "supervised": case.supervised,
        "late_sync": case.late_sync,
        "merge_candidate": case.merge_candidate,
        "merged_into": case.merged_into,
        "last_reason": case.last_reason,
        "photos": list(photos),
        "version": case.version,
        "_handled_by": case.handled_by,
        "_facts": facts_row(case),
    }


def facts_row(case: Case) -> Json:
    """Return what the guards of moves need beyond the visible columns."""
    return {
        "asked": case.open_requests,
        "excused": case.overdue_excused,
        "return_by": text_of(case.return_by),
        "extensions": case.extensions,
        "suspensions": case.suspensions,
        "stopped": case.stopped_at is not None,
    }


def text_of(instant: datetime | None) -> str | None:
    """Return an instant (UTC) as RFC 3339 text to the millisecond."""
    return None if instant is None else instant.isoformat(timespec="milliseconds")


def _location(case: Case) -> Json | None:
    if case.lat is None:
        return None
    return {
        "lat": case.lat,
        "lon": case.lon,
        "accuracy_m": case.accuracy_m,
        "crs": "WGS84",
        "provider": case.provider,
        "mock": case.mock_location,
    }
