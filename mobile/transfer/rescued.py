"""Sending what was taken in from other devices' rescue packages (`docs/rescue-package.md`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from mobile.store.person_store import PersonStore
from mobile.store.rescued import rescued_outboxes
from mobile.transfer.remote import HttpRemote
from sync.messages import Change, Receipt
from sync.outbox import push
from sync.remote import UnsentStatus


@dataclass(frozen=True)
class _InItsName:
    """The server as another device's changes see it: implements `sync.outbox.Pusher`."""

    remote: HttpRemote
    device_id: str

    def push(self, changes: Sequence[Change], status: UnsentStatus) -> Sequence[Receipt]:
        return self.remote.push_rescued(self.device_id, changes, status)


def push_rescued(store: PersonStore, remote: HttpRemote) -> int:
    """Push what waits of other devices, unchanged; return how many changes were settled.

    Nothing is asked of the server when there is none. Raises what a push raises.
    """
    settled = 0
    outboxes = rescued_outboxes(store)
    if not outboxes:
        return 0
    hello = remote.hello()
    for outbox in outboxes:
        carrier = _InItsName(remote, outbox.device_id)
        report = push(outbox, carrier, hello.limits, hello.server_time)
        settled += report.acknowledged + report.attention
    return settled
