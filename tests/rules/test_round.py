"""A whole round between a device and a server, both in memory."""

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from sync.errors import Refused
from sync.messages import Change
from sync.outbox import ChangeState
from sync.photos import PhotoState
from sync.remote import Limits, LinkDown, ServerSaidNo
from sync.round import Conditions, RoundReport, run_round
from tests.memory_remote import MemoryRemote
from tests.memory_store import MemoryStore

NOW = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)


@dataclass
class Device:
    store: MemoryStore
    remote: MemoryRemote
    conditions: Conditions

    def sync(self) -> RoundReport:
        try:
            return run_round(self.store, self.remote, self.conditions)
        finally:
            self.store.outbox.recover()

    def record(self, name: str) -> None:
        change = Change(name, 0, "case.report", f"record-{name}", "2026-11-20T09:14:03+08:00", {})
        self.store.outbox.append(change, NOW)

    def holds(self) -> set[tuple[str, str]]:
        return {(scope, row_id) for scope, _, row_id in self.store.replica.rows}


@pytest.fixture
def device() -> Device:
    conditions = Conditions(
        app_version="1.0.0",
        photos_allowed=True,
        piece_bytes=100,
        interrupted=lambda: False,
        watch=lambda _: None,
    )
    return Device(MemoryStore(), MemoryRemote(), conditions)


def test_records_go_before_pages_and_pages_before_photos(device: Device) -> None:
    device.record("a")
    device.store.photos.add(os.urandom(50))
    device.sync()
    order = [name for name in device.remote.log if name in ("hello", "push", "pull", "send_piece")]
    assert order == ["hello", "push", "pull", "send_piece", "push"]  # the last: all is sent


def test_pages_are_fetched_to_the_last(device: Device) -> None:
    for number in range(5):
        device.remote.publish("catalog", "category", f"row-{number}")
    report = device.sync()
    assert (report.pull.pages, report.pull.rows) == (3, 5)
    assert len(device.holds()) == 5


def test_a_cut_between_two_pages_goes_on_at_the_cursor(device: Device) -> None:
    for number in range(5):
        device.remote.publish("catalog", "category", f"row-{number}")
    _cut_at_call(device.remote, "pull", 2)
    with pytest.raises(LinkDown):
        device.sync()
    assert len(device.holds()) == 2
    report = device.sync()
    assert report.pull.rows == 3
    assert len(device.holds()) == 5


def test_rows_that_were_deleted_go(device: Device) -> None:
    device.remote.publish("catalog", "category", "a")
    device.sync()
    device.remote.retract("catalog", "category", "a")
    device.sync()
    assert device.holds() == set()


def test_only_a_scope_that_differs_is_rebuilt(device: Device) -> None:
    device.remote.scopes = ["catalog", "area:1"]
    device.remote.publish("catalog", "category", "a")
    device.remote.publish("area:1", "grid", "g")
    device.sync()
    lost = device.store.replica.rows.pop(("area:1", "grid", "g"))
    report = device.sync()
    assert report.pull.repaired == ["area:1"]
    assert device.remote.log.count("snapshot") == 1
    assert device.store.replica.rows["area:1", "grid", "g"] == lost


def test_a_scope_taken_away_goes_after_the_push(device: Device) -> None:
    device.remote.scopes = ["catalog", "area:1"]
    device.remote.publish("area:1", "grid", "g")
    device.sync()
    device.record("a")
    device.remote.scopes = ["catalog"]
    report = device.sync()
    assert report.pull.dropped == ["area:1"]
    assert device.holds() == set()
    assert "a" in device.remote.changes


def test_a_scope_taken_away_keeps_rows_with_unsent_work(device: Device) -> None:
    device.remote.scopes = ["catalog", "area:1"]
    device.remote.publish("area:1", "case", "mine")
    device.remote.publish("area:1", "case", "other")
    device.sync()
    device.store.replica.held.add("mine")
    device.remote.scopes = ["catalog"]
    device.sync()
    assert device.holds() == {("area:1", "mine")}
    device.store.replica.held.clear()
    device.sync()
    assert device.holds() == set()


