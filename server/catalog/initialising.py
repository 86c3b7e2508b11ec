"""The first rows that every deployment needs: calendar, schedules, catalogue and limits."""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalog.importing import import_catalog, seed_stage_limits
from server.catalog.publishing import publish_all_categories, publish_calendar_days
from server.feed.epoch import start_epoch
from server.feed.models import Epoch
from server.worktime.seeding import seed_calendar, seed_schedules

YEARS_BACK = 2
YEARS_AHEAD = 1


@dataclass(frozen=True)
class Filled:
    """Rows added: categories, conditions and calendar days (the latter also when settled)."""

    categories: int
    conditions: int
    calendar_days: int


def fill_new_database(session: Session, now: datetime) -> Filled:
    """Add what is missing; rows that are there stay as they are. Safe to repeat, every year too."""
    if session.scalar(select(Epoch.value)) is None:
        start_epoch(session, now)
    today = now.astimezone(current_app.extensions["xuncheng_settings"].timezone).date()
    seed_schedules(session)
    days = seed_calendar(session, today.year - YEARS_BACK, today.year + YEARS_AHEAD)
    imported = import_catalog(session)
    seed_stage_limits(session)
    session.flush()
    publish_calendar_days(session, days, now)
    if imported.categories:
        publish_all_categories(session, now, today)
    return Filled(imported.categories, imported.conditions, len(days))
