"""A case that went to the wrong unit: the dispatcher takes it back, however late it is noticed."""

import pytest

from server.cases.workflow import Move
from sync.errors import Refused
from tests.casework import PILED, Bureau, limit_of, local


@pytest.fixture
def at_the_wrong_unit(bureau: Bureau) -> str:
    """A case due in four work hours whose unit has let its own time for returning pass."""
    limit_of(PILED, 4, "work_hour")
    case_id = bureau.dispatched()
    bureau.handle(case_id, "accept")
    bureau.go_to("2026-11-20 14:30")
    with pytest.raises(Refused, match="too_late"):
        bureau.handle(case_id, "return", reason="非我单位职责")
    return case_id


def test_a_dispatcher_recalls_it_and_another_unit_gets_its_full_time(bureau, at_the_wrong_unit):
    wrong = bureau.case(at_the_wrong_unit).unit_id
    case = bureau.do(Move.RECALL, at_the_wrong_unit, "dispatcher1", reason="应由园林单位处置")
    assert (case.state, case.unit_id, case.due_at, case.returns) == ("returned", None, None, 1)
    event = bureau.events(at_the_wrong_unit)[-1]
    assert (event.move, event.reason) == ("recall", "应由园林单位处置")
    assert local(event.due_before) == "2026-11-20 15:30"
    assert event.due_after is None
    right = bureau.actor("unit4").unit_id
    assert right != wrong
    case = bureau.do(Move.DISPATCH, at_the_wrong_unit, "dispatcher1", unit_id=right)
    assert (case.state, case.unit_id) == ("dispatched", right)
    assert local(case.due_at) == "2026-11-23 09:30"


def test_a_recall_says_why(bureau, at_the_wrong_unit):
    with pytest.raises(Refused, match="reason_required"):
        bureau.do(Move.RECALL, at_the_wrong_unit, "dispatcher1")


def test_nobody_but_a_dispatcher_recalls(bureau, at_the_wrong_unit):
    for other in (bureau.clerk_of(at_the_wrong_unit), "officer1", "acceptor1"):
        with pytest.raises(Refused, match="not_allowed"):
            bureau.do(Move.RECALL, at_the_wrong_unit, other, reason="应由别的单位处置")


def test_work_that_is_done_is_not_recalled(bureau):
    case_id = bureau.done()
    with pytest.raises(Refused, match="move_not_allowed"):
        bureau.do(Move.RECALL, case_id, "dispatcher1", reason="晚了")


def test_a_case_sent_to_rework_is_recalled_too(bureau):
    case_id = bureau.done()
    bureau.check(case_id, "fail", note="没弄干净")
    assert bureau.case(case_id).state == "rework"
    case = bureau.do(Move.RECALL, case_id, "dispatcher1", reason="换单位处置")
    assert case.state == "returned"
