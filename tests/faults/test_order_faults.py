"""Things in the wrong order, on one record: early, late, never, twice, by two people at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mobile.capture.drafts import Draft
from mobile.capture.finalise import finalise
from mobile.store.summary import sync_summary
from mobile.store.worklist import today
from server import clock
from server.accounts.people import actor_of, find_person
from server.cases import actions
from server.cases.inputs import MoveInputs
from server.cases.workflow import Move
from server.db import db
from sync.bodies import Kind
from sync.messages import Change, PhotoRole
from sync.outbox import ChangeState
from sync.remote import LinkDown
from tests.faults.meddler import Meddler, lose_request, meanwhile
from tests.faults.proof import Proof, is_like_the_server, state
from tests.mobile.engine import HERE, REPORT, Engine
from tests.server_process import ServerProcess

VERIFY = {"exists": True, "location": HERE.as_json()}


@pytest.fixture
def perform(bureau_app: Callable[..., Any]) -> Callable[..., None]:
    """Make a move at the console."""

    def move_case(case_id: str, move: Move, username: str, inputs: MoveInputs) -> None:
        with bureau_app():
            person = find_person(db.session(), username)
            assert person is not None
            actor = actor_of(person)
            db.session.rollback()
            actions.perform_move(case_id, move, inputs, by=actor, now=clock.now())

    return move_case


@pytest.fixture
def colleague(phone_at: Callable[..., Engine], server: ServerProcess) -> Engine:
    engine = phone_at(server.url, "officer2")
    engine.sync()
    return engine


def waits_for_verification(officer: Engine, picture: Path) -> str:
    """Report a perishable matter that arrives so late that it has to be verified; return its id."""
    reading = officer.devices.clock.read()
    hours_ago = replace(reading, wall=reading.wall - timedelta(hours=5))
    draft = officer.draft(Kind.CASE_REPORT, None, REPORT | {"category": "E09001"})
    draft = officer.photograph(draft, picture, PhotoRole.BEFORE)
    change = finalise(officer.store, draft, hours_ago)
    officer.sync()
    case = officer.store.replica.one("case", change.record_id)
    assert case is not None
    assert case["state"] == "pre_verify"
    return change.record_id


def test_an_update_whose_create_never_comes_is_kept_and_shown_as_held(
    officer: Engine, proof: Proof, picture: Path
) -> None:
    create = officer.report(picture)
    with officer.store.writing() as connection:  # as if the phone had lost it
        connection.execute("UPDATE change SET state = 'withdrawn' WHERE id = ?", (create.id,))
    draft = officer.draft(Kind.CASE_VERIFY, create.record_id, VERIFY)
    draft = officer.photograph(draft, picture, PhotoRole.SCENE)
    from_it = _following(officer, draft, create.id)
    officer.sync()
    assert proof.received(create) == []
    assert proof.received(from_it) == [("held", "[]")]
    officer.sync()
    row = officer.store.replica.one("my_change", from_it.id)
    assert row is not None
    assert row["outcome"] == "held"
    with officer.store.writing() as connection:  # it is found after all
        connection.execute("UPDATE change SET state = 'waiting' WHERE id = ?", (create.id,))
    officer.sync()
    assert proof.received(create) == [("applied", "[]")]
    ((outcome, flags),) = proof.received(from_it)
    assert outcome != "held"
    assert "released" in flags
    is_like_the_server(officer)


def _following(engine: Engine, draft: Draft, previous: str | None) -> Change:
    photos = tuple(photo.ref for photo in draft.photos)
    change = Change(
        draft.id, 0, draft.kind, draft.record_id, engine.now().isoformat(), dict(draft.body),
        previous=previous, photos=photos,
    )  # fmt: skip
    return engine.store.outbox.append(change, engine.now())


def test_a_local_edit_between_the_send_and_its_receipt_goes_next_and_follows_it(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path
) -> None:
    create = officer.report(picture)
    later: list[Change] = []

    def edit() -> None:
        other = officer.draft(Kind.CASE_VERIFY, create.record_id, VERIFY)
        other = officer.photograph(other, picture, PhotoRole.SCENE)
        later.append(_following(officer, other, create.id))

    meddler.meddle("POST /sync/push", meanwhile(edit))
    officer.sync()
    assert state(officer, create) is ChangeState.ACKNOWLEDGED
    officer.sync()
    (edited,) = later
    assert state(officer, edited) is not ChangeState.WAITING
    proof.holds(create)
    ((outcome, _),) = proof.received(edited)
    assert outcome in ("applied", "rejected")
    is_like_the_server(officer)


def test_a_push_racing_a_pull_on_one_record_ends_as_the_server_has_it(
    officer: Engine, meddler: Meddler, picture: Path, proof: Proof
) -> None:
    case_id = waits_for_verification(officer, picture)
    made: list[Change] = []

    def save_while_the_page_is_on_its_way() -> None:
        other = officer.draft(Kind.CASE_VERIFY, case_id, VERIFY)
        other = officer.photograph(other, picture, PhotoRole.SCENE)
        made.append(_following(officer, other, None))

    meddler.meddle("GET /sync/pull", meanwhile(save_while_the_page_is_on_its_way))
    officer.sync()
    (change,) = made
    assert state(officer, change) is ChangeState.WAITING  # the page has overwritten nothing
    assert case_id not in [item.case_id for item in today(officer.store, officer.now())]
    officer.sync()
    assert proof.received(change)[0][0] == "applied"
    is_like_the_server(officer)


def test_an_edit_of_what_was_voided_meanwhile_is_refused_kept_and_shown(
    officer: Engine, picture: Path, perform: Callable[..., None], proof: Proof, meddler: Meddler
) -> None:
    case_id = waits_for_verification(officer, picture)
    draft = officer.draft(Kind.CASE_VERIFY, case_id, VERIFY)
    change = _following(officer, officer.photograph(draft, picture, PhotoRole.SCENE), None)
    meddler.meddle("POST /sync/push", lose_request)
    with pytest.raises(LinkDown):
        officer.sync()
    perform(case_id, Move.VOID, "acceptor1", MoveInputs(reason="重复"))
    officer.sync()
    assert state(officer, change) is ChangeState.ATTENTION
    assert proof.received(change)[0][0] == "rejected"
    problem = next(one for one in sync_summary(officer.store).problems if one.id == change.id)
    assert problem.error is not None
    assert problem.error.code == "move_not_allowed"
    raw = proof.rows("SELECT raw FROM received_change WHERE id = ?", change.id)
    assert case_id in raw[0][0]
    officer.store.outbox.withdraw(change.id)


def test_two_phones_that_verify_one_case_offline_lose_neither_word(
    officer: Engine, colleague: Engine, picture: Path, proof: Proof
) -> None:
    case_id = waits_for_verification(officer, picture)
    colleague.sync()
    words = []
    for engine, exists in ((officer, True), (colleague, False)):
        body = {**VERIFY, "exists": exists, "note": "没有看到"}
        draft = engine.draft(Kind.CASE_VERIFY, case_id, body)
        words.append(_following(engine, engine.photograph(draft, picture, PhotoRole.SCENE), None))
    for engine in (officer, colleague, officer):
        engine.sync()
    outcomes = [proof.received(one)[0][0] for one in words]
    assert outcomes == ["applied", "rejected"]
    assert state(colleague, words[1]) is ChangeState.ATTENTION
    sql = "SELECT count(*) FROM case_event WHERE case_id = ? AND move = 'verify'"
    assert proof.rows(sql, case_id) == [(1,)]
    is_like_the_server(officer)
    is_like_the_server(colleague)
