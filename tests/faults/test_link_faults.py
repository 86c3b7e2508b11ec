"""What the link does to requests and answers: lost, cut, sent twice, not from our server at all."""

import gzip
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from mobile.store.summary import sync_summary
from mobile.transfer.courier import Courier, Phase
from sync.outbox import ChangeState
from sync.remote import LinkDown
from tests.faults.meddler import (
    Meddler,
    Meddling,
    Pass,
    Reply,
    Request,
    answer,
    cut_answer,
    lose_answer,
    lose_request,
    rewrite,
    send_twice,
)
from tests.faults.proof import Proof, is_like_the_server, state
from tests.link import Link
from tests.mobile.engine import Engine

STEPS = (
    "GET /hello",
    "POST /sync/push",
    "GET /sync/pull",
    "POST /photos/have",
    "POST /photos/uploads",
    "PATCH /photos/uploads",
)
PORTAL = b"<html><body>Welcome to FreeWiFi, please sign in</body></html>"


def sync_until_done(engine: Engine, tries: int = 8) -> int:
    """Run rounds until one goes through; return how many broke off."""
    for broken in range(tries):
        try:
            engine.sync()
        except LinkDown:
            continue
        return broken
    raise AssertionError("no round went through")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("loss", [lose_request, lose_answer], ids=["request", "answer"])
def test_what_is_lost_on_the_way_goes_again_and_is_done_once(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path, step: str, loss: Meddling
) -> None:
    change = officer.report(picture)
    meddler.meddle(step, loss)
    assert sync_until_done(officer) == 1
    proof.holds(change)
    assert sync_summary(officer.store).all_sent
    is_like_the_server(officer)


def test_an_answer_lost_after_the_commit_settles_at_the_second_time(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path
) -> None:
    changes = [officer.report(picture) for _ in range(3)]
    meddler.meddle("POST /sync/push", lose_answer)
    with pytest.raises(LinkDown):
        officer.sync()
    assert [outcome for one in changes for outcome, _ in proof.received(one)] == ["applied"] * 3
    assert {state(officer, one) for one in changes} == {ChangeState.WAITING}
    officer.sync()
    proof.holds(*changes)


def test_a_tokens_answer_lost_on_the_way_locks_nobody_out(
    officer: Engine, meddler: Meddler, picture: Path
) -> None:
    change = officer.report(picture)
    meddler.meddle("POST /sync/push", answer_expired)
    meddler.meddle("POST /token", lose_answer)
    with pytest.raises(LinkDown):
        officer.sync()
    officer.sync()
    assert state(officer, change) is ChangeState.ACKNOWLEDGED


def answer_expired(_: Request, __: Pass) -> Reply:
    body = b'{"error": {"code": "token_expired", "message": ""}, "server_time": "", "epoch": ""}'
    return Reply(401, {"Content-Type": "application/json"}, body)


@pytest.mark.parametrize("step", STEPS)
def test_a_request_that_a_proxy_sends_twice_is_done_once(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path, step: str
) -> None:
    change = officer.report(picture)
    meddler.meddle(step, send_twice)
    officer.sync()
    proof.holds(change)
    assert sync_summary(officer.store).all_sent


@pytest.mark.parametrize("at", [600, 4_000, 40_000, 250_000, 480_000])
def test_a_request_cut_in_the_middle_leaves_nothing_half_done(
    phone_at: Callable[..., Engine], link: Link, proof: Proof, picture: Path, at: int
) -> None:
    engine = phone_at(link.url)
    engine.sync()
    changes = [engine.report(picture), *(engine.report(picture) for _ in range(20))]
    link.cut_after(at)
    sync_until_done(engine)
    assert link.cuts == 1
    proof.holds(*changes)
    assert proof.cases(changes) == len(changes)
    is_like_the_server(engine)


