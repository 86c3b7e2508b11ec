"""One scope as a file: gzip NDJSON that a device can fetch in parts (`docs/protocol.md`, Snapshot).

The file is kept for a while under a name made from its contents' place in the feed, so that a
device on a bad link can go on where it stopped although others write meanwhile.
"""

import gzip
import hashlib
import secrets
import time
from datetime import datetime
from pathlib import Path

import orjson
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.feed.epoch import current_epoch
from server.feed.models import ScopeCounter
from server.feed.reading import read_at_one_moment
from server.worklists.cursors import Cursor, write_cursor
from server.worklists.rows import as_sent, live_rows
from server.worklists.scopes import scopes_of
from sync.digests import as_hex
from sync.errors import Refused

KEEP_S = 3600
_LEVEL = 3  # a third of the time of 6, a tenth larger


def snapshot_file(
    folder: Path, secret: str, actor: Actor, scope: str, now: datetime, wanted: str | None
) -> tuple[Path, str]:
    """Return the file of `scope` for `actor`, and its ETag.

    `wanted` is the ETag of a file begun earlier; while that is still kept it is returned again.
    Raises `Refused("not_found")` for a scope that the person may not hold.
    """
    session = read_at_one_moment()
    if scope not in scopes_of(session, actor):
        raise Refused("not_found")
    folder.mkdir(parents=True, exist_ok=True)
    owner = _short(scope, actor.person_id)
    if wanted and wanted.isalnum():
        begun = folder / f"{owner}-{wanted}"
        if begun.exists():
            return begun, wanted
    counter = session.get(ScopeCounter, scope) or ScopeCounter(
        scope=scope, seq=0, live_count=0, live_digest=as_hex(0)
    )
    epoch = current_epoch() or ""
    etag = _short(epoch, str(counter.seq), scope, repr(actor))
    path = folder / f"{owner}-{etag}"
    if not path.exists():
        _forget_old(folder)
        head = {
            "scope": scope,
            "epoch": epoch,
            "cursor": write_cursor(secret, Cursor(epoch, {scope: counter.seq})),
            "count": counter.live_count,
            "digest": counter.live_digest,
        }
        _write(path, session, actor, scope, head, now)
    return path, etag


def _write(
    path: Path, session: Session, actor: Actor, scope: str, head: dict[str, object], now: datetime
) -> None:
    """Write the file aside and put it in place whole: two requests may make it at once."""
    aside = path.with_name(f"making-{secrets.token_hex(8)}")
    with (
        aside.open("wb") as file,
        gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed,
    ):
        _write_lines(packed, session, actor, scope, head, now)
    aside.replace(path)


def _write_lines(
    file: gzip.GzipFile,
    session: Session,
    actor: Actor,
    scope: str,
    head: dict[str, object],
    now: datetime,
) -> None:
    line = orjson.OPT_APPEND_NEWLINE
    file.write(orjson.dumps(head, option=line))
    for row in live_rows(session, scope):
        file.write(orjson.dumps(as_sent(row, actor, now), option=line))
    file.write(orjson.dumps({"end": True}, option=line))


def _short(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _forget_old(folder: Path) -> None:
    for path in folder.iterdir():
        try:
            if path.stat().st_mtime < time.time() - KEEP_S:
                path.unlink()
        except FileNotFoundError:
            continue  # another process was faster
