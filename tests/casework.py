"""The demo bureau at work, for tests of cases: its people by name, and what they do in one word."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from shapely.geometry import shape
from sqlalchemy import select, update

from server.accounts.actor import Actor
from server.accounts.models import Person
from server.accounts.people import actor_of, find_person
from server.areas.models import Grid
from server.cases import actions, moves
from server.cases.inputs import IntakeForm, MoveInputs, Source
from server.cases.models import Case, CaseEvent, CaseWarning
from server.cases.workflow import Move
from server.catalog.models import Category, TimeLimit
from server.db import db
from server.feed import publish, transaction
from sync.bodies import CaseCheck, CaseHandle, CaseReport, CaseVerify, CheckResult, HandleStep
from sync.ids import uuid7
from sync.messages import Location, PhotoRef, PhotoRole
from sync.roles import Role

ZONE = ZoneInfo("Asia/Shanghai")
STREET = "360802001"
PILED = "E06036"  # 乱堆物堆料: one working day, filed, dispatched and closed by rule in the demo
VENDOR = "E09006"  # 无照经营游商: perishable
HALF_PAST = "2026-11-20 09:30"  # a Friday, at work


def at(text: str) -> datetime:
    """Return a local time as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def local(instant: datetime | None) -> str | None:
    """Return an instant as local time, to the minute."""
    return instant.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") if instant else None


def new_id() -> str:
    return uuid7(1_795_000_000_000)


def photo(role: PhotoRole = PhotoRole.AFTER) -> PhotoRef:
    sha256 = new_id().replace("-", "").ljust(64, "0")
    return PhotoRef(sha256=sha256, bytes=1000, type="image/jpeg", role=role)


class Bureau:
    """Everybody acts at `now`, which the test moves on with `later` or `go_to`."""

    def __init__(self, now: str = HALF_PAST) -> None:
        self.now = at(now)

    def go_to(self, text: str) -> datetime:
        self.now = at(text)
        return self.now

    def later(self, **amount: float) -> datetime:
        self.now += timedelta(**amount)
        return self.now

    def actor(self, username: str, **change: Any) -> Actor:
        person = find_person(db.session(), username)
        assert person is not None, username
        return replace(actor_of(person), **change)

    def unit_actor(self, unit_id: str | None, role: Role = Role.UNIT_CLERK) -> Actor:
        """Return somebody of a unit."""
        people = db.session.scalars(select(Person).where(Person.unit_id == unit_id)).all()
        return actor_of(next(person for person in people if role in person.roles))

    def clerk_of(self, case_id: str) -> Actor:
        return self.unit_actor(self.case(case_id).unit_id)

    def category(self, key: str = PILED, **change: Any) -> None:
        """Switch rules of a category on or off, as an administrator does."""
        with transaction() as session:
            row = session.get_one(Category, key)
            for name, value in change.items():
                setattr(row, name, value)
            row.version += 1
            publish(session, "catalog", "category", key, row.version, {"key": key}, self.now)

    def by_hand(self, key: str = PILED) -> None:
        """Switch every rule of a category off: people decide."""
        self.category(key, auto_file=False, auto_dispatch=False, auto_close=False)

    def spot(self, street: str = STREET, number: int = 0) -> Location:
        """Return the middle of one of a street's grids."""
        query = select(Grid).where(Grid.street_code == street).order_by(Grid.code)
        grid = db.session.scalars(query.offset(number)).first()
        assert grid is not None
        middle = shape(grid.polygon).representative_point()
        return Location(middle.y, middle.x, 8.0, "gps")

    def report(self, by: str = "officer1", *, grid: int = 0, **given: Any) -> str:
        """Report a case and return its id. `actor` and `photos` go beside the body's fields."""
        actor = given.pop("actor", None) or self.actor(by)
        photos = given.pop("photos", (photo(PhotoRole.BEFORE),))
        case_id = given.pop("case_id", None) or new_id()
        body = CaseReport(
            **{"category": PILED, "location": self.spot(number=grid), "quantity": Decimal(1)}
            | given
        )
        with transaction() as session:
            moves.report(session, actor, case_id, body, photos, self.now)
        return case_id

    def verify(self, case_id: str, *, exists: bool, by: str = "officer2") -> Case:
        with transaction() as session:
            body = CaseVerify(exists=exists)
            moves.verify(
                session, self.actor(by), case_id, body, (photo(PhotoRole.SCENE),), self.now
            )
        return self.case(case_id)

    def check(self, case_id: str, result: str, by: str = "officer2", note: str = "") -> Case:
        with transaction() as session:
            body = CaseCheck(CheckResult(result), note=note)
            moves.check(session, self.actor(by), case_id, body, (photo(),), self.now)
        return self.case(case_id)

    def handle(self, case_id: str, step: str, by: Actor | None = None, **given: Any) -> Case:
        """One step of the unit, by default by its clerk."""
        actor = by or self.clerk_of(case_id)
        photos = given.pop("photos", (photo(),) if step == "done" else ())
        with transaction() as session:
            body = CaseHandle(HandleStep(step), **given)
            moves.handle(session, actor, case_id, body, photos, self.now)
        return self.case(case_id)

    def do(self, move: Move, case_id: str, by: str | Actor, /, **inputs: Any) -> Case:
        """One move at a desk."""
        actor = self.actor(by) if isinstance(by, str) else by
        seen = inputs.pop("expected_version", None)
        actions.perform_move(
            case_id, move, MoveInputs(**inputs), by=actor, now=self.now, expected_version=seen
        )
        return self.case(case_id)

    def take_in(self, source: Source = Source.HOTLINE, **given: Any) -> str:
        case_id = new_id()
        form = IntakeForm(**{"source": source, "category": PILED, "area_code": STREET} | given)
        actions.take_in(case_id, form, by=self.actor("acceptor1"), now=self.now)
        return case_id

    def dispatched(self, **given: Any) -> str:
        """Report a case that the demo's rules file and dispatch at once."""
        case_id = self.report(**given)
        assert self.case(case_id).state == "dispatched"
        return case_id

    def done(self, **given: Any) -> str:
        """Bring a case to 待核查."""
        case_id = self.dispatched(**given)
        self.handle(case_id, "done")
        return case_id

    def case(self, case_id: str) -> Case:
        """Return the row as it is in the database."""
        db.session.rollback()
        return db.session.get_one(Case, case_id)

    def events(self, case_id: str) -> list[CaseEvent]:
        query = select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.seq)
        return list(db.session.scalars(query))

    def moves(self, case_id: str) -> list[str]:
        return [event.move for event in self.events(case_id)]

    def warnings(self, case_id: str) -> list[CaseWarning]:
        query = select(CaseWarning).where(CaseWarning.case_id == case_id)
        return list(db.session.scalars(query.order_by(CaseWarning.given_at, CaseWarning.step)))

    def steps(self, case_id: str) -> list[str]:
        return [warning.step for warning in self.warnings(case_id)]


def limit_of(category_key: str, value: int, unit: str) -> None:
    """Give every condition of a category one limit, in force for long."""
    with transaction() as session:
        where = (TimeLimit.category_key == category_key, TimeLimit.stage == "handle")
        session.execute(update(TimeLimit).where(*where).values(value=value, unit=unit))
        publish(
            session, "catalog", "category", category_key, 99, {"key": category_key}, at(HALF_PAST)
        )
