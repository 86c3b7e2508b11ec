"""The unit's part and what follows: accept, return, done, check, rework, requests, appeals."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from server.cases import moves
from server.cases.models import CaseRequest
from server.cases.workflow import Move
from server.db import db
from server.feed import transaction
from server.photos.models import PhotoUse
from sync.bodies import CaseCheck, CheckResult
from sync.errors import Refused
from sync.messages import PhotoRole
from sync.roles import Role
from tests.casework import PILED, Bureau, at, limit_of, local, new_id, photo

FRIDAY_DUE = "2026-11-20 15:30"


def code_of(call, *args, **given) -> str:
    with pytest.raises(Refused) as caught:
        call(*args, **given)
    return caught.value.code


@pytest.fixture
def four_hours(bureau: Bureau) -> str:
    """A case due in four work hours: Friday 09:30 → 15:30. People decide on it."""
    limit_of(PILED, 4, "work_hour")
    bureau.category(PILED, auto_close=False)
    case_id = bureau.dispatched()
    assert local(bureau.case(case_id).due_at) == FRIDAY_DUE
    return case_id


# --- accept, return, done


def test_a_unit_accepts_and_reports_done_with_a_photo(bureau, four_hours):
    assert bureau.handle(four_hours, "accept").state == "handling"
    bureau.later(minutes=30)
    case = bureau.handle(four_hours, "done", quantity=Decimal(3), note="已清运")
    assert (case.state, case.done_at, case.quantity) == ("post_check", bureau.now, 3.0)
    assert bureau.moves(four_hours)[-2:] == ["accept", "done"]


def test_done_needs_a_photo_of_it(bureau, four_hours):
    assert code_of(bureau.handle, four_hours, "done", photos=()) == "photo_required"
    before = (photo(PhotoRole.BEFORE),)
    assert code_of(bureau.handle, four_hours, "done", photos=before) == "photo_required"


@pytest.mark.parametrize("step", ["accept", "return", "ask_extension"])
def test_a_photo_of_any_step_is_kept_with_it(bureau, four_hours, step):
    picture = photo()
    bureau.handle(four_hours, step, reason="门锁着", photos=(picture,))
    named = select(PhotoUse.record_id).where(PhotoUse.sha256 == picture.sha256)
    assert db.session.scalars(named).all() == [four_hours]


def test_another_unit_does_not_see_the_case(bureau, four_hours):
    others = bureau.actor("unit9")
    assert code_of(bureau.handle, four_hours, "accept", by=others) == "unknown_record"


def test_a_case_that_is_not_there_is_unknown(bureau):
    clerk = bureau.actor("unit1")
    assert code_of(bureau.handle, new_id(), "accept", by=clerk) == "unknown_record"


def test_a_unit_returns_what_is_not_its_own_with_a_reason(bureau, four_hours):
    unit_id = bureau.case(four_hours).unit_id
    assert code_of(bureau.handle, four_hours, "return") == "reason_required"
    clerk = bureau.clerk_of(four_hours)
    case = bureau.handle(four_hours, "return", reason="非我单位职责")
    assert (case.state, case.unit_id, case.due_at, case.returns) == ("returned", None, None, 1)
    event = bureau.events(four_hours)[-1]
    assert (event.reason, event.data["unit"]) == ("非我单位职责", unit_id)
    assert local(event.due_before) == FRIDAY_DUE
    assert event.due_after is None
    assert code_of(bureau.handle, four_hours, "accept", by=clerk) == "unknown_record"


def test_the_set_time_for_returning_is_two_work_hours(bureau, four_hours):
    bureau.go_to("2026-11-20 11:30")
    bureau.later(seconds=1)
    assert code_of(bureau.handle, four_hours, "return", reason="晚了") == "too_late"
    bureau.go_to("2026-11-20 11:30")
    assert bureau.handle(four_hours, "return", reason="正好").state == "returned"


def test_a_returned_case_is_dispatched_anew_with_a_fresh_clock(bureau, four_hours):
    bureau.handle(four_hours, "return", reason="非我单位职责")
    bureau.go_to("2026-11-20 10:30")
    other = bureau.actor("unit4").unit_id
    case = bureau.do(Move.DISPATCH, four_hours, "dispatcher1", unit_id=other)
    assert (case.state, case.unit_id) == ("dispatched", other)
    assert local(case.due_at) == "2026-11-20 16:30"


def test_an_unknown_unit_is_refused(bureau, four_hours):
    bureau.handle(four_hours, "return", reason="非我单位职责")
    for unit_id in (None, new_id()):
        found = code_of(bureau.do, Move.DISPATCH, four_hours, "dispatcher1", unit_id=unit_id)
        assert found == "unknown_unit"


# --- 二级派遣


def test_a_street_dispatches_again_to_its_squad_under_the_same_deadline(bureau, four_hours):
    street = bureau.clerk_of(four_hours)
    squad = bureau.actor("crew11")
    assert code_of(bureau.handle, four_hours, "accept", by=squad) == "unknown_record"
    case = bureau.do(Move.DISPATCH_AGAIN, four_hours, street, unit_id=squad.unit_id)
    assert (case.unit_id, case.crew_unit_id) == (street.unit_id, squad.unit_id)
    assert local(case.due_at) == FRIDAY_DUE
    bureau.handle(four_hours, "accept", by=squad)
    assert bureau.handle(four_hours, "done", by=squad).state == "post_check"


def test_a_squads_return_goes_back_to_its_street(bureau, four_hours):
    street, squad = bureau.clerk_of(four_hours), bureau.actor("crew11")
    bureau.do(Move.DISPATCH_AGAIN, four_hours, street, unit_id=squad.unit_id)
    case = bureau.handle(four_hours, "return", by=squad, reason="人手不足")
    assert (case.state, case.unit_id, case.crew_unit_id) == ("dispatched", street.unit_id, None)
    assert local(case.due_at) == FRIDAY_DUE


def test_a_unit_dispatches_again_only_to_its_own_crews(bureau, four_hours):
    street = bureau.clerk_of(four_hours)
    strangers = bureau.actor("crew14").unit_id
    found = code_of(bureau.do, Move.DISPATCH_AGAIN, four_hours, street, unit_id=strangers)
    assert found == "unknown_unit"


# --- check, close, rework


def test_by_rule_a_pass_closes_and_a_fail_goes_back(bureau):
    passed, failed = bureau.done(), bureau.done(grid=3)
    assert bureau.check(passed, "pass").state == "closed"
    assert bureau.check(failed, "fail", note="未清净").state == "rework"
    assert bureau.events(failed)[-1].reason == "未清净"


def test_without_the_rule_the_acceptor_closes(bureau, four_hours):
    bureau.handle(four_hours, "done")
    assert code_of(bureau.do, Move.CLOSE, four_hours, "acceptor1") == "move_not_allowed"
    assert bureau.check(four_hours, "pass").state == "post_check"
    case = bureau.do(Move.CLOSE, four_hours, "acceptor1")
    assert (case.state, case.closed_at) == ("closed", bureau.now)


def test_nobody_checks_what_they_handled(bureau, four_hours):
    both = bureau.clerk_of(four_hours)
    double = bureau.actor(
        "officer2", person_id=both.person_id, unit_id=both.unit_id,
        roles=frozenset({Role.OFFICER, Role.HANDLER}),
    )  # fmt: skip
    bureau.handle(four_hours, "done", by=double)

    def check():
        with transaction() as session:
            moves.check(session, double, four_hours, CaseCheck(CheckResult.PASS), (), bureau.now)

    assert code_of(check) == "own_work"
    assert bureau.check(four_hours, "pass", by="officer3").checked_result == "pass"


def test_an_officer_of_another_street_does_not_see_the_case(bureau, four_hours):
    bureau.handle(four_hours, "done")
    assert code_of(bureau.check, four_hours, "pass", by="officer9") == "unknown_record"


def test_the_wait_for_the_check_is_not_the_units_time(bureau, four_hours):
    bureau.go_to("2026-11-20 11:00")
    bureau.handle(four_hours, "done")  # 2.5 work hours are left
    bureau.go_to("2026-11-23 09:00")
    bureau.check(four_hours, "fail")
    case = bureau.do(Move.REWORK, four_hours, "acceptor1", reason="未清净")
    assert (case.state, case.rework) == ("rework", 1)
    assert local(case.due_at) == "2026-11-23 11:30"
    event = bureau.events(four_hours)[-1]
    assert (local(event.due_before), local(event.due_after)) == (FRIDAY_DUE, "2026-11-23 11:30")


def test_after_rework_the_case_is_done_and_checked_once_more(bureau, four_hours):
    bureau.handle(four_hours, "done")
    bureau.check(four_hours, "fail")
    bureau.do(Move.REWORK, four_hours, "acceptor1", reason="未清净")
    case = bureau.handle(four_hours, "done")
    assert (case.state, case.checked_result) == ("post_check", None)
    bureau.check(four_hours, "pass")
    assert bureau.do(Move.CLOSE, four_hours, "acceptor1").state == "closed"


def test_rework_is_not_returned_as_somebody_elses(bureau, four_hours):
    bureau.handle(four_hours, "done")
    bureau.check(four_hours, "fail")
    bureau.do(Move.REWORK, four_hours, "acceptor1", reason="未清净")
    assert code_of(bureau.handle, four_hours, "return", reason="不是") == "move_not_allowed"


# --- 延期


def extension(bureau: Bureau, case_id: str, **granted) -> str | None:
    bureau.handle(case_id, "ask_extension", reason="需要吊车")
    return local(bureau.do(Move.GRANT_EXTENSION, case_id, "dispatcher1", **granted).due_at)


def test_each_extension_grants_one_original_limit_and_there_are_two(bureau, four_hours):
    assert extension(bureau, four_hours) == "2026-11-23 10:30"
    assert extension(bureau, four_hours) == "2026-11-23 16:30"
    assert code_of(bureau.handle, four_hours, "ask_extension", reason="再来") == "too_often"
    assert bureau.case(four_hours).extensions == 2


def test_an_extension_changes_the_deadline_in_an_event(bureau, four_hours):
    extension(bureau, four_hours)
    event = bureau.events(four_hours)[-1]
    assert (local(event.due_before), local(event.due_after)) == (FRIDAY_DUE, "2026-11-23 10:30")


def test_an_extension_may_be_granted_until_another_time(bureau, four_hours):
    assert extension(bureau, four_hours, until=at("2026-11-25 12:00")) == "2026-11-25 12:00"


def test_an_extension_does_not_shorten(bureau, four_hours):
    early = at("2026-11-20 12:00").isoformat()
    found = code_of(bureau.handle, four_hours, "ask_extension", reason="x", until=early)
    assert found == "out_of_range"


def test_an_extension_is_asked_for_before_the_deadline_only(bureau, four_hours):
    bureau.go_to("2026-11-20 15:31")
    assert code_of(bureau.handle, four_hours, "ask_extension", reason="晚了") == "too_late"


def test_a_denied_extension_leaves_the_deadline_and_needs_a_reason(bureau, four_hours):
    bureau.handle(four_hours, "ask_extension", reason="需要吊车")
    assert code_of(bureau.do, Move.DENY_EXTENSION, four_hours, "dispatcher1") == "reason_required"
    case = bureau.do(Move.DENY_EXTENSION, four_hours, "dispatcher1", reason="不需要")
    assert (local(case.due_at), case.extensions, case.open_requests) == (FRIDAY_DUE, 0, {})
    request = db.session.scalars(select(CaseRequest)).one()
    assert (request.granted, request.decision_reason) == (False, "不需要")


def test_one_request_of_a_kind_waits_at_a_time(bureau, four_hours):
    bureau.handle(four_hours, "ask_extension", reason="需要吊车")
    assert code_of(bureau.handle, four_hours, "ask_extension", reason="快点") == "too_often"


def test_a_request_lapses_when_the_work_is_done(bureau, four_hours):
    bureau.handle(four_hours, "ask_extension", reason="需要吊车")
    assert bureau.handle(four_hours, "done").open_requests == {}
    request = db.session.scalars(select(CaseRequest)).one()
    assert (request.granted, request.decided_at) == (None, bureau.now)


def test_asked_in_time_and_granted_late_the_overdue_mark_falls(bureau, four_hours):
    bureau.go_to("2026-11-20 15:00")
    bureau.handle(four_hours, "ask_extension", reason="需要吊车")
    bureau.go_to("2026-11-20 16:00")
    case = bureau.do(Move.GRANT_EXTENSION, four_hours, "dispatcher1")
    assert (local(case.due_at), case.overdue_at) == ("2026-11-23 10:30", None)
    assert bureau.moves(four_hours)[-2:] == ["overdue", "grant_extension"]


# --- 挂账


def suspended(bureau: Bureau, case_id: str, until: str = "2026-12-04 08:30") -> None:
    bureau.handle(case_id, "ask_suspension", reason="等施工许可", until=at(until).isoformat())
    bureau.do(Move.GRANT_SUSPENSION, case_id, "supervisor1")


def test_a_suspension_stops_the_clock_until_its_date(bureau, four_hours):
    bureau.go_to("2026-11-20 11:00")
    suspended(bureau, four_hours)
    case = bureau.case(four_hours)
    assert (case.state, local(case.next_sweep_at)) == ("suspended", "2026-12-04 08:30")
    bureau.go_to("2026-11-24 10:00")
    case = bureau.do(Move.RESUME, four_hours, "dispatcher1")
    assert (case.state, local(case.due_at)) == ("handling", "2026-11-24 14:30")


def test_a_case_is_suspended_once(bureau, four_hours):
    suspended(bureau, four_hours)
    bureau.do(Move.RESUME, four_hours, "dispatcher1")
    until = at("2026-12-20 08:30").isoformat()
    found = code_of(bureau.handle, four_hours, "ask_suspension", reason="x", until=until)
    assert found == "too_often"


@pytest.mark.parametrize(
    ("until", "code"),
    [
        (None, "invalid"),
        ("2026-11-19T08:30:00+08:00", "out_of_range"),
        ("2027-12-01T08:30:00+08:00", "out_of_range"),
        ("next week", "invalid"),
    ],
)
def test_a_suspension_ends_within_a_year(bureau, four_hours, until, code):
    found = code_of(bureau.handle, four_hours, "ask_suspension", reason="x", until=until)
    assert found == code


# --- 超期与申诉


def late_done(bureau: Bureau, case_id: str, observed: str) -> None:
    bureau.go_to("2026-11-20 16:00")
    crew = bureau.unit_actor(bureau.case(case_id).unit_id, Role.HANDLER)
    bureau.handle(case_id, "done", by=replace(crew, observed_at=at(observed), clock_skew_ms=0))


def test_done_at_the_deadline_itself_is_in_time(bureau, four_hours):
    bureau.go_to(FRIDAY_DUE)
    assert bureau.handle(four_hours, "done").overdue_at is None


def test_done_after_the_deadline_is_overdue_by_the_servers_clock(bureau, four_hours):
    late_done(bureau, four_hours, "2026-11-20 15:00")
    case = bureau.case(four_hours)
    assert local(case.overdue_at) == FRIDAY_DUE
    assert case.done_late_sync, "done in time by the device's clock, received late"
    assert bureau.moves(four_hours)[-2:] == ["overdue", "done"]


def test_done_late_and_received_late_is_just_late(bureau, four_hours):
    late_done(bureau, four_hours, "2026-11-20 15:45")
    assert not bureau.case(four_hours).done_late_sync


def test_a_granted_appeal_excuses_the_overdue_mark_and_keeps_it_visible(bureau, four_hours):
    late_done(bureau, four_hours, "2026-11-20 15:00")
    clerk = bureau.clerk_of(four_hours)
    bureau.do(Move.APPEAL, four_hours, clerk, reason="现场无信号")
    assert bureau.events(four_hours)[-1].data["done_in_time"] is True
    case = bureau.do(Move.GRANT_APPEAL, four_hours, "supervisor1")
    assert case.overdue_excused
    assert local(case.overdue_at) == FRIDAY_DUE
    assert code_of(bureau.do, Move.APPEAL, four_hours, clerk, reason="再") == "move_not_allowed"


def test_a_denied_appeal_stays_overdue(bureau, four_hours):
    late_done(bureau, four_hours, "2026-11-20 15:00")
    bureau.do(Move.APPEAL, four_hours, bureau.clerk_of(four_hours), reason="现场无信号")
    case = bureau.do(Move.DENY_APPEAL, four_hours, "supervisor1", reason="有信号")
    assert not case.overdue_excused


def test_in_time_there_is_nothing_to_appeal(bureau, four_hours):
    bureau.handle(four_hours, "done")
    clerk = bureau.clerk_of(four_hours)
    assert code_of(bureau.do, Move.APPEAL, four_hours, clerk, reason="x") == "move_not_allowed"


# --- beside the stages


def test_a_case_that_nobody_owns_is_marked_so(bureau):
    bureau.category(PILED, auto_dispatch=False)
    case_id = bureau.report()
    assert bureau.do(Move.MARK_OWNERLESS, case_id, "dispatcher1", reason="无主").ownerless


def test_the_supervisor_supervises_any_open_case(bureau, four_hours):
    assert bureau.do(Move.SUPERVISE, four_hours, "supervisor1", reason="群众反映强烈").supervised


def test_force_close_needs_a_reason_and_stops_the_clock(bureau, four_hours):
    assert code_of(bureau.do, Move.FORCE_CLOSE, four_hours, "acceptor1") == "reason_required"
    case = bureau.do(Move.FORCE_CLOSE, four_hours, "acceptor1", reason="拆迁")
    assert (case.state, case.next_sweep_at) == ("closed", None)


def test_a_void_case_keeps_its_row_and_its_events(bureau, four_hours):
    case = bureau.do(Move.VOID, four_hours, "acceptor1", reason="误报")
    assert case.state == "void"
    assert bureau.moves(four_hours) == ["report", "file", "dispatch", "void"]
    note = code_of(bureau.do, Move.DISPATCH, four_hours, "dispatcher1", unit_id=new_id())
    assert note == "move_not_allowed"


def test_who_saw_an_older_version_is_told_and_nothing_is_lost(bureau, four_hours):
    seen = bureau.case(four_hours).version
    bureau.handle(four_hours, "accept")
    inputs = {"reason": "误报", "expected_version": seen}
    assert code_of(bureau.do, Move.VOID, four_hours, "acceptor1", **inputs) == "conflict"
    assert bureau.case(four_hours).state == "handling"


def test_a_note_or_a_warning_overtakes_nobody(bureau, four_hours):
    seen = bureau.case(four_hours).version
    bureau.do(Move.NOTE, four_hours, "dispatcher1", text="已电话催办")
    case = bureau.do(Move.VOID, four_hours, "acceptor1", reason="误报", expected_version=seen)
    assert case.state == "void"


def test_handling_takes_its_time_from_the_calendar_over_a_holiday(bureau):
    bureau.go_to("2026-09-30 17:00")
    assert local(bureau.case(bureau.dispatched()).due_at) == "2026-10-08 17:30"


def test_a_deadline_in_an_unpublished_year_says_so(bureau):
    bureau.go_to("2026-12-31 16:00")
    case = bureau.case(bureau.dispatched())
    assert case.provisional_due
    assert case.due_at > bureau.now + timedelta(days=1)