def test_an_expired_cursor_starts_over_from_snapshots(device: Device) -> None:
    device.remote.publish("catalog", "category", "a")
    device.sync()
    device.remote.publish("catalog", "category", "b")
    device.remote.fail_once("pull", ServerSaidNo(410, "cursor_expired"))
    report = device.sync()
    assert report.started_over
    assert device.remote.log.count("snapshot") == 1
    assert device.holds() == {("catalog", "a"), ("catalog", "b")}


@pytest.fixture
def restored(device: Device) -> Device:
    """A device whose server lost what it had acknowledged: a backup was restored."""
    device.remote.publish("catalog", "category", "a")
    device.record("a")
    sha256 = device.store.photos.add(os.urandom(150))
    device.sync()
    assert device.store.photos.state(sha256) is PhotoState.VERIFIED
    device.remote.changes.clear()
    device.remote.photos.clear()
    device.remote.epoch = "epoch-2"
    return device


def test_after_a_restore_acknowledged_changes_go_again(restored: Device) -> None:
    restored.record("b")
    restored.sync()
    assert list(restored.remote.changes) == ["a", "b"]
    assert restored.store.outbox.state("a") is ChangeState.ACKNOWLEDGED


def test_after_a_restore_held_originals_are_offered_again(restored: Device) -> None:
    restored.sync()
    assert len(restored.remote.photos) == 1


def test_a_link_cut_while_starting_over_starts_over_again(restored: Device) -> None:
    restored.remote.fail_once("snapshot", LinkDown("cut"))
    with pytest.raises(LinkDown):
        restored.sync()
    restored.sync()
    assert list(restored.remote.changes) == ["a"]
    assert restored.store.replica.epoch() == "epoch-2"


def test_changes_acknowledged_long_ago_do_not_go_again(restored: Device) -> None:
    restored.remote.server_time = NOW + timedelta(days=31)
    restored.sync()
    assert restored.remote.changes == {}


def test_an_epoch_that_changes_during_the_round_is_met_too(restored: Device) -> None:
    restored.remote.epoch = "epoch-1"

    def change_epoch(*_: object) -> None:
        del restored.remote.before["pull"]
        restored.remote.epoch = "epoch-2"

    restored.remote.before["pull"] = change_epoch
    report = restored.sync()
    assert report.started_over
    assert list(restored.remote.changes) == ["a"]
    assert restored.store.replica.epoch() == "epoch-2"


def test_an_app_too_old_sends_nothing(device: Device) -> None:
    device.record("a")
    device.remote.min_app_version = "1.10.0"
    with pytest.raises(Refused) as refusal:
        device.sync()
    assert refusal.value.code == "unsupported_protocol"
    assert device.remote.changes == {}


def test_a_round_follows_when_more_photos_are_queued_than_one_asks_for(device: Device) -> None:
    device.remote.limits = Limits(have=2)
    for _ in range(3):
        device.store.photos.add(os.urandom(50))
    assert device.sync().unfinished
    assert not device.sync().unfinished
    assert len(device.remote.photos) == 3


def test_photos_wait_where_they_are_not_allowed(device: Device) -> None:
    sha256 = device.store.photos.add(os.urandom(50))
    device.conditions = replace(device.conditions, photos_allowed=False)
    device.sync()
    assert device.store.photos.state(sha256) is PhotoState.LOCAL
    assert "have" not in device.remote.log


@pytest.mark.parametrize("name", ["hello", "push", "pull", "snapshot", "have", "send_piece"])
def test_wherever_the_link_is_cut_the_next_round_brings_everything(
    restored: Device, name: str
) -> None:
    restored.record("b")
    restored.remote.publish("catalog", "category", "b")
    restored.remote.fail_once(name, LinkDown(name))
    with pytest.raises(LinkDown):
        restored.sync()
    restored.sync()
    assert list(restored.remote.changes) == ["a", "b"]
    assert len(restored.remote.photos) == 1
    assert restored.holds() == {("catalog", "a"), ("catalog", "b")}


def _cut_at_call(remote: MemoryRemote, name: str, at: int) -> None:
    calls: list[int] = []

    def count(*_: object) -> None:
        calls.append(1)
        if len(calls) == at:
            raise LinkDown(name)

    remote.before[name] = count
