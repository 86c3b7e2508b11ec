"""How changes are pushed, and what each answer means for the device."""

from datetime import UTC, datetime

import pytest

from sync.messages import Change, Outcome, Receipt
from sync.outbox import ChangeState, batches, push, settlement, wire_size
from sync.remote import Limits, LinkDown, ServerSaidNo
from tests.memory_remote import MemoryRemote
from tests.memory_store import MemoryOutbox

NOW = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)


def change(name: str, body: dict[str, object] | None = None) -> Change:
    return Change(name, 0, "case.report", f"record-{name}", "2026-11-20T09:14:03+08:00", body or {})


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
def remote() -> MemoryRemote:
    return MemoryRemote()


def fill(outbox: MemoryOutbox, *names: str) -> None:
    for name in names:
        outbox.append(change(name), NOW)


def test_what_was_taken_is_settled(outbox: MemoryOutbox, remote: MemoryRemote) -> None:
    fill(outbox, "a", "b")
    report = push(outbox, remote, Limits(), NOW)
    assert report.acknowledged == 2
    assert outbox.state("a") is outbox.state("b") is ChangeState.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.APPLIED, ChangeState.ACKNOWLEDGED),
        (Outcome.DUPLICATE, ChangeState.ACKNOWLEDGED),
        (Outcome.MERGED, ChangeState.ACKNOWLEDGED),
        (Outcome.CONFLICT, ChangeState.ACKNOWLEDGED),
        (Outcome.HELD, ChangeState.ACKNOWLEDGED),
        (Outcome.REJECTED, ChangeState.ATTENTION),
    ],
)
def test_each_outcome_leads_to_its_state(outcome: Outcome, state: ChangeState) -> None:
    settled = settlement("a", Receipt("a", outcome))
    assert settled is not None
    assert settled.state is state


def test_retry_leaves_the_change_waiting(outbox: MemoryOutbox, remote: MemoryRemote) -> None:
    fill(outbox, "a", "b")
    remote.answers["a"] = lambda one: Receipt(one.id, Outcome.RETRY)
    report = push(outbox, remote, Limits(), NOW)
    assert [one.id for one in outbox.waiting(0, 10)] == ["a"]
    assert (report.acknowledged, report.left) == (1, 1)


def test_a_duplicate_of_a_refused_change_is_refused() -> None:
    error = {"code": "unknown_category"}
    first = {"outcome": "rejected", "error": error}
    settled = settlement("a", Receipt("a", Outcome.DUPLICATE, first=first))
    assert settled is not None
    assert (settled.state, settled.error) == (ChangeState.ATTENTION, error)


def test_a_change_without_a_receipt_is_not_acknowledged(
    outbox: MemoryOutbox, remote: MemoryRemote
) -> None:
    fill(outbox, "a", "b")
    remote.answers["a"] = lambda _: Receipt("somebody else's", Outcome.APPLIED)
    report = push(outbox, remote, Limits(), NOW)
    assert [one.id for one in outbox.waiting(0, 10)] == ["a"]
    assert report.left == 1


def test_a_receipt_without_an_id_is_matched_by_its_index(
    outbox: MemoryOutbox, remote: MemoryRemote
) -> None:
    fill(outbox, "a", "b")
    remote.answers["b"] = lambda _: Receipt(None, Outcome.REJECTED, index=1)
    push(outbox, remote, Limits(), NOW)
    assert outbox.state("a") is ChangeState.ACKNOWLEDGED
    assert outbox.state("b") is ChangeState.ATTENTION


def test_an_answer_lost_on_the_way_sends_the_same_changes_again(
    outbox: MemoryOutbox, remote: MemoryRemote
) -> None:
    fill(outbox, "a")
    remote.lose_answer_once("push")
    with pytest.raises(LinkDown):
        push(outbox, remote, Limits(), NOW)
    outbox.recover()
    push(outbox, remote, Limits(), NOW)
    assert outbox.state("a") is ChangeState.ACKNOWLEDGED
    assert len(remote.changes) == 1


