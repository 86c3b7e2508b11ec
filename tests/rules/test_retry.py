"""When a device tries again."""

from datetime import UTC, datetime, timedelta
from random import Random

from sync.retry import FRESH, LONGEST_WAIT_S, after_failure

NOW = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)


def test_each_failure_doubles_the_wait_up_to_a_quarter_of_an_hour() -> None:
    patience, waits = FRESH, []
    random = Random(1)
    for _ in range(12):
        patience = after_failure(patience, NOW, random)
        assert patience.not_before is not None
        waits.append((patience.not_before - NOW).total_seconds())
    assert 2.5 <= waits[0] <= 5
    assert 5 <= waits[1] <= 10
    assert LONGEST_WAIT_S / 2 <= waits[-1] <= LONGEST_WAIT_S


def test_phones_that_lost_the_same_server_come_back_apart() -> None:
    waits = {after_failure(FRESH, NOW, Random(seed)).not_before for seed in range(20)}
    assert len(waits) == 20


def test_a_server_that_says_when_is_obeyed() -> None:
    patience = after_failure(FRESH, NOW, Random(1), retry_after=120)
    assert patience.not_before == NOW + timedelta(seconds=120)
    assert not patience.allows(NOW + timedelta(seconds=119), asked=True)
    assert patience.allows(NOW + timedelta(seconds=120))


def test_a_person_need_not_wait_for_our_own_backoff() -> None:
    patience = after_failure(FRESH, NOW, Random(1))
    assert not patience.allows(NOW)
    assert patience.allows(NOW, asked=True)


def test_an_absurd_wait_is_cut_to_six_hours() -> None:
    patience = after_failure(FRESH, NOW, Random(1), retry_after=10**9)
    assert patience.not_before == NOW + timedelta(hours=6)


def test_no_wait_is_so_long_that_counting_it_fails() -> None:
    patience = after_failure(FRESH, NOW, Random(1), 10**30)
    assert patience.not_before == NOW + timedelta(hours=6)


def test_a_wait_written_down_by_a_clock_ten_years_ahead_is_forgotten() -> None:
    ahead = after_failure(FRESH, NOW + timedelta(days=3652), Random(1), 60)
    assert ahead.allows(NOW)
    assert not ahead.allows(NOW + timedelta(days=3652))


def test_a_clock_that_was_put_back_by_years_keeps_nobody_waiting():
    waiting = after_failure(FRESH, NOW + timedelta(days=3650), Random(1), retry_after=60)
    assert waiting.allows(NOW)
    assert not waiting.allows(NOW + timedelta(days=3650))
