"""One round between device and server: hello, push, pull, photos, in this order.

Records go before everything else; pages come before photos, so that on a slow link the work list
is fresh while pictures still travel. Nothing here knows HTTP, SQLite or the clock.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sync.outbox import Outbox, PushReport, push
from sync.pages import PullReport, Replica, pull, start_over
from sync.photos import PhotoQueue, PhotoReport, Travel, send_photos
from sync.remote import Hello, Remote, ServerSaidNo
from sync.versions import check_hello

KEEP_ACKNOWLEDGED = timedelta(days=30)


class Step(StrEnum):
    """What a round is doing, for those who watch."""

    SENDING = "sending"
    RECEIVING = "receiving"
    PHOTOS = "photos"


class DeviceOutbox(Outbox, Protocol):
    """An outbox that can go back to what it had settled."""

    def send_again(self, since: datetime) -> int:
        """Let changes acknowledged since then wait again; return how many."""
        ...

    def mark_reflected(self, before: datetime) -> None:
        """Note that a whole pull came after the changes acknowledged before this moment."""
        ...


class DevicePhotos(PhotoQueue, Protocol):
    def ask_again(self) -> None:
        """Treat every original still held here as not verified."""
        ...


class LocalStore(Protocol):
    """What a round needs of one person's store."""

    @property
    def outbox(self) -> DeviceOutbox: ...

    @property
    def photos(self) -> DevicePhotos: ...

    @property
    def replica(self) -> Replica: ...


@dataclass(frozen=True)
class Conditions:
    """Under which a round runs: the app's version, and how photos may travel now.

    What a round writes down has the server's time: a phone's clock may be years off.
    """

    app_version: str
    photos_allowed: bool
    piece_bytes: int
    interrupted: Callable[[], bool]
    watch: Callable[[Step], None]


@dataclass
class RoundReport:
    push: PushReport = field(default_factory=PushReport)
    pull: PullReport = field(default_factory=PullReport)
    photos: PhotoReport = field(default_factory=PhotoReport)
    started_over: bool = False
    server_time: datetime | None = None

    @property
    def failure(self) -> ServerSaidNo | None:
        """What single changes or photos met; everything else in the round was done."""
        return self.push.failure or self.photos.failure

    @property
    def unfinished(self) -> bool:
        """Whether another round should follow soon: photos were put off, or more are queued."""
        more_queued = self.photos.verified > 0 and self.photos.left > 0
        return self.photos.interrupted or more_queued


def run_round(store: LocalStore, remote: Remote, conditions: Conditions) -> RoundReport:
    """Run one round. Raises `LinkDown`, `ServerSaidNo`, `SignInNeeded`, `Refused`."""
    report = RoundReport()
    hello = remote.hello()
    check_hello(hello, conditions.app_version)
    report.server_time = hello.server_time
    report.started_over = _meet_epoch(store, remote, hello)
    conditions.watch(Step.SENDING)
    report.push = push(store.outbox, remote, hello.limits, hello.server_time)
    conditions.watch(Step.RECEIVING)
    report.pull = _receive(store, remote, hello, report)
    if conditions.photos_allowed:
        conditions.watch(Step.PHOTOS)
        report.photos = send_photos(
            store.photos,
            remote,
            hello.limits,
            Travel(conditions.piece_bytes, conditions.interrupted),
            hello.server_time,
        )
    if "sync" in report.pull.requests or report.photos.verified:
        # Nothing to send is an answer too: somebody waits for it, or still sees the photos unsent.
        remote.push((), store.outbox.unsent_status())
    return report


def _meet_epoch(store: LocalStore, remote: Remote, hello: Hello) -> bool:
    """Start over when the server's history may have gone back; return whether it did.

    Asked before the push: new changes must not arrive ahead of the older ones that the server
    may have lost. The epoch is written last, so that a cut link leads here again.
    """
    known = store.replica.epoch()
    if known == hello.epoch:
        return False
    if known is not None:
        store.outbox.send_again(hello.server_time - KEEP_ACKNOWLEDGED)
        store.photos.ask_again()
        start_over(store.replica, remote)
    store.replica.set_epoch(hello.epoch)
    return known is not None


def _receive(
    store: LocalStore,
    remote: Remote,
    hello: Hello,
    report: RoundReport,
) -> PullReport:
    started = hello.server_time
    try:
        pulled = pull(store.replica, remote)
    except ServerSaidNo as no:
        if no.code == "epoch_changed":
            # It changed between hello and pull: what was acknowledged goes again, now.
            store.outbox.send_again(hello.server_time - KEEP_ACKNOWLEDGED)
            store.photos.ask_again()
            report.push = push(store.outbox, remote, hello.limits, hello.server_time)
            hello = remote.hello()
        elif no.code not in ("cursor_expired", "bad_cursor"):
            raise
        start_over(store.replica, remote)
        store.replica.set_epoch(hello.epoch)
        report.started_over = True
        pulled = pull(store.replica, remote)
    store.outbox.mark_reflected(started)
    return pulled