def test_a_batch_keeps_to_both_limits() -> None:
    changes = [change(str(number)) for number in range(450)]
    by_number = list(batches(changes, Limits()))
    assert [len(batch) for batch in by_number] == [200, 200, 50]
    long = [change(str(number), {"description": "字" * 1000}) for number in range(100)]
    by_size = list(batches(long, Limits(push_bytes=50_000)))
    assert all(sum(map(wire_size, batch)) <= 50_000 for batch in by_size)
    assert sum(map(len, by_size)) == 100


def test_a_batch_too_large_for_the_server_is_halved(
    outbox: MemoryOutbox, remote: MemoryRemote
) -> None:
    fill(outbox, *"abcdefgh")
    remote.limits = Limits(push_changes=3)  # it has changed since it said hello
    push(outbox, remote, Limits(push_changes=8), NOW)
    assert len(remote.changes) == 8
    assert len(remote.log) == 7  # 8, twice 4, four times 2


def test_a_single_change_too_large_needs_attention(
    outbox: MemoryOutbox, remote: MemoryRemote
) -> None:
    fill(outbox, "a", "b")
    _refuse_batches_with(remote, "a", ServerSaidNo(413, "too_large"))
    push(outbox, remote, Limits(), NOW)
    assert outbox.state("a") is ChangeState.ATTENTION
    assert outbox.state("b") is ChangeState.ACKNOWLEDGED


def test_after_a_bad_request_changes_go_one_by_one(
    outbox: MemoryOutbox, remote: MemoryRemote
) -> None:
    fill(outbox, "a", "b", "c")
    _refuse_batches_with(remote, "b", ServerSaidNo(400, "malformed"))
    push(outbox, remote, Limits(), NOW)
    assert remote.log == ["push"] * 4
    states = [outbox.state(name) for name in "abc"]
    assert states == [
        ChangeState.ACKNOWLEDGED,
        ChangeState.ATTENTION,
        ChangeState.ACKNOWLEDGED,
    ]
    settled = outbox.kept["b"].settlement
    assert settled is not None
    assert settled.error is not None
    assert settled.error["code"] == "malformed"


def test_a_change_that_makes_the_server_fail_blocks_only_itself(
    outbox: MemoryOutbox, remote: MemoryRemote
) -> None:
    fill(outbox, *"abcdefgh")
    _refuse_batches_with(remote, "c", ServerSaidNo(500, "server_error"))
    report = push(outbox, remote, Limits(), NOW)
    assert [one.id for one in outbox.waiting(0, 10)] == ["c"]
    assert report.failure is not None
    assert report.acknowledged == 7


def test_a_server_that_fails_at_everything_is_left_in_peace(
    outbox: MemoryOutbox, remote: MemoryRemote
) -> None:
    fill(outbox, *(f"change-{number}" for number in range(200)))

    def fail(*_: object) -> None:
        raise ServerSaidNo(500, "server_error")

    remote.before["push"] = fail
    with pytest.raises(ServerSaidNo):
        push(outbox, remote, Limits(), NOW)
    assert len(remote.log) < 20
    assert len(outbox.waiting(0, 1000)) == 200


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_refusal_of_the_caller_keeps_everything(
    outbox: MemoryOutbox, remote: MemoryRemote, status: int
) -> None:
    fill(outbox, "a")
    remote.fail_once("push", ServerSaidNo(status, "slow_down", retry_after=30))
    with pytest.raises(ServerSaidNo):
        push(outbox, remote, Limits(), NOW)
    assert len(outbox.waiting(0, 10)) == 1


def _refuse_batches_with(remote: MemoryRemote, name: str, error: ServerSaidNo) -> None:
    def refuse(changes: list[Change], _status: object) -> None:
        if any(one.id == name for one in changes):
            raise error

    remote.before["push"] = refuse
