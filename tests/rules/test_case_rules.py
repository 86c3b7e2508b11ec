"""What the server decides by itself about a case."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from server.cases import rules

NOW = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_an_observation_is_corrected_by_how_far_the_devices_clock_was_off():
    ahead_by_ten_minutes = 600_000
    assert rules.corrected(NOW, ahead_by_ten_minutes, NOW) == NOW - 10 * MINUTE
    assert rules.corrected(NOW, -1_000, NOW) == NOW + timedelta(seconds=1)


def test_without_a_known_error_the_devices_word_stands():
    assert rules.corrected(NOW, None, NOW) == NOW
    assert rules.corrected(None, 1_000, NOW) is None


def test_a_clock_that_is_off_by_more_than_time_holds_is_not_corrected():
    assert rules.corrected(NOW, 10**18, NOW) == NOW


def test_a_clock_of_1970_is_forgiven_when_its_error_is_known():
    then = datetime(1970, 1, 1, tzinfo=UTC)
    skew_ms = int((then - NOW).total_seconds() * 1000)
    assert rules.corrected(then, skew_ms, NOW) == NOW


@pytest.mark.parametrize("years", [10, -10])
def test_a_clock_that_was_set_right_since_is_believed(years):
    stale_skew_ms = years * 365 * 86_400_000
    assert rules.corrected(NOW, stale_skew_ms, NOW) == NOW


@pytest.mark.parametrize(
    ("observed_at", "plausible"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), False),
        (datetime(2019, 12, 31, 23, 59, tzinfo=UTC), False),
        (NOW - timedelta(days=40), True),
        (NOW, True),
        (NOW + timedelta(hours=23), True),
        (NOW + timedelta(hours=25), False),
        (datetime(2099, 1, 1, tzinfo=UTC), False),
    ],
)
def test_nothing_is_observed_in_1970_or_in_the_future(observed_at, plausible):
    assert rules.plausible_time(observed_at, NOW) is plausible


@pytest.mark.parametrize("amount", ["0.5", "1", "100000"])
def test_a_quantity_is_above_zero_and_not_absurd(amount):
    assert rules.in_range(Decimal(amount), rules.MAX_QUANTITY)


@pytest.mark.parametrize("amount", ["0", "-1", "100001", "NaN", "Infinity"])
def test_other_quantities_are_out_of_range(amount):
    assert not rules.in_range(Decimal(amount), rules.MAX_QUANTITY)


def test_no_quantity_is_in_range():
    assert rules.in_range(None, rules.MAX_QUANTITY)


def test_a_perishable_matter_is_late_after_its_minutes_and_no_sooner():
    assert not rules.came_late(True, 120, NOW - 120 * MINUTE, NOW)
    assert rules.came_late(True, 120, NOW - 121 * MINUTE, NOW)


def test_what_lasts_never_comes_too_late():
    assert not rules.came_late(False, 120, NOW - timedelta(days=9), NOW)
    assert not rules.came_late(True, 120, None, NOW)


def test_done_before_the_deadline_and_received_after_it_was_done_in_time():
    due = NOW - 10 * MINUTE
    assert rules.done_in_time(due - MINUTE, due, NOW)
    assert rules.done_in_time(due, due, NOW)
    assert not rules.done_in_time(due + MINUTE, due, NOW)
    assert not rules.done_in_time(NOW - MINUTE, NOW, NOW), "it was received in time"
    assert not rules.done_in_time(None, due, NOW)


@pytest.mark.parametrize(
    ("auto", "known", "mock", "files"),
    [
        (True, True, False, True),
        (False, True, False, False),
        (True, False, False, False),
        (True, True, True, False),
    ],
)
def test_a_report_is_filed_by_rule_only_when_it_is_clear(auto, known, mock, files):
    assert rules.may_file(auto, known, mock) is files


def test_points_within_fifty_metres_are_near():
    fifty = 50 / rules.METRES_PER_DEGREE
    assert rules.near(27.113, 114.986, 27.113 + fifty * 0.99, 114.986)
    assert not rules.near(27.113, 114.986, 27.113 + fifty * 1.01, 114.986)


@pytest.mark.parametrize("lat", [18.2, 27.113, 45.8, 53.5])
@pytest.mark.parametrize("bearing", range(8))
def test_whatever_is_near_lies_in_one_of_the_nine_cells(lat, bearing):
    north = (-1, -1, -1, 0, 0, 1, 1, 1)[bearing]
    east = (-1, 0, 1, -1, 1, -1, 0, 1)[bearing]
    step = 49 / rules.METRES_PER_DEGREE / (1.42 if north and east else 1)
    for shift in range(20):
        here = (lat + shift * 0.00003, 114.986 + shift * 0.00005)
        there = (here[0] + north * step, here[1] + east * step / 0.99)
        assert rules.place_cell(*there) in rules.cells_around(*here) or not rules.near(
            *here, *there
        )


def test_a_case_without_a_point_has_no_cell():
    assert rules.place_cell(None, 114.9) is None


def test_a_vendor_who_comes_back_tomorrow_is_a_new_matter_but_a_hole_is_not():
    assert rules.merge_window(True, 120) == timedelta(hours=2)
    assert rules.merge_window(False, 120) == rules.MERGE_WINDOW


def test_the_next_knock_is_the_earliest_time_there_is():
    assert rules.next_knock(None, NOW + MINUTE, NOW) == NOW
    assert rules.next_knock(None, None) is None
