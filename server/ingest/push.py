"""Taking in a push: one transaction, a receipt for every change (`docs/protocol.md`, Push)."""

import random
import time
from datetime import datetime

import structlog
from sqlalchemy.exc import OperationalError

from server.accounts.actor import Actor
from server.cases.ledger import prefetch
from server.feed import transaction
from server.ingest.batch import Batch
from server.ingest.carrying import carry_out
from server.ingest.device_status import ensure_device, lock_status, note_push
from server.ingest.envelope import Incoming, Push
from server.ingest.kinds import KINDS
from server.ingest.settling import final_receipt, write_standings
from server.ingest.taking_in import answer_repeats, take_in
from sync.errors import Refused
from sync.messages import Outcome, Receipt

log = structlog.get_logger()

TRIES = 3
RESCUED = "rescued"
_PAUSE_S = 0.05
_CASE_KINDS = frozenset(str(kind) for kind, rule in KINDS.items() if rule.on_case)


def receive(
    actor: Actor, push: Push, now: datetime, *, former_areas: tuple[str, ...] = ()
) -> list[Receipt]:
    """Carry out a push and return its receipts, in the order of its changes.

    First everything together, without savepoints; when anything is refused, once more with a
    savepoint per change. The outcome is the same, and nearly every push needs only the first.
    A database that is busy, or that broke a deadlock at our cost, is tried again; after that every
    receipt says `retry`. What lies in one of `former_areas` is taken too, and flagged.
    Raises `Refused("not_allowed")` for another device's push.
    """
    if push.device_id != actor.device_id:
        raise Refused("not_allowed", fields={"device_id": ["没有权限进行此操作"]})
    careful = False
    tries = 0
    while tries < TRIES:
        try:
            return _take(actor, push, now, former_areas, careful=careful)
        except OperationalError as error:
            if error.connection_invalidated:
                raise
            tries += 1
            log.warning("push met a busy database", tries=tries, reason=str(error.orig))
            time.sleep(random.uniform(0, _PAUSE_S * 2**tries))
        except Exception:
            if careful:
                raise
            careful = True
    return [Receipt(one.id, Outcome.RETRY, index=_index(one)) for one in push.incoming]


def _take(
    actor: Actor, push: Push, now: datetime, former_areas: tuple[str, ...], *, careful: bool
) -> list[Receipt]:
    skew_ms = int((push.sent_at - now).total_seconds() * 1000) if push.sent_at else None
    with transaction() as session:
        # A change counts as its maker's, whoever brings it: its `n` is that device's.
        maker = push.rescued_from or push.device_id
        if push.rescued_from:
            ensure_device(session, maker, now)
        status = lock_status(session, maker, actor.person_id)
        batch = Batch(session, actor, maker, now, skew_ms, careful, push.incoming, former_areas)
        fresh = take_in(batch, push.incoming, status.last_n)
        prefetch(session, _cases_of(fresh))
        for incoming in fresh:
            carry_out(batch, incoming)
        for incoming in fresh:
            standing = batch.standings[incoming.id or ""]
            if push.rescued_from:
                standing.flags.append(RESCUED)
            batch.receipts[incoming.index] = final_receipt(standing)
        answer_repeats(batch)
        write_standings(batch)
        note_push(status, push, skew_ms, now)
    return [batch.receipts[one.index] for one in push.incoming]


def _cases_of(fresh: list[Incoming]) -> list[str]:
    return [one.change.record_id for one in fresh if one.change and one.change.kind in _CASE_KINDS]


def _index(incoming: Incoming) -> int | None:
    return None if incoming.id else incoming.index
