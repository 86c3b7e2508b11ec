"""What came of each change, written down: receipts, quarantine, and the sender's row of it."""

from sqlalchemy import Table, delete

from server.bulk import update_rows
from server.errors import error_json
from server.feed import publish
from server.ingest.batch import Batch, Standing
from server.ingest.kinds import Done
from server.ingest.models import ReceivedChange
from sync.errors import XunchengError
from sync.messages import Outcome, Receipt

_TABLE: Table = ReceivedChange.__table__  # type: ignore[assignment]
_EXTRA = ("conflicts",)
_COLUMNS = ("outcome", "receipt", "flags", "note", "replaced_by", "version")


def settle(
    standing: Standing,
    outcome: Outcome,
    *,
    record_id: str | None = None,
    version: int | None = None,
    error: XunchengError | None = None,
) -> None:
    """Note what came of a change; its receipt is what the device will be told from now on."""
    standing.outcome = outcome
    standing.receipt = Receipt(
        change_id=standing.id,
        outcome=outcome,
        record_id=record_id or standing.record_id,
        version=version,
        error=error_json(error) if error else None,
    ).as_json()
    standing.changed = True


def settle_done(standing: Standing, done: Done) -> None:
    """Note a change that was carried out, with the fields of it that are not in force."""
    settle(standing, done.outcome, record_id=done.record_id, version=done.version)
    if done.apart:
        standing.receipt["conflicts"] = list(done.apart)


def replaced(batch: Batch, target: Standing, by: str, flag: str | None = None) -> None:
    """Note that another change took the place of a rejected one."""
    target.replaced_by = by
    batch.follow(target)
    target.version += 1
    if flag:
        target.flags.append(flag)
    target.changed = True


def write_standings(batch: Batch) -> None:
    """Write every standing that changed, and show it to its sender."""
    if batch.untaken:
        batch.session.execute(delete(_TABLE).where(_TABLE.c.id.in_(batch.untaken)))
    changed = [
        standing
        for standing in batch.standings.values()
        if standing.changed and standing.outcome is not Outcome.RETRY
    ]
    if not changed:
        return
    update_rows(batch.session, _TABLE, _COLUMNS, [vars(standing) for standing in changed])
    for standing in changed:
        _show(batch, standing)


def final_receipt(standing: Standing) -> Receipt:
    """Return the receipt of a change of this push."""
    if standing.outcome is Outcome.RETRY:
        return Receipt(standing.id, Outcome.RETRY)
    given = dict(standing.receipt)
    extra = {name: given.pop(name) for name in _EXTRA if name in given}
    return Receipt(**{**given, "outcome": standing.outcome, "extra": extra})


def _show(batch: Batch, standing: Standing) -> None:
    data = {
        "kind": standing.kind,
        "n": standing.n,
        "record_id": standing.record_id,
        "device_id": standing.device_id,
        "outcome": str(standing.outcome),
        "error": standing.receipt.get("error"),
        "version": standing.receipt.get("version"),
        "conflicts": standing.receipt.get("conflicts", []),
        "replaced_by": standing.replaced_by,
        "flags": standing.flags,
        "note": standing.note,
        "received_at": standing.received_at.isoformat(timespec="milliseconds"),
    }
    scope = f"person:{standing.person_id}"
    publish(batch.session, scope, "my_change", standing.id, standing.version, data, batch.now)
