"""Many people at the same cases at the same moment, on both databases."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from server.cases import moves
from server.cases.ledger import ledger
from server.cases.models import Case, CaseEvent
from server.cases.workflow import Move
from server.db import db
from server.feed import transaction
from server.photos.models import PhotoUse
from sync.bodies import CaseReport
from sync.errors import Refused
from tests.casework import Bureau, new_id, photo


@pytest.fixture
def district(any_demo_app: Flask) -> Flask:
    return any_demo_app


def together(app: Flask, *works: Callable[[Bureau], object]) -> list[str]:
    """Do all at once, each in a thread of its own; return the codes of those that were refused."""
    start = threading.Barrier(len(works))
    codes: list[str] = []

    def run(work: Callable[[Bureau], object]) -> None:
        with app.app_context():
            bureau = Bureau()
            start.wait()
            try:
                work(bureau)
            except Refused as refused:
                codes.append(refused.code)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(codes)


def test_reports_at_once_get_numbers_without_gaps_or_repeats(district):
    def five(bureau: Bureau) -> None:
        for n in range(5):
            bureau.report(grid=n)

    before = _numbers(district)
    assert together(district, *[five] * 4) == []
    added = sorted(_numbers(district) - before)
    serials = [int(number.rsplit("-", 1)[1]) for number in added]
    assert len(serials) == 20
    assert serials == list(range(serials[0], serials[0] + 20))


def _numbers(app: Flask) -> set[str]:
    with app.app_context():
        return set(db.session.scalars(select(Case.number)))


def test_of_two_who_move_one_case_at_once_one_is_told(district):
    with district.app_context():
        bureau = Bureau()
        case_id = bureau.dispatched()
        seen = bureau.case(case_id).version

    def void(bureau: Bureau) -> None:
        bureau.do(Move.VOID, case_id, "acceptor1", reason="误报", expected_version=seen)

    def close(bureau: Bureau) -> None:
        reason = {"reason": "拆迁", "expected_version": seen}
        bureau.do(Move.FORCE_CLOSE, case_id, "acceptor1", **reason)

    (code,) = together(district, void, close)
    assert code == "conflict"
    with district.app_context():
        seqs = db.session.scalars(
            select(CaseEvent.seq).where(CaseEvent.case_id == case_id).order_by(CaseEvent.seq)
        ).all()
        assert seqs == [1, 2, 3, 4]


def test_two_crews_accept_at_once_and_one_has_it(district):
    with district.app_context():
        case_id = Bureau().dispatched()

    def accept(bureau: Bureau) -> None:
        bureau.handle(case_id, "accept")

    assert together(district, accept, accept) == ["move_not_allowed"]


def test_what_a_savepoint_undoes_is_not_written_later(district):
    with district.app_context():
        bureau = Bureau()
        kept, undone = new_id(), new_id()
        officer, spot = bureau.actor("officer1"), bureau.spot()
        with transaction() as session:
            for case_id in (kept, undone):
                mark = ledger(session).mark()
                body = CaseReport(category="E06036", location=spot)
                moves.report(session, officer, case_id, body, (photo(),), bureau.now)
                if case_id == undone:
                    ledger(session).reset(mark)
        assert bureau.moves(kept) == ["report", "file", "dispatch"]
        assert bureau.moves(undone) == []
        assert db.session.get(Case, undone) is None
        named = select(PhotoUse.record_id).where(PhotoUse.record_id.in_((kept, undone)))
        assert db.session.scalars(named).all() == [kept]
