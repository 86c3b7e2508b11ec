"""Filling a database with the demo district, in steps that are each done once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.areas.models import ControlZone, Grid
from server.catalog.importing import SEED_FILE
from server.catalog.initialising import fill_new_database
from server.catalog.models import CatalogFile, Phrase, Responsibility
from server.db import db
from server.deadlines.models import JobSlot
from server.demo.devices import fill_devices
from server.demo.divisions import fill_beats, fill_divisions, fill_zones
from server.demo.history import fill_history
from server.demo.people import fill_people, walkers
from server.demo.phrases import fill_phrases
from server.demo.roads import fill_roads
from server.demo.shops import fill_shops
from server.demo.units import fill_responsibilities, fill_units
from server.feed import transaction
from server.places.models import Premises


def fill_district(now: datetime) -> Iterator[str]:
    """Do the steps that are missing, in transactions of their own; yield what each did.

    An interrupted run is taken up at the step where it stopped; a complete one does nothing.
    """
    for step in _STEPS:
        if not _holds(db.session(), step.proof):
            with transaction() as session:
                step.fill(session, now)
            yield step.title


def fill_demo(now: datetime) -> Iterator[str]:
    """Fill the district, and give it a quarter of history up to `now`."""
    yield from fill_district(now)
    if not _holds(db.session(), _HISTORY_DONE):
        count = fill_history(now)
        with transaction() as session:
            fill_devices(session, now)
            slot = JobSlot(job=_HISTORY, slot="once", claimed_at=now, finished_at=now)
            session.merge(slot)
        yield f"a quarter of history: {count} cases"


def is_filled(session: Session) -> bool:
    """Say whether the district is there, with or without history."""
    return all(_holds(session, step.proof) for step in _STEPS)


def _fill_units(session: Session, now: datetime) -> None:
    fill_units(session, now)
    catalogue = orjson.loads(SEED_FILE.read_bytes())["categories"]
    said_of = {entry["key"]: entry["responsible_unit_zh"] for entry in catalogue}
    fill_responsibilities(session, said_of, now)


def _fill_streets(session: Session, now: datetime) -> None:
    fill_zones(session, now)
    fill_beats(session, walkers(), now)
    fill_roads(session, now)


def _holds(session: Session, query: Select[Any]) -> bool:
    return session.execute(query.limit(1)).first() is not None


_HISTORY = "demo-history"
_HISTORY_DONE = select(JobSlot.job).where(JobSlot.job == _HISTORY, JobSlot.finished_at.is_not(None))


@dataclass(frozen=True)
class _Step:
    """What to do, and a row that is there when it has been done."""

    title: str
    fill: Callable[[Session, datetime], object]
    proof: Select[Any]


_STEPS = (
    _Step("calendar and catalogue", fill_new_database, select(CatalogFile.name)),
    _Step("streets, communities and grids", fill_divisions, select(Grid.code)),
    _Step("units and what they answer for", _fill_units, select(Responsibility.id)),
    _Step("people", fill_people, select(Person.id).where(Person.username == "admin1")),
    _Step("zones, beats and road sections", _fill_streets, select(ControlZone.id)),
    _Step("shops", fill_shops, select(Premises.id)),
    _Step("phrases", fill_phrases, select(Phrase.id)),
)
