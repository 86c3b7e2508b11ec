"""Sending changes, and what each answer means for the device (`docs/protocol.md`, Push)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sync.messages import SETTLING, Change, Json, Outcome, Receipt
from sync.remote import Limits, ServerSaidNo, UnsentStatus

FAILED_REQUESTS_PER_ROUND = 16
_LOOK_AHEAD = 1000
_ENVELOPE = 512  # device_id, sent_at and status around the changes


class ChangeState(StrEnum):
    """Where a change stands on the device."""

    WAITING = "waiting"
    SENDING = "sending"
    ACKNOWLEDGED = "acknowledged"
    ATTENTION = "attention"  # refused: a person mends or withdraws it
    WITHDRAWN = "withdrawn"
    MENDED = "mended"  # refused, and another change has taken its place


@dataclass(frozen=True)
class Settlement:
    """What one receipt does to one change."""

    change_id: str
    state: ChangeState
    outcome: Outcome
    version: int | None = None
    error: Json | None = None


class Outbox(Protocol):
    """The device's queue of changes, in the order of their `n`."""

    def waiting(self, after_n: int, limit: int) -> Sequence[Change]:
        """Return unsent changes with `n` above `after_n`, lowest first."""
        ...

    def mark_sending(self, change_ids: Sequence[str]) -> None: ...

    def settle(self, settlements: Sequence[Settlement], now: datetime) -> None:
        """Write what the server said, in one transaction. Unknown ids are passed over."""
        ...

    def unsent_status(self) -> UnsentStatus: ...


class Pusher(Protocol):
    """That part of `sync.remote.Remote` which takes changes."""

    def push(self, changes: Sequence[Change], status: UnsentStatus) -> Sequence[Receipt]: ...


@dataclass
class PushReport:
    """What one round of pushing did. `left` counts changes that must go again later."""

    acknowledged: int = 0
    attention: int = 0
    left: int = 0
    failure: ServerSaidNo | None = None


def settlement(change_id: str, receipt: Receipt) -> Settlement | None:
    """Return what `receipt` does to the change, or None when it has to be sent again."""
    outcome, error = receipt.outcome, receipt.error
    if outcome is Outcome.DUPLICATE and receipt.first:
        # The lost first answer counts: a change that was refused then is refused now.
        outcome = Outcome(receipt.first.get("outcome", Outcome.APPLIED))
        error = receipt.first.get("error", error)
    if outcome is Outcome.RETRY:
        return None
    if outcome is Outcome.REJECTED:
        return Settlement(change_id, ChangeState.ATTENTION, outcome, error=error)
    assert outcome in SETTLING
    version = receipt.version
    if version is None and receipt.first:
        version = receipt.first.get("version")
    return Settlement(change_id, ChangeState.ACKNOWLEDGED, outcome, version, error)


def wire_size(change: Change) -> int:
    """Return the bytes that a change takes in a push."""
    return len(json.dumps(change.as_json(), ensure_ascii=False).encode()) + 2


def batches(changes: Sequence[Change], limits: Limits) -> Iterator[Sequence[Change]]:
    """Cut changes into pushes that the server takes; a change too big for any goes alone."""
    batch: list[Change] = []
    size = _ENVELOPE
    for change in changes:
        its_size = wire_size(change)
        if batch and (len(batch) == limits.push_changes or size + its_size > limits.push_bytes):
            yield batch
            batch, size = [], _ENVELOPE
        batch.append(change)
        size += its_size
    if batch:
        yield batch


def push(outbox: Outbox, remote: Pusher, limits: Limits, now: datetime) -> PushReport:
    """Send everything that waits. `LinkDown` and `SignInNeeded` pass through.

    A change that makes the server fail stays where it is and is reported as `failure`; the ones
    behind it are sent all the same.
    """
    pushing = _Pushing(outbox, remote, now, PushReport())
    after = 0
    while changes := outbox.waiting(after, min(_LOOK_AHEAD, limits.push_changes * 5)):
        after = changes[-1].n
        for batch in batches(changes, limits):
            pushing.send(batch)
    return pushing.report


@dataclass
class _Pushing:
    outbox: Outbox
    remote: Pusher
    now: datetime
    report: PushReport
    failed_requests: int = 0

    def send(self, batch: Sequence[Change]) -> None:
        self.outbox.mark_sending([change.id for change in batch])
        try:
            receipts = self.remote.push(batch, self.outbox.unsent_status())
        except ServerSaidNo as no:
            self._take_refusal(batch, no)
            return
        settlements = list(_settlements(batch, receipts))
        # Settle only after the server has answered. If the link drops between these two lines
        # the same changes go again, and the server, knowing their ids, returns the same receipts.
        self.outbox.settle(settlements, self.now)
        refused = sum(1 for one in settlements if one.state is ChangeState.ATTENTION)
        self.report.attention += refused
        self.report.acknowledged += len(settlements) - refused
        self.report.left += len(batch) - len(settlements)

    def _take_refusal(self, batch: Sequence[Change], no: ServerSaidNo) -> None:
        """Act on a refused request: cut it up, quarantine a single change, or give up for now."""
        blames_content = no.status in (400, 413) and no.code != "unsupported_protocol"
        if blames_content and len(batch) == 1:
            self._quarantine(batch[0], no)
        elif blames_content or (no.status >= 500 and no.status != 503):
            self._cut_up(batch, no, blames_content=blames_content)
        else:
            raise no

    def _cut_up(self, batch: Sequence[Change], no: ServerSaidNo, *, blames_content: bool) -> None:
        if not blames_content:
            self.failed_requests += 1
            self.report.failure = no
            # A server that fails at everything is left in peace until the next round.
            if self.failed_requests > FAILED_REQUESTS_PER_ROUND:
                raise no
        if len(batch) == 1:
            self.report.left += 1
            return
        step = 1 if no.status == 400 else (len(batch) + 1) // 2
        for start in range(0, len(batch), step):
            self.send(batch[start : start + step])

    def _quarantine(self, change: Change, no: ServerSaidNo) -> None:
        error = no.as_error()
        refused = Settlement(change.id, ChangeState.ATTENTION, Outcome.REJECTED, error=error)
        self.outbox.settle([refused], self.now)
        self.report.attention += 1


def _settlements(batch: Sequence[Change], receipts: Sequence[Receipt]) -> Iterator[Settlement]:
    """Match receipts to the changes of the batch; what is absent was not acknowledged."""
    ours = {change.id for change in batch}
    for receipt in receipts:
        change_id = receipt.change_id
        if change_id is None and receipt.index is not None and receipt.index < len(batch):
            change_id = batch[receipt.index].id
        if change_id is None or change_id not in ours:
            continue
        ours.discard(change_id)
        one = settlement(change_id, receipt)
        if one is not None:
            yield one
