"""What devices get to see of a case: the row, the scopes it stands in, each person's moves."""

import orjson
import pytest

from server.cases import moves
from server.cases.inputs import MoveInputs
from server.cases.publishing import refresh_photos, retire_ended
from server.cases.standing import moves_of, sendable
from server.cases.workflow import Move, State
from server.db import db
from server.feed import transaction
from server.feed.models import FeedRow
from server.photos.models import Photo
from sync.messages import PhotoRole
from tests.casework import PILED, STREET, Bureau, photo

# docs/protocol.md: a `case` row's data.
PUBLISHED = {
    "number", "category", "condition", "state", "description", "address", "location", "grid",
    "area", "premises_id", "quantity", "unit_of_measure", "unit_id", "reported_by", "reported_at",
    "dispatched_at", "due_at", "stage_due_at", "overdue_at", "rework", "photos", "moves", "version",
}  # fmt: skip
EVERYBODY = (
    "officer1", "officer9", "assistant1", "squad1", "acceptor1", "dispatcher1", "supervisor1",
    "unit1", "crew1", "unit9", "leader1", "admin1", "reviewer1", "assessor1", "contractor1",
)  # fmt: skip


def row(scope: str, case_id: str) -> FeedRow | None:
    db.session.rollback()
    return db.session.get(FeedRow, (scope, "case", case_id))


def data(bureau: Bureau, case_id: str) -> dict:
    found = row(f"area:{bureau.case(case_id).area_code}", case_id)
    assert found is not None
    return orjson.loads(found.data)


def test_a_row_has_what_the_protocol_lists_and_none_of_our_keys(bureau):
    case_id = bureau.report()
    sent = sendable(data(bureau, case_id), bureau.actor("officer1"), bureau.now)
    assert set(sent) >= PUBLISHED
    assert not [name for name in sent if name.startswith("_")]


def test_the_rows_version_is_the_cases(bureau):
    case_id = bureau.report()
    published = row(f"area:{STREET}", case_id)
    assert published.version == bureau.case(case_id).version == data(bureau, case_id)["version"]


def test_a_case_stands_in_its_area_and_once_dispatched_in_its_units_scope(bureau):
    bureau.by_hand()
    case_id = bureau.report()
    bureau.do(Move.FILE, case_id, "acceptor1")
    unit_id = bureau.actor("unit4").unit_id
    assert row(f"unit:{unit_id}", case_id) is None
    bureau.do(Move.DISPATCH, case_id, "dispatcher1", unit_id=unit_id)
    assert row(f"unit:{unit_id}", case_id).deleted is False


def test_what_a_unit_returns_leaves_its_scope(bureau):
    case_id = bureau.report()
    unit_id = bureau.case(case_id).unit_id
    bureau.handle(case_id, "return", reason="非我单位职责")
    left = row(f"unit:{unit_id}", case_id)
    assert (left.deleted, left.reason, left.data) == (True, "left", None)
    assert row(f"area:{STREET}", case_id).deleted is False


def test_a_crew_sees_what_its_street_hands_on_until_it_gives_it_back(bureau):
    case_id, squad = bureau.report(), bureau.actor("crew11")
    bureau.do(Move.DISPATCH_AGAIN, case_id, bureau.clerk_of(case_id), unit_id=squad.unit_id)
    assert row(f"unit:{squad.unit_id}", case_id).deleted is False
    bureau.handle(case_id, "return", by=squad, reason="人手不足")
    assert row(f"unit:{squad.unit_id}", case_id).deleted is True


def test_a_photo_is_listed_before_it_has_arrived_and_shown_when_it_has(bureau):
    before = photo(PhotoRole.BEFORE)
    case_id = bureau.report(photos=(before,))
    (listed,) = data(bureau, case_id)["photos"]
    assert (listed["sha256"], listed["role"], listed["verified"]) == (
        before.sha256,
        "before",
        False,
    )
    seq = row(f"area:{STREET}", case_id).seq
    with transaction() as session:
        held = session.get_one(Photo, before.sha256)
        held.verified_at = bureau.now
        held.width, held.height = 4000, 3000
        assert refresh_photos(session, [before.sha256], bureau.now) == 1
    (shown,) = data(bureau, case_id)["photos"]
    assert (shown["verified"], shown["width"], shown["height"]) == (True, 4000, 3000)
    assert row(f"area:{STREET}", case_id).seq > seq


def test_photos_stand_in_the_order_in_which_they_were_named(bureau):
    named = [photo(PhotoRole.BEFORE), photo(PhotoRole.SCENE)]
    case_id = bureau.report(photos=tuple(named))
    done = photo()
    bureau.later(minutes=5)
    bureau.handle(case_id, "done", photos=(done,))
    expected = [each.sha256 for each in (*named, done)]
    assert [each["sha256"] for each in data(bureau, case_id)["photos"]] == expected


