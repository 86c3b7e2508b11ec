"""Who acts in the demo's history, as actors that the rules know."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.accounts.models import Person
from server.accounts.people import actor_of
from server.demo.ids import demo_id
from server.demo.people import walkers
from server.demo.units import CREWS, UNITS


@dataclass(frozen=True)
class Cast:
    """Every demo person by username, and who walks and who handles where."""

    people: Mapping[str, Actor]
    walkers: Mapping[str, Actor]  # by community code
    handlers: Mapping[str, Actor]  # by unit id, crews too
    clerks: Mapping[str, Actor]  # by unit id

    def walker(self, community_code: str | None) -> Actor:
        """Return the officer of a community; outside all of them the first officer."""
        return self.walkers.get(community_code or "") or self.people["officer1"]

    def at_work(self, actor: Actor, seen_at: datetime) -> Actor:
        """Return the actor as their phone sends it: seen then, on their own device."""
        device = demo_id("device", actor.person_id)
        return replace(actor, device_id=device, observed_at=seen_at, clock_skew_ms=0)


def load_cast(session: Session) -> Cast:
    """Return the cast from the accounts in the database."""
    people = {
        row.username: actor_of(row)
        for row in session.scalars(select(Person).where(Person.demo).order_by(Person.username))
    }
    by_id = {actor.person_id: actor for actor in people.values()}
    crews = [*UNITS, *CREWS]
    return Cast(
        people=people,
        walkers={code: by_id[person_id] for code, person_id in walkers().items()},
        handlers={unit.id: people[f"crew{n}"] for n, unit in enumerate(crews, 1)},
        clerks={unit.id: people[f"unit{n}"] for n, unit in enumerate(UNITS, 1)},
    )
