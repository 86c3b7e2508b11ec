"""Reading one case with everything about it: records, photos, requests, intake."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.cases.models import Case, CaseEvent, CaseIntake, CaseRequest
from server.photos.models import Photo, PhotoUse


@dataclass(frozen=True)
class CasePhoto:
    """A photo that somebody named on a case.

    `status`: `waiting` (its bytes have not arrived), `inspecting`, `ready`, or `refused` with
    `refused_code`. `taken_at` is the device's word.
    """

    sha256: str
    role: str
    event_id: str | None
    person_id: str
    taken_at: datetime | None
    created_at: datetime
    status: str
    refused_code: str | None
    type: str | None


@dataclass(frozen=True)
class CaseDetail:
    """A case, its records newest first, its photos oldest first."""

    case: Case
    events: tuple[CaseEvent, ...]
    photos: tuple[CasePhoto, ...]
    requests: tuple[CaseRequest, ...]
    intake: CaseIntake | None


def case_detail(session: Session, case: Case) -> CaseDetail:
    """Return everything that a case's page shows."""
    events = session.scalars(
        select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.seq.desc())
    )
    requests = session.scalars(
        select(CaseRequest).where(CaseRequest.case_id == case.id).order_by(CaseRequest.asked_at)
    )
    return CaseDetail(
        case=case,
        events=tuple(events),
        photos=case_photos(session, case.id),
        requests=tuple(requests),
        intake=session.get(CaseIntake, case.id),
    )


def case_photos(session: Session, case_id: str) -> tuple[CasePhoto, ...]:
    """Return the photos named on a case, in the order in which they were named."""
    query = (
        select(PhotoUse, Photo)
        .join(Photo, Photo.sha256 == PhotoUse.sha256, isouter=True)
        .where(PhotoUse.record_id == case_id)
        .order_by(PhotoUse.created_at, PhotoUse.position)
    )
    return tuple(_photo(use, photo) for use, photo in session.execute(query))


def first_photos(session: Session, case_ids: Sequence[str]) -> dict[str, str]:
    """Return the hash of each case's first photo that can be shown."""
    query = (
        select(PhotoUse.record_id, PhotoUse.sha256)
        .join(Photo, Photo.sha256 == PhotoUse.sha256)
        .where(
            PhotoUse.record_id.in_(case_ids),
            Photo.inspected_at.is_not(None),
            Photo.refused_code.is_(None),
        )
        .order_by(PhotoUse.created_at.desc(), PhotoUse.position.desc())
    )
    return {row.record_id: row.sha256 for row in session.execute(query)}


def _photo(use: PhotoUse, photo: Photo | None) -> CasePhoto:
    return CasePhoto(
        sha256=use.sha256,
        role=use.role,
        event_id=use.event_id,
        person_id=use.person_id,
        taken_at=use.taken_at,
        created_at=use.created_at,
        status=_status(photo),
        refused_code=photo.refused_code if photo else None,
        type=photo.type if photo else None,
    )


def _status(photo: Photo | None) -> str:
    if photo is None or photo.verified_at is None:
        return "waiting"
    if photo.refused_code:
        return "refused"
    return "ready" if photo.inspected_at else "inspecting"
