"""Receiving: pages of the feed, the comparison of digests, and whole scopes as snapshots."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sync.remote import LinkDown, Page, Remote, Row, ScopeDigest, ServerSaidNo

PAGE_ROWS = 1000


class Replica(Protocol):
    """The device's copy of the scopes that the person may hold."""

    def cursors(self) -> Sequence[str]: ...

    def epoch(self) -> str | None: ...

    def set_epoch(self, epoch: str) -> None: ...

    def scopes(self) -> Sequence[str]: ...

    def apply_page(self, page: Page) -> None:
        """Write the rows and the cursor in one transaction."""
        ...

    def load_scope(self, scope: str, rows: Iterator[Row], count: int) -> None:
        """Put `rows` in the place of the scope, at once when all are there; else leave it alone.

        Raises `LinkDown` when there are not `count` rows.
        """
        ...

    def set_cursors(self, cursors: Sequence[str]) -> None: ...

    def drop_scope(self, scope: str) -> bool:
        """Drop rows without unsent work; return whether the scope is gone altogether."""
        ...

    def digest(self, scope: str) -> ScopeDigest: ...


@dataclass
class PullReport:
    """What came. `requests` are wishes of the server; `repaired` scopes had differed."""

    rows: int = 0
    pages: int = 0
    requests: tuple[str, ...] = ()
    repaired: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


def pull(replica: Replica, remote: Remote) -> PullReport:
    """Fetch pages until there are no more, then compare digests and mend what differs.

    A 410 passes through as `ServerSaidNo`; the round decides what to do about it.
    """
    report = PullReport()
    while True:
        page = remote.pull(replica.cursors(), PAGE_ROWS)
        replica.apply_page(page)
        report.rows += len(page.rows)
        report.pages += 1
        if not page.more:
            break
    report.requests = tuple(page.requests)
    for scope in replica.scopes():
        if scope not in page.scopes and replica.drop_scope(scope):
            report.dropped.append(scope)
    report.repaired = _repair(replica, remote, page)
    return report


def _repair(replica: Replica, remote: Remote, page: Page) -> list[str]:
    different = [
        scope
        for scope, theirs in page.digests.items()
        if scope in page.scopes and replica.digest(scope) != theirs
    ]
    for scope in different:
        _load(replica, remote, scope)
    return different


def start_over(replica: Replica, remote: Remote) -> None:
    """Load every scope the device knows as a snapshot; scopes it may no longer hold go.

    Without any scope (nothing was ever pulled) the next pull simply begins at the beginning.
    """
    cursors: list[str] = []
    for scope in replica.scopes():
        try:
            cursors.append(_load(replica, remote, scope))
        except ServerSaidNo as no:
            if no.status not in (403, 404):
                raise
            replica.drop_scope(scope)
    replica.set_cursors(cursors)


def _load(replica: Replica, remote: Remote, scope: str) -> str:
    snapshot = remote.snapshot(scope)
    if snapshot.scope != scope:
        raise LinkDown(f"asked for {scope}, got {snapshot.scope}")
    replica.load_scope(scope, snapshot.rows, snapshot.count)
    return snapshot.cursor
