"""The demo's quarter of history: every page has something to show, and it hangs together."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from server import clock
from server.accounts.models import DeviceStatus
from server.cases.models import Case, CaseEvent, CaseIntake, CaseRequest, CaseWarning
from server.cases.workflow import State
from server.db import db
from server.demo.filling import fill_demo
from server.demo.pictures import pictures
from server.feed.models import FeedRow
from server.photos.models import Photo, PhotoUse
from server.photos.store import photo_store


@pytest.fixture(autouse=True)
def _history(lived_in_app):
    """Every fact below is about a fresh copy of the demo district with its history."""
    with lived_in_app.app_context():
        yield


def cases():
    return db.session.scalars(select(Case)).all()


def test_a_quarter_holds_some_two_thousand_cases():
    found = cases()
    assert 1_500 <= len(found) <= 2_500
    first, last = min(each.reported_at for each in found), max(each.reported_at for each in found)
    assert timedelta(days=85) < last - first < timedelta(days=95)
    assert last <= clock.now()


def test_every_state_has_cases_and_most_are_closed():
    states = Counter(each.state for each in cases())
    assert set(states) == {str(state) for state in State}
    assert states[State.CLOSED] > 1_000
    assert all(states[state] >= 3 for state in State)


def test_everything_that_can_happen_to_a_case_has_happened():
    moves = set(db.session.scalars(select(CaseEvent.move).distinct()))
    expected = {"report", "verify", "file", "refuse", "dispatch", "dispatch_again", "accept"}
    expected |= {"return", "done"}
    expected |= {"ask_extension", "grant_extension", "deny_extension", "ask_suspension", "resume"}
    expected |= {"grant_suspension", "check", "close", "quick_close", "rework", "void", "overdue"}
    expected |= {"mark_ownerless", "supervise", "appeal", "grant_appeal", "reply", "call_back"}
    assert expected <= moves


def test_a_case_s_events_follow_one_another_and_end_in_its_state():
    events = {}
    for event in db.session.scalars(select(CaseEvent).order_by(CaseEvent.case_id, CaseEvent.seq)):
        events.setdefault(event.case_id, []).append(event)
    for case in cases():
        its = events[case.id]
        assert [event.seq for event in its] == list(range(1, case.version + 1))
        assert its[-1].to_state == case.state
        for earlier, later in pairwise(its):
            assert earlier.at <= later.at
            assert earlier.to_state == later.from_state


def test_most_deadlines_are_kept_and_some_are_not():
    with_deadline = [each for each in cases() if each.due_at is not None]
    late = sum(each.overdue_at is not None for each in with_deadline)
    assert 0.05 < late / len(with_deadline) < 0.25


def test_numbers_are_given_in_the_order_of_reports():
    in_order = [case.number for case in sorted(cases(), key=lambda case: case.reported_at)]
    assert len({number[:-4] for number in in_order}) > 80
    assert in_order == sorted(in_order)


def test_a_case_has_its_pictures_and_they_are_held():
    held = {picture.sha256 for picture in pictures()}
    used = set(db.session.scalars(select(PhotoUse.sha256).distinct()))
    assert used == held
    for photo in db.session.scalars(select(Photo)):
        assert photo.verified_at
        assert photo.refused_code is None
        assert (photo.width, photo.height) == (800, 600)
        assert photo_store().size(photo.sha256) == photo.bytes
    pictured = db.session.scalar(select(func.count(PhotoUse.record_id.distinct())))
    patrols = sum(case.source == "patrol" for case in cases())
    assert pictured >= patrols


def test_the_pictures_are_small():
    assert sum(picture.bytes for picture in pictures()) < 2_200_000


def test_every_officer_has_something_to_verify_and_to_check():
    waiting = Counter(
        (case.community_code, case.state)
        for case in cases()
        if case.state in (State.PRE_VERIFY, State.POST_CHECK)
    )
    communities = {case.community_code for case in cases()}
    assert len(communities) == 12
    assert all(waiting[code, State.PRE_VERIFY] for code in communities)
    assert all(waiting[code, State.POST_CHECK] for code in communities)


def test_requests_wait_for_a_decision_and_warnings_have_been_given():
    open_requests = Counter(
        db.session.scalars(select(CaseRequest.kind).where(CaseRequest.decided_at.is_(None)))
    )
    assert open_requests["extension"] >= 1
    assert open_requests["suspension"] >= 1
    assert db.session.scalar(select(func.count()).select_from(CaseWarning)) > 5


def test_outside_sources_have_a_number_and_a_reply():
    sources = Counter(case.source for case in cases())
    assert {"patrol", "hotline", "leader", "video", "city", "walk_in"} == set(sources)
    intakes = db.session.scalars(select(CaseIntake)).all()
    assert all(each.outside_number and each.reply_due_at for each in intakes)
    assert sum(each.replied_at is not None for each in intakes) > len(intakes) / 2


def test_devices_are_known_and_some_need_looking_after():
    statuses = db.session.scalars(select(DeviceStatus)).all()
    reporters = {case.device_id for case in cases() if case.source == "patrol"}
    assert reporters <= {status.device_id for status in statuses}
    assert any(status.unsent_records for status in statuses)
    assert any(clock.now() - status.last_push_at > timedelta(days=3) for status in statuses)


def test_the_feed_shows_each_case_once_in_its_area():
    shown = db.session.scalars(
        select(FeedRow.id).where(
            FeedRow.entity == "case", FeedRow.scope.startswith("area:"), FeedRow.deleted.is_(False)
        )
    ).all()
    assert sorted(shown) == sorted(case.id for case in cases())


def test_a_second_run_adds_nothing():
    before = db.session.scalar(select(func.max(FeedRow.seq)))
    assert list(fill_demo(clock.now())) == []
    assert db.session.scalar(select(func.max(FeedRow.seq))) == before
