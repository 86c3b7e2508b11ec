"""Lists of cases, on both databases: paging by key, order by deadline, filters, reach."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.accounts.models import Person
from server.cases import queries
from server.cases.models import Case
from server.cases.queries import StateCount
from server.cases.selecting import CaseFilter, Order, Timing
from server.cases.workflow import State
from server.db import db
from sync.errors import Malformed
from sync.roles import Role

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
STREETS = ("360802001", "360802002")
READER = Actor("reader", "读者", frozenset({Role.LEADER}), areas=("360802",))


def _case(number: int, **changes: object) -> Case:
    case = Case(
        id=f"00000000-0000-7000-8000-{number:012d}",
        number=f"36080220261120-{number:04d}",
        category_key="E06010",
        state=State.HANDLING,
        area_code=STREETS[number % 2],
        reported_by=db.session.scalars(select(Person.id)).first(),
        # two at each instant: the id must break the tie
        reported_at=NOW - timedelta(minutes=number // 2),
        due_at=NOW + timedelta(minutes=10 * number - 95),
        address=f"井冈山大道 {number} 号",
    )
    for name, value in changes.items():
        setattr(case, name, value)
    return case


@pytest.fixture
def session(any_demo_app: Flask) -> Iterator[Session]:
    """A database with twenty cases, ten of them overdue, and five that are closed."""
    with any_demo_app.app_context():
        db.session.add_all([_case(number) for number in range(20)])
        db.session.add_all([_case(number, state=State.CLOSED) for number in range(20, 25)])
        db.session.add(_case(25, state=State.HANDLING, due_at=None))
        db.session.commit()
        yield db.session()


def _all(session: Session, wanted: CaseFilter, actor: Actor = READER, limit: int = 3) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = queries.list_cases(session, actor, wanted, NOW, after=after, limit=limit)
        found += [row.number[-4:] for row in page.rows]
        after = page.after
        if after is None:
            return found


@pytest.mark.parametrize("order", list(Order))
def test_paging_gives_every_case_once_in_one_order(session: Session, order: Order) -> None:
    wanted = CaseFilter(order=order)
    paged = _all(session, wanted)
    assert paged == _all(session, wanted, limit=1000)
    assert len(set(paged)) == len(paged) == (21 if order is Order.DUE else 26)


def test_the_nearest_deadline_is_first_and_a_case_without_one_last(session: Session) -> None:
    found = _all(session, CaseFilter(order=Order.DUE))
    assert found[0] == "0000"
    assert found[-1] == "0025"
    assert found[:-1] == sorted(found[:-1])


def test_overdue_soon_and_coming_divide_the_open_cases(session: Session) -> None:
    late = _all(session, CaseFilter(timing=Timing.OVERDUE))
    soon = _all(session, CaseFilter(timing=Timing.SOON))
    coming = _all(session, CaseFilter(timing=Timing.COMING))
    assert len(late) == 10 and len(soon) == 10
    assert set(soon) <= set(coming)
    assert not set(late) & set(coming)


def test_counts_by_state_say_how_many_are_late_and_nearly_late(session: Session) -> None:
    counts = queries.count_open(session, READER, NOW)
    assert counts == {State.HANDLING: StateCount(cases=21, overdue=10, soon=10, rework=0)}


def test_a_street_reads_its_own_cases_and_the_district_all(session: Session) -> None:
    street = Actor("x", "x", frozenset({Role.DISPATCHER}), areas=(STREETS[0],))
    assert set(_all(session, CaseFilter(), street)) == {
        f"{number:04d}" for number in range(0, 26, 2)
    }
    assert len(_all(session, CaseFilter())) == 26


def test_whoever_has_neither_area_nor_unit_reads_nothing(session: Session) -> None:
    assert _all(session, CaseFilter(), Actor("x", "x", frozenset({Role.LEADER}))) == []


def test_text_finds_numbers_and_addresses_and_takes_signs_as_they_are(session: Session) -> None:
    assert _all(session, CaseFilter(text="36080220261120-0007")) == ["0007"]
    assert _all(session, CaseFilter(text="井冈山 17")) == ["0017"]
    assert _all(session, CaseFilter(text="%")) == []


def test_a_count_stops_where_a_list_says_more_than(session: Session) -> None:
    assert queries.count_cases(session, READER, CaseFilter(states=(State.CLOSED,)), NOW) == 5


@pytest.mark.parametrize("cursor", ["nonsense", "MjAyNi0xMS0yMHx4", "%%%"])
def test_a_cursor_that_nobody_gave_out_is_refused(session: Session, cursor: str) -> None:
    with pytest.raises(Malformed):
        queries.list_cases(session, READER, CaseFilter(), NOW, after=cursor, limit=3)
