"""Carrying out one change after the other: admit, wait for the previous one, do, release."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.accounts.models import Person
from server.accounts.people import actor_of
from server.cases.rules import corrected, plausible_time
from server.feed.gathering import forget_gathered, write_gathered
from server.feed.writing import pending_mark, reset_pending
from server.ingest.batch import Batch, Standing, Waiting
from server.ingest.envelope import Incoming
from server.ingest.kinds import KINDS, Done, KindRule
from server.ingest.settling import replaced, settle, settle_done
from server.ingest.taking_in import load_held
from sync.bodies import Body, ChangeWithdraw, Kind, UnknownBody
from sync.errors import Refused, XunchengError
from sync.messages import Change, Outcome

log = structlog.get_logger()

IN_FORCE = frozenset({Outcome.APPLIED, Outcome.MERGED, Outcome.CONFLICT})
RELEASED = "released"
WITHDRAWN = "withdrawn"
SCOPE_REVOKED = "scope_revoked"
_KNOWN = frozenset(map(str, KINDS))


class Stumbled(Exception):
    """Something in a batch that was carried out as a whole did not go through."""


def carry_out(batch: Batch, incoming: Incoming) -> None:
    """Settle one new change of the push, and whatever waited for it."""
    standing = batch.standings[incoming.id or ""]
    _settle_one(batch, incoming, standing, batch.actor)
    _release_followers(batch, standing)


def _settle_one(batch: Batch, incoming: Incoming, standing: Standing, actor: Actor) -> None:
    change = incoming.change
    if change is None or incoming.body is None:
        settle(standing, Outcome.REJECTED, error=incoming.error)
        return
    try:
        actor = batch.acting(actor, change)
        rule = _admit(batch, change, incoming.body, actor)
        if _must_wait(batch, change):
            settle(standing, Outcome.HELD)
            waiting = Waiting(incoming, standing.person_id)
            batch.held.setdefault(change.previous or "", []).append(waiting)
        else:
            done = _do(batch, rule, actor, change, incoming.body)
            settle_done(standing, done)
            if done.area_code and batch.was_taken_away(done.area_code):
                standing.flags.append(SCOPE_REVOKED)
    except _Untaken:
        if standing.outcome is not Outcome.HELD:  # a held one stays held
            batch.untaken.append(standing.id)
        return
    except XunchengError as refusal:
        settle(standing, Outcome.REJECTED, error=refusal)
    _take_places(batch, change, incoming.body, standing)


def _admit(batch: Batch, change: Change, body: Body | UnknownBody, actor: Actor) -> KindRule:
    """Return the rule of the change's kind. Raises `Refused` for what needs no look at records."""
    if change.kind not in _KNOWN:
        raise Refused("unknown_kind", fields={"kind": ["服务器不认识这种记录"]})
    rule = KINDS[Kind(change.kind)]
    if not actor.roles & rule.roles:
        raise Refused("not_allowed")
    _check_time(actor, batch.now)
    if change.replaces:
        _require_rejected(batch, change.replaces, actor)
    if isinstance(body, ChangeWithdraw):
        _require_rejected(batch, body.change_id, actor)
    return rule


def _check_time(actor: Actor, now: datetime) -> None:
    observed_at = actor.observed_at
    assert observed_at is not None  # the schema let only instants through
    moment = corrected(observed_at, actor.clock_skew_ms, now) or observed_at
    if not plausible_time(moment, now):
        message = "记录时间不合理，请检查手机时间"
        raise Refused("implausible_time", fields={"observed_at": [message]})


def _require_rejected(batch: Batch, change_id: str, actor: Actor) -> None:
    """Let only an own, rejected change be mended or withdrawn; one never seen does no harm."""
    target = batch.standings.get(change_id)
    if target is None:
        return
    last = batch.resolve(change_id)
    mine = target.person_id == actor.person_id
    if not mine or last is None or last.outcome is not Outcome.REJECTED:
        raise Refused("not_rejected")


def _must_wait(batch: Batch, change: Change) -> bool:
    if change.previous is None:
        return False
    previous = batch.resolve(change.previous)
    return previous is None or previous.outcome not in IN_FORCE


def _do(batch: Batch, rule: KindRule, actor: Actor, change: Change, body: object) -> Done:
    if rule.carry is None:
        return Done(change.record_id)
    if not batch.careful:
        try:
            return rule.carry(batch.session, actor, change, body, batch.now)
        except OperationalError:
            raise
        except Exception as error:
            raise Stumbled from error
    return _do_carefully(batch, rule, actor, change, body)


class _Untaken(Exception):
    """Our own fault: the device keeps the change and sends it again."""


def _do_carefully(batch: Batch, rule: KindRule, actor: Actor, change: Change, body: object) -> Done:
    """Do it in a savepoint of its own, so that only this change is undone when it fails."""
    assert rule.carry is not None
    try:
        with _savepoint(batch.session):
            done = rule.carry(batch.session, actor, change, body, batch.now)
            write_gathered(batch.session)
            return done
    except (XunchengError, OperationalError):
        raise
    except (IntegrityError, DataError) as error:
        # The database itself will not have it, today or tomorrow: quarantine, for a person to see.
        log.exception("change does not fit", change_id=change.id, kind=change.kind)
        raise Refused("server_error") from error
    except Exception as error:
        log.exception("change failed", change_id=change.id, kind=change.kind)
        raise _Untaken from error


@contextmanager
def _savepoint(session: Session) -> Iterator[None]:
    published = pending_mark(session)
    nested = session.begin_nested()
    try:
        yield
        nested.commit()
    except BaseException:
        nested.rollback()
        forget_gathered(session)  # what earlier changes gathered has been written already
        reset_pending(session, published)
        raise


def _take_places(
    batch: Batch, change: Change, body: Body | UnknownBody, standing: Standing
) -> None:
    """Note which rejected change this one stands in for, or withdraws."""
    refused = standing.outcome is Outcome.REJECTED
    code = standing.receipt.get("error", {}).get("code") if refused else None
    if code in ("not_rejected", "not_allowed", "unknown_kind"):
        return
    target = batch.standings.get(change.replaces or "")
    if target is not None:
        replaced(batch, target, standing.id)
    if isinstance(body, ChangeWithdraw) and not refused:
        withdrawn = batch.standings.get(body.change_id)
        if withdrawn is not None:
            replaced(batch, withdrawn, standing.id, WITHDRAWN)


def _release_followers(batch: Batch, standing: Standing) -> None:
    """Carry out what waited for this change or for what it stands in for, and so on down."""
    freed = [standing.id] if standing.outcome in IN_FORCE else []
    while freed:
        change_id = freed.pop()
        freed += batch.stands_for.pop(change_id, [])
        for waiting in batch.held.pop(change_id, []):
            follower = batch.standings[waiting.incoming.id or ""]
            if follower.outcome is not Outcome.HELD:
                continue
            _release(batch, waiting, follower)
            if follower.outcome in IN_FORCE:
                load_held(batch, [follower.id])
                freed.append(follower.id)


def _release(batch: Batch, waiting: Waiting, follower: Standing) -> None:
    """Carry out a held change as the person who sent it; its receipt changes, and says so."""
    actor = batch.actor
    if waiting.person_id != actor.person_id:
        actor = actor_of(batch.session.get_one(Person, waiting.person_id), follower.device_id)
    _settle_one(batch, waiting.incoming, follower, actor)
    if follower.outcome is Outcome.HELD:
        return
    if follower.received_at < batch.now:
        follower.version += 1
        follower.flags.append(RELEASED)
