"""A town small enough for a seed to be cheap: two streets, two categories, one unit, five phones.

It is made once per process, through the same functions as any district; every seed copies it.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

from argon2 import PasswordHasher
from flask import Flask
from PIL import Image
from sqlalchemy.orm import Session

from server.accounts.people import add_person
from server.areas.models import Area
from server.areas.publishing import publish_area
from server.catalog.importing import seed_stage_limits
from server.catalog.models import Category, Condition, Responsibility, TimeLimit, Unit
from server.catalog.publishing import publish_all_categories, publish_unit
from server.db import db
from server.feed import transaction
from server.feed.epoch import start_epoch
from server.places.premises import ShopFront, register_premises
from server.schema import mark_schema_current
from server.worktime.seeding import seed_calendar, seed_schedules
from sync.roles import Role

START = datetime(2026, 11, 2, 0, 30, tzinfo=UTC)
PASSWORD = "a town of a few people"
DISTRICT, NORTH, SOUTH = "360802", "360802001", "360802002"
BY_RULE, BY_HAND = "E09006", "E06010"  # filed, dispatched and closed by rule; by the desk
UNIT = "00000000-0000-7000-8000-000000000001"
# WGS-84 boxes: south, west, north, east. The district reaches beyond its two streets.
_BOXES = {
    DISTRICT: (27.10, 114.96, 27.14, 115.00),
    NORTH: (27.12, 114.96, 27.14, 114.99),
    SOUTH: (27.10, 114.96, 27.12, 114.99),
}
_SMALL_PICTURES, _LARGE_PICTURES = 20, 4


@dataclass(frozen=True)
class Inhabitant:
    username: str
    id: str
    roles: tuple[Role, ...]
    areas: tuple[str, ...]
    unit_id: str | None = None


@dataclass(frozen=True)
class Handheld:
    """A phone and the one person who has signed in on it."""

    name: str
    id: str
    username: str


def _id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


_OFFICER = (Role.OFFICER,)
PEOPLE = {
    one.username: one
    for one in (
        Inhabitant("north", _id(11), _OFFICER, (NORTH,)),
        Inhabitant("south", _id(12), _OFFICER, (SOUTH,)),
        Inhabitant("both", _id(13), _OFFICER, (NORTH, SOUTH)),
        Inhabitant("crew", _id(14), (Role.HANDLER,), (), UNIT),
        Inhabitant("desk", _id(15), (Role.ACCEPTOR, Role.DISPATCHER), (DISTRICT,)),
    )
}
HANDHELDS = (
    Handheld("north-1", _id(101), "north"),
    Handheld("crew-1", _id(102), "crew"),
    Handheld("north-2", _id(103), "north"),
    Handheld("both-1", _id(104), "both"),
    Handheld("south-1", _id(105), "south"),
)


def a_point(random: Random, street: str) -> tuple[float, float]:
    """Return a latitude and longitude inside a street."""
    south, west, north, east = _BOXES[street]
    return (
        round(south + (north - south) * (0.1 + 0.8 * random.random()), 5),
        round(west + (east - west) * (0.1 + 0.8 * random.random()), 5),
    )


def build_town(app: Flask) -> None:
    """Fill an empty folder of a server with the town."""
    with app.app_context():
        db.create_all()
        mark_schema_current()
        with transaction() as session:
            start_epoch(session, START)
            seed_schedules(session)
            seed_calendar(session, START.year, START.year + 1)
            _add_areas(session)
            _add_catalog(session)
            _add_people(session)
            _add_premises(session)
        db.session.remove()
        db.engine.dispose()


def make_pictures(folder: Path) -> list[Path]:
    """Write pictures that differ in every byte's hash: most of some hundred bytes, a few large."""
    folder.mkdir()
    random = Random("pictures")
    made = []
    for number in range(_SMALL_PICTURES + _LARGE_PICTURES):
        path = folder / f"{number:02d}.jpg"
        colour = (random.randrange(256), random.randrange(256), random.randrange(256))
        Image.new("RGB", (24 + number, 18), colour).save(path, quality=70)
        if number >= _SMALL_PICTURES:  # more than one piece on a mobile network
            with path.open("ab") as file:
                file.write(random.randbytes(300_000 + 50_000 * (number - _SMALL_PICTURES)))
        made.append(path)
    return made


def copy_folder(source: Path, target: Path, copy: Callable[..., object] = shutil.copyfile) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, copy_function=copy)


def _box(code: str) -> dict[str, object]:
    south, west, north, east = _BOXES[code]
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _add_areas(session: Session) -> None:
    for code in (DISTRICT, NORTH, SOUTH):
        level = "district" if code == DISTRICT else "street"
        parent = None if code == DISTRICT else DISTRICT
        row = Area(
            code=code, name=code, level=level, parent_code=parent, polygon=_box(code), version=1
        )
        session.add(row)
        session.flush()
        publish_area(session, row, START)


def _add_catalog(session: Session) -> None:
    unit = Unit(id=UNIT, name="环卫所", kind="department", schedule_code="always", version=1)
    session.add(unit)
    session.flush()
    publish_unit(session, unit, START)
    for key in (BY_RULE, BY_HAND):
        rule = key == BY_RULE
        session.add(
            Category(
                key=key, code=key[1:], kind="event", major_code=key[1:3], major_zh="市容",
                major_en="Street", zh=key, en=key, initials=key.lower(), auto_file=rule,
                auto_dispatch=rule, auto_close=rule, perishable=not rule, version=1,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            Condition(category_key=key, code="main", zh=key, en=key, is_default=True, version=1)
        )
        session.add(
            TimeLimit(
                category_key=key, condition_code="main", value=2, unit="work_day",
                effective_from=date(2020, 1, 1),
            )
        )  # fmt: skip
        session.add(Responsibility(category_key=key, unit_id=UNIT))
    seed_stage_limits(session)
    session.flush()
    publish_all_categories(session, START, START.date())


def _add_people(session: Session) -> None:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    for one in PEOPLE.values():
        add_person(
            session, one.username, one.username, PASSWORD, one.roles, one.areas, one.unit_id,
            START, person_id=one.id, password_hash=quick,
        )  # fmt: skip


def _add_premises(session: Session) -> None:
    random = Random("premises")
    for number, street in enumerate((NORTH, SOUTH)):
        front = ShopFront(f"店{number}", f"路{number}", "餐饮", *a_point(random, street))
        register_premises(session, _id(201 + number), front, START)


def settings_of(home: Path) -> dict[str, str]:
    """Return the server's settings: nothing in them comes from the machine."""
    given = {"HOME": str(home), "SECRET_KEY": "s" * 40, "LOG_LEVEL": "error"}
    return {f"XUNCHENG_{name}": value for name, value in given.items()}


def as_text(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