@pytest.mark.parametrize("at", [0, 1, 200])
@pytest.mark.parametrize("step", ["GET /hello", "POST /sync/push", "GET /sync/pull"])
def test_an_answer_cut_in_the_middle_is_no_answer(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path, step: str, at: int
) -> None:
    change = officer.report(picture)
    meddler.meddle(step, cut_answer(at))
    with pytest.raises(LinkDown):
        officer.sync()
    officer.sync()
    proof.holds(change)
    is_like_the_server(officer)


CAPTIVE = {
    "a page": answer(200, PORTAL, Content_Type="text/html"),
    "a redirect": answer(302, Location="http://localhost/portal"),
    "a 511": answer(511, PORTAL, Content_Type="text/html"),
    "a bare 200": answer(200),
    "somebody's JSON": answer(200, b'{"ok": true}', Content_Type="application/json"),
    "a bare 204": answer(204),
}


@pytest.mark.parametrize("portal", CAPTIVE.values(), ids=CAPTIVE)
def test_a_captive_portal_is_no_network(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path, portal: Meddling
) -> None:
    change = officer.report(picture)
    for step in STEPS:
        meddler.meddle(step, portal)
        with pytest.raises(LinkDown):
            officer.sync()
        meddler.stop_meddling()
    assert sync_summary(officer.store).problems == []
    officer.sync()
    proof.holds(change)


def test_behind_a_captive_portal_the_courier_says_no_connection(
    officer: Engine, meddler: Meddler, picture: Path
) -> None:
    officer.report(picture)
    meddler.meddle(" ", CAPTIVE["a page"], times=None)
    courier = Courier(officer.home, officer.store, officer.person.id, officer.devices, Random(1))
    courier.carry(frozenset({"asked"}))
    assert (courier.status.phase, courier.status.error) == (Phase.WAITING, "no_connection")
    assert sync_summary(officer.store).unsent_records == 1
    officer.store.set_note("patience", "")


def test_an_answer_whose_gzip_is_cut_short_is_no_answer(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path
) -> None:
    change = officer.report(picture)

    def cut_short(request: Request, forward: Pass) -> Reply:
        reply = forward(request)
        plain = reply.headers.get("Content-Encoding") != "gzip"
        packed = gzip.compress(reply.body) if plain else reply.body
        headers = {**reply.headers, "Content-Encoding": "gzip"}
        return Reply(200, headers, packed[: len(packed) // 2])

    for step in ("POST /sync/push", "GET /sync/pull"):
        meddler.meddle(step, cut_short)
        with pytest.raises(LinkDown):
            officer.sync()
    officer.sync()
    proof.holds(change)


def test_a_page_with_a_corrupt_row_is_not_taken_and_comes_whole_the_next_time(
    phone_at: Callable[..., Engine], meddler: Meddler
) -> None:
    officer = phone_at(meddler.url)

    def damage(page: dict[str, object]) -> None:
        rows = page["rows"]
        assert isinstance(rows, list)
        del rows[len(rows) // 2]["id"]

    meddler.meddle("GET /sync/pull", rewrite(damage))
    with pytest.raises(LinkDown):
        officer.sync()
    assert officer.store.replica.scopes() == []
    officer.sync()
    is_like_the_server(officer)


def test_a_scope_whose_digest_differs_is_rebuilt_and_the_outbox_left_alone(
    officer: Engine, meddler: Meddler, picture: Path
) -> None:
    with officer.store.writing() as connection:  # as a bad memory card would
        connection.execute("DELETE FROM replica WHERE entity = 'phrase'")
    meddler.meddle("POST /sync/push", lose_request, times=None)
    change = officer.report(picture)
    with pytest.raises(LinkDown):
        officer.sync()
    meddler.stop_meddling()
    before = meddler.count("GET /sync/snapshot")
    report = officer.sync()
    assert report.pull.repaired == ["catalog"]
    assert meddler.count("GET /sync/snapshot") == before + 1
    assert state(officer, change) is ChangeState.ACKNOWLEDGED
    is_like_the_server(officer)
