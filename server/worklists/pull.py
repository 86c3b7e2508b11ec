"""One page of the feed for one person on one device (`docs/protocol.md`, Pull)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.accounts.devices import sync_is_awaited
from server.accounts.models import DeviceStatus
from server.feed import transaction
from server.feed.epoch import current_epoch
from server.feed.models import ScopeCounter
from server.feed.reading import read_at_one_moment
from server.worklists.cursors import Cursor, merge_cursors, write_cursor
from server.worklists.rows import as_sent, counters_of, rows_after
from server.worklists.scopes import scopes_of
from sync.digests import as_hex
from sync.errors import Refused

DEFAULT_ROWS = 500
MOST_ROWS = 2000
_NOTE_PULL_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    cursor: str
    more: bool
    requests: list[str]
    scopes: list[str]
    digests: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        shape = {
            "rows": self.rows,
            "cursor": self.cursor,
            "more": self.more,
            "requests": self.requests,
            "scopes": self.scopes,
        }
        return shape if self.digests is None else shape | {"digests": self.digests}


def next_page(secret: str, actor: Actor, cursors: Sequence[str], limit: int, now: datetime) -> Page:
    """Return up to `limit` rows behind `cursors`, read at one moment.

    Raises `Refused`: `bad_cursor`, `epoch_changed`, `cursor_expired`.
    """
    session = read_at_one_moment()
    epoch = current_epoch() or ""
    places = merge_cursors(secret, cursors, epoch)
    scopes = scopes_of(session, actor)
    counters = counters_of(session, scopes)
    for scope in scopes:
        _check_place(places.get(scope, 0), counters.get(scope))
    rows: list[Any] = []
    reached: dict[str, int] = {}
    for scope in scopes:
        last = counters[scope].seq if scope in counters else 0
        place = places.get(scope, 0)
        room = limit - len(rows)
        if place < last and room > 0:
            found = rows_after(session, scope, place, room)
            rows += [as_sent(row, actor, now) for row in found]
            place = found[-1].seq if len(found) == room else last
        reached[scope] = place
    more = any(reached[scope] < counter.seq for scope, counter in counters.items())
    return Page(
        rows=rows,
        cursor=write_cursor(secret, Cursor(epoch, reached)),
        more=more,
        requests=_requests(session, actor),
        scopes=scopes,
        digests=None if more else _digests(scopes, counters),
    )


def note_pull(actor: Actor, now: datetime) -> None:
    """Write down that the device has pulled; at most every few minutes, for it is a write."""
    with transaction() as session:
        session.execute(
            update(DeviceStatus)
            .where(
                DeviceStatus.device_id == actor.device_id,
                DeviceStatus.person_id == actor.person_id,
            )
            .values(last_pull_at=now)
        )


def pull_is_noted(session: Session, actor: Actor, now: datetime) -> bool:
    """Say whether `note_pull` may be left out: noted lately, or nothing to note it in."""
    status = session.get(DeviceStatus, (actor.device_id, actor.person_id))
    if status is None:
        return True
    return status.last_pull_at is not None and now - status.last_pull_at < _NOTE_PULL_EVERY


def _check_place(place: int, counter: ScopeCounter | None) -> None:
    if place == 0:
        return
    if counter is None or place > counter.seq:
        raise Refused("epoch_changed")  # we have never been that far: history went back
    if place < counter.forgotten_seq:
        raise Refused("cursor_expired")


def _digests(scopes: list[str], counters: dict[str, ScopeCounter]) -> dict[str, Any]:
    empty = {"count": 0, "digest": as_hex(0)}
    return {
        scope: {"count": counters[scope].live_count, "digest": counters[scope].live_digest}
        if scope in counters
        else empty
        for scope in scopes
    }


def _requests(session: Session, actor: Actor) -> list[str]:
    """Return what the server wishes of the device: `sync` when somebody asked for its records."""
    status = session.get(DeviceStatus, (actor.device_id, actor.person_id))
    return ["sync"] if status is not None and sync_is_awaited(status) else []
