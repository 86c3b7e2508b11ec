"""What a person may hold changes while work waits: moved, moved back, away too long, cut off."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mobile.store.summary import sync_summary
from server import clock
from server.accounts.people import find_person, set_areas
from server.feed import publish, retract, transaction
from sync.outbox import ChangeState
from sync.remote import LinkDown
from tests.faults.meddler import Meddler, lose_request, meanwhile
from tests.faults.proof import Proof, is_like_the_server, state
from tests.mobile.engine import Engine

HOME, ELSEWHERE = "360802001", "360802002"


@pytest.fixture
def move(bureau_app: Callable[..., Any]) -> Callable[..., None]:
    """Give a person other areas, as an administrator does."""

    def move_person(username: str, *areas: str) -> None:
        with bureau_app(), transaction() as session:
            person = find_person(session, username)
            assert person is not None
            set_areas(session, person, areas, clock.now())

    return move_person


@pytest.fixture
def mover(phone_at: Callable[..., Engine], meddler: Meddler) -> Engine:
    engine = phone_at(meddler.url, "officer1")
    engine.sync()
    return engine


def held_areas(engine: Engine) -> set[str]:
    return {scope for scope in engine.store.replica.scopes() if scope.startswith("area:")}


def test_an_officer_moved_with_pending_work_and_moved_back(
    mover: Engine, move: Callable[..., None], proof: Proof, picture: Path
) -> None:
    before = held_areas(mover)
    changes = [mover.report(picture) for _ in range(3)]
    move("officer1", ELSEWHERE)
    mover.sync()
    proof.holds(*changes)
    flags = {flags for one in changes for _, flags in proof.received(one)}
    assert flags == {'["scope_revoked"]'}
    assert held_areas(mover) == {f"area:{ELSEWHERE}"}
    is_like_the_server(mover)
    later = mover.report(picture)  # still standing in the street that was theirs
    move("officer1", HOME)
    mover.sync()
    proof.holds(later)
    assert held_areas(mover) == before
    is_like_the_server(mover)


def test_a_scope_taken_away_keeps_rows_with_unsent_photos_until_they_are_sent(
    mover: Engine, move: Callable[..., None], meddler: Meddler, proof: Proof, picture: Path
) -> None:
    change = mover.report(picture)

    meddler.meddle("PATCH /photos", lose_request, times=None)
    with pytest.raises(LinkDown):
        mover.sync()
    assert mover.store.replica.one("case", change.record_id) is not None
    move("officer1", ELSEWHERE)
    with pytest.raises(LinkDown):
        mover.sync()
    assert mover.store.replica.one("case", change.record_id) is not None
    meddler.stop_meddling()
    mover.sync()
    proof.holds(change)
    mover.sync()
    assert mover.store.replica.one("case", change.record_id) is None
    move("officer1", HOME)


def test_a_record_moved_between_scopes_leaves_one_phone_and_reaches_the_other(
    phone_at: Callable[..., Engine], meddler: Meddler, bureau_app: Callable[..., Any]
) -> None:
    here = phone_at(meddler.url, "officer1")
    there = phone_at(meddler.url, "squad2")
    row_id = "01a1f8a6-4ec1-7e0a-80d7-31c822759bfc"
    areas = (sorted(held_areas_after_sync(here))[0], sorted(held_areas_after_sync(there))[-1])
    assert areas[0] != areas[1]

    def put(scope: str, version: int) -> None:
        with bureau_app(), transaction() as session:
            publish(session, scope, "lot", row_id, version, {"name": "一标段"}, clock.now())

    def take_out(scope: str, version: int) -> None:
        with bureau_app(), transaction() as session:
            retract(session, scope, "lot", row_id, version, clock.now(), left=True)

    put(areas[0], 1)
    here.sync()
    assert here.store.replica.one("lot", row_id) is not None
    meddler.meddle("GET /sync/pull", meanwhile(lambda: take_out(areas[0], 2)))
    here.sync()
    put(areas[1], 2)
    for engine in (here, there):
        engine.sync()
        is_like_the_server(engine)
    assert here.store.replica.one("lot", row_id) is None
    assert there.store.replica.one("lot", row_id) is not None
    take_out(areas[1], 3)


def held_areas_after_sync(engine: Engine) -> set[str]:
    engine.sync()
    return held_areas(engine)


def test_a_cursor_older_than_the_tombstones_with_a_full_outbox(
    mover: Engine, proof: Proof, picture: Path, meddler: Meddler
) -> None:
    changes = [mover.report(picture) for _ in range(20)]
    proof.write("UPDATE scope_counter SET seq = seq + 1000, forgotten_seq = seq + 900")
    before = meddler.count("GET /sync/snapshot")
    report = mover.sync()
    assert report.started_over
    assert meddler.count("GET /sync/snapshot") > before
    proof.holds(*changes)
    assert {state(mover, one) for one in changes} == {ChangeState.ACKNOWLEDGED}
    is_like_the_server(mover)


def test_a_bootstrap_interrupted_at_each_step_ends_whole(
    phone_at: Callable[..., Engine], meddler: Meddler, picture: Path, proof: Proof
) -> None:
    engine = phone_at(meddler.url, "officer3")
    change = engine.report_without_check(picture)
    interrupted = rounds = 0
    while interrupted == rounds:
        rounds += 1
        meddler.meddle(" ", lose_request, skip=rounds - 1)
        try:
            engine.sync()
        except LinkDown:
            interrupted += 1
        meddler.stop_meddling()
        assert rounds < 40
    assert rounds > 5
    proof.holds(change)
    is_like_the_server(engine)


def test_a_bootstrap_from_snapshots_interrupted_at_each_step_keeps_the_old_rows_until_it_is_whole(
    mover: Engine, meddler: Meddler, proof: Proof
) -> None:
    count = "SELECT scope, count(*) FROM replica GROUP BY scope"
    whole = dict(tuple(row) for row in mover.store.reading().execute(count))
    proof.write("UPDATE scope_counter SET seq = seq + 1000, forgotten_seq = seq + 900")
    interrupted = rounds = 0
    while interrupted == rounds:
        rounds += 1
        meddler.meddle("GET ", lose_request, skip=rounds - 1, times=4)
        try:
            mover.sync()
        except LinkDown:
            interrupted += 1
        meddler.stop_meddling()
        now = dict(tuple(row) for row in mover.store.reading().execute(count))
        assert now.keys() >= whole.keys()
        assert all(now[scope] >= whole[scope] for scope in whole)
        assert rounds < 40
    assert rounds > 3
    is_like_the_server(mover)


def test_after_a_switch_of_users_a_full_outbox_still_goes_out_as_its_owners(
    phone_at: Callable[..., Engine], meddler: Meddler, proof: Proof, picture: Path, photos: Path
) -> None:
    first = phone_at(meddler.url, "officer1", "shared")
    first.sync()
    of_first = [first.report(picture) for _ in range(5)]
    second = phone_at(meddler.url, "officer2", "shared")
    assert second.home.device_id == first.home.device_id
    second.sync()
    other = photos / "gps_DSCN0025.jpg"
    of_second = [second.report(other) for _ in range(2)]
    second.sync()
    assert sync_summary(first.store).unsent_records == 5
    proof.holds(*of_second)
    first.sync()
    proof.holds(*of_first)
    for engine, changes in ((first, of_first), (second, of_second)):
        for change in changes:
            sql = "SELECT person_id, n FROM received_change WHERE id = ?"
            assert proof.rows(sql, change.id) == [(engine.person.id, change.n)]
    assert [one.n for one in of_first] == [1, 2, 3, 4, 5]
    assert [one.n for one in of_second] == [1, 2]
