"""A case comes in: what the server does by itself, what it leaves to people, what it refuses."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from server.cases import moves
from server.cases.inputs import Source
from server.cases.models import CaseIntake
from server.cases.workflow import Move
from server.catalog.models import Unit
from server.db import db
from server.feed import publish, transaction
from server.feed.models import FeedRow
from sync.bodies import CaseReport
from sync.errors import Refused
from sync.messages import Location, PhotoRole
from tests.casework import PILED, STREET, VENDOR, Bureau, at, local, new_id, photo


def refused(bureau: Bureau, **given) -> Refused:
    with pytest.raises(Refused) as caught:
        bureau.report(**given)
    return caught.value


def test_a_clear_case_is_filed_and_dispatched_at_once(bureau):
    case_id = bureau.report(category=PILED)
    case = bureau.case(case_id)
    assert bureau.moves(case_id) == ["report", "file", "dispatch"]
    assert (case.state, case.version) == ("dispatched", 3)
    assert case.dispatched_at == bureau.now
    assert case.grid_code is not None
    assert case.area_code == STREET
    assert local(case.due_at) == "2026-11-23 17:30"  # one working day after a Friday


def test_what_a_rule_did_says_so_and_what_a_person_did_names_them(bureau):
    reported, filed, dispatched = bureau.events(bureau.report())
    assert reported.person_id == bureau.actor("officer1").person_id
    assert reported.role == "officer"
    assert filed.person_id is dispatched.person_id is None
    assert (dispatched.due_before, local(dispatched.due_after)) == (None, "2026-11-23 17:30")


def test_the_limit_is_copied_with_the_rule_that_gave_it(bureau):
    case = bureau.case(bureau.report())
    assert (case.limit_value, case.limit_unit) == (1, "work_day")
    assert "E06036" in case.limit_source
    bureau.category(PILED, zh="改名")
    assert bureau.case(case.id).limit_value == 1


def test_numbers_are_division_date_and_serial_without_gaps(bureau):
    numbers = [bureau.case(bureau.report(grid=n)).number for n in range(3)]
    assert numbers == [f"36080220261120-{n:04d}" for n in (1, 2, 3)]
    bureau.go_to("2026-11-21 00:30")  # another local day, still the 20th in UTC
    assert bureau.case(bureau.report(grid=4)).number == "36080220261121-0001"


def test_a_refused_report_leaves_no_gap_in_the_numbers(bureau):
    bureau.report()
    refused(bureau, category="E99999")
    assert bureau.case(bureau.report(grid=3)).number.endswith("-0002")


def test_without_a_rule_the_case_waits_for_the_acceptor(bureau):
    bureau.by_hand()
    case = bureau.case(bureau.report())
    assert (case.state, case.due_at) == ("reported", None)
    assert local(case.stage_due_at) == "2026-11-20 10:30"  # one work hour to file


def test_filed_by_rule_it_waits_for_a_person_where_nobody_answers(bureau):
    bureau.category(PILED, auto_dispatch=False)
    case = bureau.case(bureau.report())
    assert (case.state, case.unit_id) == ("filed", None)


def test_filed_by_a_person_it_is_still_dispatched_by_rule(bureau):
    bureau.category(PILED, auto_file=False)
    case_id = bureau.report()
    assert bureau.do(Move.FILE, case_id, "acceptor1").state == "dispatched"
    assert bureau.moves(case_id) == ["report", "file", "dispatch"]


def test_a_unit_that_has_been_dissolved_gets_nothing_by_rule(bureau):
    unit_id = bureau.case(bureau.report()).unit_id
    with transaction() as session:
        session.get_one(Unit, unit_id).active = False
        publish(session, "catalog", "unit", unit_id, 99, {}, bureau.now)
    assert bureau.case(bureau.report(grid=3)).state == "filed"


def test_a_mocked_position_is_not_filed_by_rule(bureau):
    spot = replace(bureau.spot(), mock=True)
    assert bureau.case(bureau.report(location=spot)).state == "reported"


def test_a_point_outside_every_grid_is_accepted_and_shown_as_such(bureau):
    case = bureau.case(bureau.report(location=Location(27.20, 115.05)))
    assert (case.grid_code, case.area_code) == (None, "360802")
    row = db.session.get(FeedRow, ("area:360802", "case", case.id))
    assert row is not None


def test_a_report_without_a_point_lies_in_its_reporters_street(bureau):
    assert bureau.case(bureau.report(location=None)).area_code == STREET


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"category": "E99999"}, "unknown_category", "category"),
        ({"condition": "no-such"}, "unknown_condition", "condition"),
        ({"location": Location(21.0, 118.0)}, "outside_territory", "location"),
        ({"quantity": Decimal(0)}, "out_of_range", "quantity"),
        ({"quantity": Decimal("1e9")}, "out_of_range", "quantity"),
        ({"area_m2": Decimal(-3)}, "out_of_range", "area_m2"),
        ({"handled_on_spot": True}, "photo_required", "photos"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(bureau, given, code, field):
    error = refused(bureau, **given)
    assert error.code == code
    assert list(error.fields) == [field]


@pytest.mark.parametrize("text", ["1970-01-01 08:00", "2031-01-01 08:00"])
def test_a_report_from_1970_or_the_future_is_refused(bureau, text):
    actor = bureau.actor("officer1", observed_at=at(text), clock_skew_ms=0)
    assert refused(bureau, actor=actor).code == "implausible_time"


def test_an_empty_photo_is_refused(bureau):
    empty = replace(photo(), bytes=0)
    assert refused(bureau, photos=(empty,)).code == "photo_empty"


@pytest.mark.parametrize("who", ["unit1", "crew1", "leader1", "dispatcher1", "reviewer1", "admin1"])
def test_only_the_field_reports(bureau, who):
    assert refused(bureau, by=who).code == "not_allowed"


def test_the_same_record_is_not_reported_twice(bureau):
    case_id = bureau.report()
    assert refused(bureau, case_id=case_id).code == "move_not_allowed"


def test_nothing_is_kept_of_a_refused_report(bureau):
    case_id = new_id()
    refused(bureau, case_id=case_id, category="E99999")
    assert bureau.events(case_id) == []


def test_a_category_that_is_switched_off_is_unknown(bureau):
    bureau.category(PILED, enabled=False)
    assert refused(bureau).code == "unknown_category"


# --- perishable matters


def vendor(bureau: Bureau, minutes_ago: float, skew_ms: int = 0) -> str:
    seen = bureau.now - timedelta(minutes=minutes_ago) + timedelta(milliseconds=skew_ms)
    actor = bureau.actor("officer1", observed_at=seen, clock_skew_ms=skew_ms)
    return bureau.case(bureau.report(category=VENDOR, actor=actor)).state


def test_a_vendor_who_syncs_in_time_is_dispatched(bureau):
    assert vendor(bureau, 119) == "dispatched"


def test_a_vendor_who_syncs_late_goes_to_verification(bureau):
    assert vendor(bureau, 121) == "pre_verify"


def test_a_wrong_clock_on_the_phone_decides_nothing(bureau):
    five_hours = 5 * 3_600_000
    assert vendor(bureau, 10, skew_ms=-five_hours) == "dispatched"
    assert vendor(bureau, 130, skew_ms=five_hours) == "pre_verify"


def test_a_lasting_matter_may_sync_days_later(bureau):
    seen = bureau.now - timedelta(days=3)
    actor = bureau.actor("officer1", observed_at=seen, clock_skew_ms=0)
    assert bureau.case(bureau.report(actor=actor)).state == "dispatched"


# --- 快速处置


def on_the_spot(bureau: Bureau) -> str:
    photos = (photo(PhotoRole.BEFORE), photo(PhotoRole.AFTER))
    return bureau.report(handled_on_spot=True, photos=photos)


def test_handled_on_the_spot_closes_with_a_move_of_its_own(bureau):
    case_id = on_the_spot(bureau)
    case = bureau.case(case_id)
    assert bureau.moves(case_id) == ["report", "quick_close"]
    assert (case.state, case.dispatched_at, case.due_at) == ("closed", None, None)


def test_without_the_rule_the_acceptor_closes_what_was_handled_on_the_spot(bureau):
    bureau.by_hand()
    case_id = on_the_spot(bureau)
    assert bureau.case(case_id).state == "reported"
    assert bureau.do(Move.QUICK_CLOSE, case_id, "acceptor1").state == "closed"


# --- 并案


def test_the_same_place_and_category_suggest_a_merge(bureau):
    first = bureau.report(category=VENDOR)
    bureau.later(minutes=30)
    assert bureau.case(bureau.report(category=VENDOR, by="officer2")).merge_candidate == first


def test_a_vendor_pushed_across_the_street_border_is_still_one(bureau):
    spot = bureau.spot()
    first = bureau.report(category=VENDOR, location=spot)
    moved = Location(spot.lat + 0.0003, spot.lon)
    assert (
        bureau.case(bureau.report(category=VENDOR, by="officer9", location=moved)).merge_candidate
        == first
    )


def test_another_category_place_or_time_suggests_nothing(bureau):
    bureau.report(category=VENDOR)
    assert bureau.case(bureau.report(category=PILED)).merge_candidate is None
    assert bureau.case(bureau.report(category=VENDOR, grid=5)).merge_candidate is None
    bureau.later(minutes=121)
    assert bureau.case(bureau.report(category=VENDOR)).merge_candidate is None


def test_two_reports_in_one_batch_suggest_a_merge_too(bureau):
    ids = [new_id(), new_id()]
    body = CaseReport(category=VENDOR, location=bureau.spot(), quantity=Decimal(1))
    with transaction() as session:
        for case_id in ids:
            moves.report(session, bureau.actor("officer1"), case_id, body, (), bureau.now)
    assert [bureau.case(each).merge_candidate for each in ids] == [None, ids[0]]


def test_the_acceptor_merges_and_both_cases_say_so(bureau):
    bureau.by_hand()
    first, second = bureau.report(), bureau.report()
    merged = bureau.do(Move.MERGE, second, "acceptor1", case_id=first)
    assert (merged.state, merged.merged_into) == ("void", first)
    assert bureau.moves(first)[-1] == "note"


def test_a_case_is_not_merged_into_itself_or_into_nothing(bureau):
    bureau.by_hand()
    case_id = bureau.report()
    for other in (case_id, new_id(), None):
        with pytest.raises(Refused) as caught:
            bureau.do(Move.MERGE, case_id, "acceptor1", case_id=other)
        assert caught.value.code == "unknown_record"


# --- from outside


def test_a_clerk_takes_in_a_hotline_case_with_its_number_and_reply_deadline(bureau):
    reply_by = bureau.now + timedelta(days=2)
    case_id = bureau.take_in(
        Source.HOTLINE,
        outside_number="12345-778",
        caller_phone="13900000000",
        reply_due_at=reply_by,
    )
    intake = db.session.get_one(CaseIntake, case_id)
    assert (intake.outside_number, intake.reply_due_at) == ("12345-778", reply_by)
    assert bureau.case(case_id).state == "reported", "what the public says is looked at first"
    assert bureau.case(case_id).source == "hotline"


@pytest.mark.parametrize("source", [each for each in Source if each is not Source.PATROL])
def test_every_source_outside_is_taken_in(bureau, source):
    assert bureau.case(bureau.take_in(source)).source == source


def test_a_reply_deadline_in_the_past_is_refused(bureau):
    with pytest.raises(Refused) as caught:
        bureau.take_in(reply_due_at=bureau.now - timedelta(minutes=1))
    assert caught.value.code == "out_of_range"


def test_a_patrols_case_is_not_taken_in_by_a_clerk(bureau):
    with pytest.raises(Refused) as caught:
        bureau.take_in(Source.PATROL)
    assert caught.value.code == "invalid"


def test_the_reply_and_then_the_call_back_are_written_down(bureau):
    case_id = bureau.take_in(reply_due_at=bureau.now + timedelta(days=1))
    with pytest.raises(Refused):
        bureau.do(Move.CALL_BACK, case_id, "acceptor1", result=True)
    bureau.do(Move.REPLY, case_id, "acceptor1", text="已清理完毕")
    bureau.do(Move.CALL_BACK, case_id, "acceptor1", result=True, text="满意")
    intake = db.session.get_one(CaseIntake, case_id)
    assert (intake.reply_text, intake.callback_satisfied) == ("已清理完毕", True)
    assert bureau.moves(case_id)[-2:] == ["reply", "call_back"]
    with pytest.raises(Refused):
        bureau.do(Move.REPLY, case_id, "acceptor1", text="再答复")


def test_what_is_not_there_is_verified_void_and_never_deleted(bureau):
    case_id = bureau.take_in()
    bureau.do(Move.ASK_VERIFY, case_id, "acceptor1")
    case = bureau.verify(case_id, exists=False)
    assert case.state == "void"
    assert bureau.moves(case_id) == ["report", "ask_verify", "verify", "void"]


def test_what_is_there_is_filed_and_dispatched_by_rule_after_verification(bureau):
    case_id = bureau.take_in()
    bureau.do(Move.ASK_VERIFY, case_id, "acceptor1")
    assert bureau.verify(case_id, exists=True).state == "dispatched"


def test_without_the_rule_a_verified_case_waits_for_the_acceptor(bureau):
    bureau.by_hand()
    case_id = bureau.take_in()
    bureau.do(Move.ASK_VERIFY, case_id, "acceptor1")
    assert bureau.verify(case_id, exists=True).state == "reported"
