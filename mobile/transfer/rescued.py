"""Sending what was taken in from other devices' rescue packages (`docs/rescue-package.md`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mobile.store.person_store import PersonStore
from mobile.store.rescued import rescued_outboxes
from mobile.transfer.remote import HttpRemote
from sync.messages import Change, Receipt
from sync.outbox import push
from sync.remote import Limits, UnsentStatus


@dataclass(frozen=True)
class _InItsName:
    """The server as another device's changes see it: implements `sync.outbox.Pusher`."""

    remote: HttpRemote
    device_id: str

    def push(self, changes: Sequence[Change], status: UnsentStatus) -> Sequence[Receipt]:
        return self.remote.push_rescued(self.device_id, changes, status)


def push_rescued(store: PersonStore, remote: HttpRemote, now: datetime) -> int:
    """Push what waits of other devices, unchanged; return how many changes were settled.

    Nothing is asked of the server when there is none. Raises what a push raises.
    """
    settled = 0
    for outbox in rescued_outboxes(store):
        report = push(outbox, _InItsName(remote, outbox.device_id), Limits(), now)
        settled += report.acknowledged + report.attention
    return settled
