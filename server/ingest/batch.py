"""What one push knows while it is carried out: what came, what was known, what came of it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.ingest.envelope import Incoming
from server.ingest.models import ReceivedChange
from sync.checks import parse_instant
from sync.messages import Change, Json, Outcome, Receipt


@dataclass
class Standing:
    """Where a change stands: one of this push, or one received earlier that matters to it."""

    id: str
    person_id: str
    device_id: str
    kind: str
    record_id: str | None
    n: int | None
    received_at: datetime
    outcome: Outcome
    receipt: Json
    version: int = 1
    replaced_by: str | None = None
    flags: list[str] = field(default_factory=list)
    note: str | None = None
    changed: bool = False  # its row must be written


@dataclass(frozen=True)
class Waiting:
    """A held change and whose it is."""

    incoming: Incoming
    person_id: str


@dataclass
class Batch:
    """One push under way inside its transaction.

    `standings` is by change id, `held` by the id that each held change waits for, `stands_for` by
    the id of a change that mends others. In a `careful` batch every change has its own savepoint.
    `skew_ms`: device clock minus server clock.
    """

    session: Session
    actor: Actor
    device_id: str
    now: datetime
    skew_ms: int | None
    careful: bool
    arrived: tuple[Incoming, ...]
    former_areas: tuple[str, ...] = ()
    standings: dict[str, Standing] = field(default_factory=dict)
    stands_for: dict[str, list[str]] = field(default_factory=dict)
    held: dict[str, list[Waiting]] = field(default_factory=dict)
    receipts: dict[int, Receipt] = field(default_factory=dict)
    repeats: list[Incoming] = field(default_factory=list)
    untaken: list[str] = field(default_factory=list)

    def follow(self, standing: Standing) -> None:
        """Keep track of a change, and of what it has been replaced by."""
        self.standings[standing.id] = standing
        if standing.replaced_by:
            self.stands_for.setdefault(standing.replaced_by, []).append(standing.id)

    def resolve(self, change_id: str) -> Standing | None:
        """Return where `change_id`, or whatever took its place, stands; None if never seen."""
        standing = self.standings.get(change_id)
        seen: set[str] = set()
        while standing is not None and standing.replaced_by and standing.id not in seen:
            seen.add(standing.id)
            standing = self.standings.get(standing.replaced_by)
        return standing

    def was_taken_away(self, area_code: str) -> bool:
        """Say whether the sender works there no more, but did until lately."""
        return not self.actor.works_in(area_code) and area_code.startswith(self.former_areas)

    def acting(self, actor: Actor, change: Change) -> Actor:
        """Return `actor` as the one who made `change`, with the device's word of when."""
        former = self.former_areas if actor.person_id == self.actor.person_id else ()
        offset_ms = (change.clock or {}).get("offset_ms")  # what the device adds to its clock
        return replace(
            actor,
            areas=(*actor.areas, *former),
            change_id=change.id,
            observed_at=parse_instant(change.observed_at),
            clock_skew_ms=self.skew_ms if offset_ms is None else -int(offset_ms),
        )


def standing_of(row: ReceivedChange) -> Standing:
    """Return where a change received earlier stands."""
    return Standing(
        id=row.id,
        person_id=row.person_id,
        device_id=row.device_id,
        kind=row.kind,
        record_id=row.record_id,
        n=row.n,
        received_at=row.received_at,
        outcome=Outcome(row.outcome),
        receipt=row.receipt,
        version=row.version,
        replaced_by=row.replaced_by,
        flags=list(row.flags),
        note=row.note,
    )


def new_standing(batch: Batch, incoming: Incoming) -> Standing:
    """Begin to follow a change of this push; nothing has come of it yet."""
    change = incoming.change
    raw: dict[str, Any] = incoming.raw if isinstance(incoming.raw, dict) else {}
    assert incoming.id is not None
    return Standing(
        id=incoming.id,
        person_id=batch.actor.person_id,
        device_id=batch.device_id,
        kind=change.kind if change else str(raw.get("kind", ""))[:32].replace("\x00", ""),
        record_id=change.record_id if change else None,
        n=change.n if change else None,
        received_at=batch.now,
        outcome=Outcome.RETRY,
        receipt={},
    )
