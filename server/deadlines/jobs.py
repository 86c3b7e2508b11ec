"""What the scheduler does, and how often. Triggers live here, in code; nothing is stored.

A job that may run once per slot says so (`claimed`); the photo job claims each photo itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from flask import current_app
from sqlalchemy import func, select

from server.cases.models import Case
from server.cases.publishing import refresh_photos, retire_ended
from server.config import Settings
from server.db import db
from server.deadlines.claims import forget_slots
from server.deadlines.sweep import sweep
from server.feed.forgetting import forget_tombstones
from server.photos.inspection import inspect_pending
from server.photos.store import photo_store
from server.photos.uploads import Place, sweep_uploads
from server.worktime.loading import last_known_on

PHOTOS_AT_ONCE = 20
WARN_BEFORE_CALENDAR_ENDS = timedelta(days=45)

log = structlog.get_logger()


@dataclass(frozen=True)
class Job:
    """`work` does one run at an instant and says in a few words what it did."""

    name: str
    every: timedelta
    work: Callable[[datetime], str]
    claimed: bool = True


def sweep_deadlines(now: datetime) -> str:
    """Warn, mark overdue, escalate, resume."""
    swept = sweep(now)
    return f"{swept.cases} cases, {swept.replies} replies"


def inspect_photos(now: datetime) -> str:
    """Open the photos that have arrived, and show their cases anew."""
    return f"{len(inspect_pending(now, PHOTOS_AT_ONCE, refresh_photos))} photos"


def end_uploads(now: datetime) -> str:
    """Remove uploads that nobody went on with."""
    settings: Settings = current_app.extensions["xuncheng_settings"]
    place = Place(settings.home / "uploads", photo_store())
    return f"{sweep_uploads(place, now)} uploads"


def tidy(now: datetime) -> str:
    """Take cases that ended long ago off the devices; forget old slots and tombstones."""
    forget_slots(now)
    left = retire_ended(now)
    return f"{left} cases left the feed, {forget_tombstones(now)} tombstones forgotten"


def warn_of_calendar(now: datetime) -> str:
    """Warn when deadlines run, or soon will, on days whose notice is not published."""
    session = db.session()
    resting = session.scalar(
        select(func.count()).where(Case.provisional_due, Case.closed_at.is_(None))
    )
    known_until = last_known_on(session)
    settings: Settings = current_app.extensions["xuncheng_settings"]
    today = now.astimezone(settings.timezone).date()
    if calendar_ends_soon(known_until, today) or resting:
        log.warning("calendar ends", known_until=str(known_until), provisional_deadlines=resting)
    return f"known until {known_until}, {resting} provisional deadlines"


def calendar_ends_soon(known_until: date | None, today: date) -> bool:
    """Say whether the official calendar ends so soon that deadlines begin to pass it. Pure."""
    return known_until is None or known_until - today < WARN_BEFORE_CALENDAR_ENDS


JOBS = (
    Job("sweep", timedelta(seconds=30), sweep_deadlines),
    Job("photos", timedelta(seconds=1), inspect_photos, claimed=False),
    Job("uploads", timedelta(hours=1), end_uploads),
    Job("calendar", timedelta(days=1), warn_of_calendar),
    Job("tidy", timedelta(days=1), tidy),
)