def test_cases_that_ended_long_ago_leave_the_devices(bureau):
    ended, fresh = bureau.done(), bureau.report(grid=4)
    bureau.check(ended, "pass")
    assert retire_ended(bureau.later(days=29)) == 0
    assert retire_ended(bureau.later(days=2)) == 1
    assert row(f"area:{STREET}", ended).deleted is True
    assert row(f"area:{STREET}", fresh).deleted is False
    assert retire_ended(bureau.now) == 0


def bring_to(bureau: Bureau, state: State) -> str:
    """Return a case in a state, brought there by people and rules."""
    if state is State.PRE_VERIFY:
        case_id = bureau.take_in()
        bureau.do(Move.ASK_VERIFY, case_id, "acceptor1")
        return case_id
    if state in (State.REPORTED, State.REJECTED, State.FILED, State.VOID):
        bureau.by_hand()
        case_id = bureau.report()
        move = {State.REJECTED: Move.REFUSE, State.FILED: Move.FILE, State.VOID: Move.VOID}
        if state in move:
            bureau.do(move[state], case_id, "acceptor1", reason="试")
        return case_id
    case_id = bureau.dispatched()
    if state is State.RETURNED:
        bureau.handle(case_id, "return", reason="非我单位职责")
    elif state is State.HANDLING:
        bureau.handle(case_id, "accept")
    elif state is State.SUSPENDED:
        until = bureau.now.replace(month=12).isoformat()
        bureau.handle(case_id, "ask_suspension", reason="等许可", until=until)
        bureau.do(Move.GRANT_SUSPENSION, case_id, "supervisor1")
    elif state is not State.DISPATCHED:
        bureau.handle(case_id, "done")
        if state is not State.POST_CHECK:
            bureau.check(case_id, "pass" if state is State.CLOSED else "fail")
    return case_id


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_reached_and_row_and_database_agree_on_everybodys_moves(bureau, state):
    case_id = bring_to(bureau, state)
    case = bureau.case(case_id)
    assert case.state == state
    sent = data(bureau, case_id)
    for who in EVERYBODY:
        actor = bureau.actor(who)
        expected = [str(move) for move in moves_of(case, actor, bureau.now)]
        assert sendable(sent, actor, bureau.now)["moves"] == expected, who


@pytest.mark.parametrize(
    ("who", "state", "may"),
    [
        ("officer1", State.PRE_VERIFY, {"verify"}),
        ("officer1", State.POST_CHECK, {"check"}),
        ("officer9", State.POST_CHECK, set()),
        ("acceptor1", State.REPORTED, {"file", "refuse", "merge", "void", "ask_verify"}),
        ("dispatcher1", State.RETURNED, {"dispatch", "mark_ownerless"}),
        ("unit1", State.DISPATCHED, {"accept", "return", "done", "dispatch_again"}),
        ("crew1", State.DISPATCHED, {"accept", "return", "done", "ask_extension"}),
        ("unit9", State.DISPATCHED, set()),
        ("unit1", State.POST_CHECK, set()),
        ("supervisor1", State.SUSPENDED, {"resume", "supervise"}),
        ("leader1", State.REPORTED, set()),
    ],
)
def test_a_person_is_offered_the_moves_of_their_role_and_place(bureau, who, state, may):
    case_id = bring_to(bureau, state)
    offered = set(sendable(data(bureau, case_id), bureau.actor(who), bureau.now)["moves"])
    assert may <= offered
    assert may or not offered - {"note"}


def test_moves_follow_the_clock(bureau):
    case_id = bureau.report()
    clerk = bureau.clerk_of(case_id)
    sent = data(bureau, case_id)
    assert {"return", "ask_extension"} <= set(sendable(sent, clerk, bureau.now)["moves"])
    late = sendable(sent, clerk, bureau.later(days=5))["moves"]
    assert not {"return", "ask_extension"} & set(late)


def test_nothing_of_a_transaction_that_fails_is_published(bureau):
    case_id = bureau.report()
    seq = row(f"area:{STREET}", case_id).seq
    with pytest.raises(RuntimeError), transaction() as session:
        inputs = MoveInputs(text="备注")
        moves.perform(session, bureau.actor("dispatcher1"), case_id, Move.NOTE, inputs, bureau.now)
        raise RuntimeError
    assert row(f"area:{STREET}", case_id).seq == seq
    assert bureau.moves(case_id) == ["report", "file", "dispatch"]
    bureau.category(PILED, auto_close=False)  # the next transaction writes nothing of it either
    assert bureau.moves(case_id) == ["report", "file", "dispatch"]
