"""Storing what came before anything is done with it: insert first, never check then insert.

The primary key decides which of two pushes of the same change is the first, whichever process they
reach. What was there already is answered with the receipt that was given then.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from server.bulk import insert_rows
from server.errors import error_json
from server.ingest.batch import Batch, Standing, Waiting, new_standing, standing_of
from server.ingest.envelope import Incoming, read_stored
from server.ingest.models import ReceivedChange, UnreadableChange
from sync.bodies import ChangeWithdraw
from sync.checks import parse_instant
from sync.errors import Refused
from sync.messages import Outcome, Receipt

N_REPEATED = "n_repeated"


def take_in(batch: Batch, arrived: Iterable[Incoming], last_n: int) -> list[Incoming]:
    """Store what came and return what is new, in its order; the rest has its receipt.

    `last_n` is the highest counter seen from this (device, person) so far.
    """
    firsts: dict[str, Incoming] = {}
    for incoming in arrived:
        if incoming.id is None:
            _keep_unreadable(batch, incoming)
        elif incoming.id in firsts:
            batch.repeats.append(incoming)
        else:
            firsts[incoming.id] = incoming
    taken = _insert(batch, firsts)
    _answer_known(batch, [one for one in firsts.values() if one.id not in taken])
    fresh = [one for one in firsts.values() if one.id in taken]
    _flag_repeated_n(batch, fresh, last_n)
    load_context(batch, fresh)
    return fresh


def load_held(batch: Batch, change_ids: Iterable[str]) -> None:
    """Bring in the changes that wait for any of `change_ids`."""
    query = select(ReceivedChange).where(
        ReceivedChange.outcome == str(Outcome.HELD), ReceivedChange.previous.in_(list(change_ids))
    )
    for row in batch.session.scalars(query.order_by(ReceivedChange.n)):
        if row.id in batch.standings:
            continue
        batch.follow(standing_of(row))
        waiting = Waiting(read_stored(row.raw), row.person_id)
        batch.held.setdefault(row.previous or "", []).append(waiting)


def photos_of_waiting(session: Session, person_id: str) -> frozenset[str]:
    """Return the photos that held changes of a person name: no record does so yet.

    Else a device would send them again at every sync until the change that is waited for comes.
    """
    query = select(ReceivedChange.raw).where(
        ReceivedChange.outcome == str(Outcome.HELD), ReceivedChange.person_id == person_id
    )
    changes = (read_stored(raw).change for raw in session.scalars(query))
    return frozenset(photo.sha256 for change in changes if change for photo in change.photos)


def answer_repeats(batch: Batch) -> None:
    """Answer what this push carries more than once, now that the first of each has its receipt."""
    firsts = {one.id: one for one in batch.arrived}
    for incoming in batch.repeats:
        first = firsts[incoming.id]
        standing = batch.standings.get(incoming.id or "")
        if first.content_hash != incoming.content_hash:
            _refuse_reused(batch, incoming)
        elif standing is None or standing.outcome is Outcome.RETRY:
            batch.receipts[incoming.index] = Receipt(incoming.id, Outcome.RETRY)
        else:
            batch.receipts[incoming.index] = _duplicate(standing)


def _insert(batch: Batch, firsts: dict[str, Incoming]) -> set[str]:
    if not firsts:
        return set()
    rows = []
    for change_id in sorted(firsts):  # in one order, or two pushes could wait for each other
        incoming = firsts[change_id]
        standing = new_standing(batch, incoming)
        batch.follow(standing)
        rows.append(_row(batch, incoming, standing))
    table: Table = ReceivedChange.__table__  # type: ignore[assignment]
    inserted = insert_rows(batch.session, table, rows, on_conflict="DO NOTHING")
    taken = set(firsts) if inserted == len(rows) else _just_taken(batch, firsts)
    for change_id in firsts.keys() - taken:
        del batch.standings[change_id]
    return taken


def _just_taken(batch: Batch, firsts: dict[str, Incoming]) -> set[str]:
    """Return which ids this push has inserted: nothing committed has the outcome `retry`."""
    query = select(ReceivedChange.id).where(
        ReceivedChange.id.in_(list(firsts)), ReceivedChange.outcome == str(Outcome.RETRY)
    )
    return set(batch.session.scalars(query))


def _row(batch: Batch, incoming: Incoming, standing: Standing) -> dict[str, Any]:
    change = incoming.change
    return {
        "id": incoming.id,
        "content_hash": incoming.content_hash,
        "person_id": standing.person_id,
        "device_id": standing.device_id,
        "n": standing.n,
        "kind": standing.kind,
        "record_id": standing.record_id,
        "previous": change.previous if change else None,
        "replaces": change.replaces if change else None,
        "outcome": str(standing.outcome),
        "receipt": {},
        "flags": [],
        "version": 1,
        "observed_at": parse_instant(change.observed_at) if change else None,
        "clock_skew_ms": batch.skew_ms,
        "received_at": batch.now,
        "raw": incoming.text,
    }


def _keep_unreadable(batch: Batch, incoming: Incoming) -> None:
    """Keep what has no id of its own, once per content."""
    table: Table = UnreadableChange.__table__  # type: ignore[assignment]
    row = {
        "person_id": batch.actor.person_id,
        "device_id": batch.device_id,
        "received_at": batch.now,
        "content_hash": incoming.content_hash,
        "raw": incoming.text,
    }
    insert_rows(batch.session, table, [row], on_conflict="DO NOTHING")
    if incoming.id is None:
        assert incoming.error is not None
        error = error_json(incoming.error)
        batch.receipts[incoming.index] = Receipt(
            None, Outcome.REJECTED, error=error, index=incoming.index
        )


def _answer_known(batch: Batch, known: list[Incoming]) -> None:
    if not known:
        return
    ids = [incoming.id for incoming in known]
    query = select(ReceivedChange).where(ReceivedChange.id.in_(ids))
    rows = {row.id: row for row in batch.session.scalars(query)}
    for incoming in known:
        row = rows[incoming.id or ""]
        own = row.person_id == batch.actor.person_id
        if not own or row.content_hash != incoming.content_hash:
            _refuse_reused(batch, incoming)
            continue
        standing = standing_of(row)
        batch.follow(standing)
        batch.receipts[incoming.index] = _duplicate(standing)


def _duplicate(standing: Standing) -> Receipt:
    return Receipt(
        standing.id, Outcome.DUPLICATE, record_id=standing.record_id, first=standing.receipt
    )


def _refuse_reused(batch: Batch, incoming: Incoming) -> None:
    """Refuse other content under a known id; it is kept as well, since nobody else has it."""
    _keep_unreadable(batch, incoming)
    error = error_json(Refused("change_reused"))
    batch.receipts[incoming.index] = Receipt(incoming.id, Outcome.REJECTED, error=error)


def _flag_repeated_n(batch: Batch, fresh: list[Incoming], last_n: int) -> None:
    """Flag changes whose counter another change has used: the device was restored from a copy."""
    by_n: dict[int, list[str]] = {}
    for incoming in fresh:
        if incoming.change and incoming.id:
            by_n.setdefault(incoming.change.n, []).append(incoming.id)
    used = {n for n, ids in by_n.items() if len(ids) > 1}
    below = [n for n in by_n if n <= last_n]
    if below:
        query = select(ReceivedChange.n).where(
            ReceivedChange.device_id == batch.device_id,
            ReceivedChange.person_id == batch.actor.person_id,
            ReceivedChange.n.in_(below),
            ReceivedChange.id.not_in([one.id for one in fresh]),
        )
        used |= set(batch.session.scalars(query))  # type: ignore[arg-type]
    for n in used:
        for change_id in by_n[n]:
            batch.standings[change_id].flags.append(N_REPEATED)


def load_context(batch: Batch, fresh: list[Incoming]) -> None:
    """Bring in what the new changes point at, and what waits for them."""
    wanted: set[str] = set()
    released: set[str] = {one.id for one in fresh if one.id}
    for incoming in fresh:
        change = incoming.change
        if change is None:
            continue
        targets = {change.replaces}
        if isinstance(incoming.body, ChangeWithdraw):
            targets.add(incoming.body.change_id)
        released |= {target for target in targets if target}
        wanted |= {target for target in (*targets, change.previous) if target}
    while missing := wanted - batch.standings.keys():
        found = batch.session.scalars(
            select(ReceivedChange).where(ReceivedChange.id.in_(missing))
        ).all()
        for row in found:
            batch.follow(standing_of(row))
            if row.id in released and row.replaces:
                released.add(row.replaces)  # a mend of a mend sets the first one's followers free
        wanted = {other for row in found for other in (row.replaced_by, row.replaces) if other}
    if released:
        load_held(batch, released)
