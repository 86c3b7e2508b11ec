"""What one transaction does to cases, gathered and written at its end.

A batch of reports costs a few statements in all: one for the numbers, one insert for the cases, one
for their events. `server.feed.transaction` calls `write` by itself before it numbers the feed.
A batch that knows its cases calls `prefetch` once, so that each is not looked up on its own.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from server.bulk import insert_rows
from server.cases.merging import suggest_merges
from server.cases.models import Case, CaseEvent, CaseWarning
from server.cases.numbering import number_cases
from server.cases.rows import all_scopes_of, publish_cases
from server.feed.gathering import gathered
from server.photos.naming import mark_named, reset_named, write_named
from sync.errors import Refused

# Core tables: their inserts cost half of what the mapped classes' do.
_CASES = cast(Table, Case.__table__)
_EVENTS = cast(Table, CaseEvent.__table__)
_WARNINGS = cast(Table, CaseWarning.__table__)


@dataclass(frozen=True)
class Touched:
    """A case that changed, the scopes it stood in before, and when it changed last."""

    case: Case
    scopes_before: tuple[str, ...]
    now: datetime


@dataclass(frozen=True)
class Mark:
    """A point to go back to when a savepoint is rolled back."""

    new: int
    events: int
    warnings: int
    later: int
    named: int
    touched: dict[str, Touched]


@dataclass
class Ledger:
    """Cases known to this transaction, and what waits to be written."""

    session: Session
    known: dict[str, Case | None] = field(default_factory=dict)
    new: list[Case] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    later: list[object] = field(default_factory=list)
    touched: dict[str, Touched] = field(default_factory=dict)
    recorded_due: dict[str, datetime | None] = field(default_factory=dict)
    memo: dict[Hashable, Any] = field(default_factory=dict)  # sums that a batch need not repeat
    _scopes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def find(self, case_id: str) -> Case | None:
        """Return a case, locked until the end of the transaction, or None."""
        if case_id not in self.known:
            self.prefetch([case_id])
        return self.known[case_id]

    def get(self, case_id: str) -> Case:
        """Return a case; raise `unknown_record` when there is none."""
        case = self.find(case_id)
        if case is None:
            raise Refused("unknown_record", fields={"record_id": ["没有找到这条记录所指的案件"]})
        return case

    def prefetch(self, case_ids: Iterable[str]) -> None:
        """Load and lock cases in the order of their ids: all writers lock in one order."""
        wanted = sorted(set(case_ids) - set(self.known))
        if not wanted:
            return
        self.known |= dict.fromkeys(wanted)
        statement = (
            select(Case)
            .where(Case.id.in_(wanted))
            .order_by(Case.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        for case in self.session.execute(statement).scalars():
            self.known[case.id] = case
            self.recorded_due[case.id] = case.due_at
            self._scopes[case.id] = all_scopes_of(case)

    def add(self, case: Case) -> None:
        """Take in a new case; it is inserted by `write`."""
        self.known[case.id] = case
        self.recorded_due[case.id] = None
        self._scopes[case.id] = ()
        self.new.append(case)

    def touch(self, case: Case, now: datetime) -> None:
        """Have the feed show the case as it is at the end of the transaction."""
        self.touched[case.id] = Touched(case, self._scopes.get(case.id, ()), now)

    def mark(self) -> Mark:
        sizes = (len(self.new), len(self.events), len(self.warnings), len(self.later))
        return Mark(*sizes, mark_named(self.session), dict(self.touched))

    def reset(self, mark: Mark) -> None:
        """Forget what was gathered since `mark`. Cases that nothing waits for are read again."""
        kept = set(mark.touched)
        self.known = {case_id: case for case_id, case in self.known.items() if case_id in kept}
        del self.new[mark.new :], self.events[mark.events :]
        del self.warnings[mark.warnings :], self.later[mark.later :]
        reset_named(self.session, mark.named)
        self.touched = dict(mark.touched)

    def write(self) -> None:
        """Number and insert the new cases, their events and the rest; publish what changed."""
        if not self.touched:
            return
        if self.new:
            suggest_merges(self.session, self.new)
            number_cases(self.session, self.new)
            insert_rows(self.session, _CASES, [row_of(case) for case in self.new])
        self.session.add_all(self.later)
        self.session.flush()
        if self.events:
            insert_rows(self.session, _EVENTS, self.events)
        if self.warnings:
            # Once each: the key is (case, step, deadline).
            insert_rows(self.session, _WARNINGS, self.warnings, on_conflict="DO NOTHING")
        write_named(self.session)  # the feed rows list the photos
        publish_cases(self.session, list(self.touched.values()))
        self.known, self.touched = {}, {}
        self.new, self.events, self.warnings, self.later = [], [], [], []


def ledger(session: Session) -> Ledger:
    """Return the ledger of the session's present transaction."""
    return gathered(session, Ledger, Ledger)


def prefetch(session: Session, case_ids: Iterable[str]) -> None:
    """Load the cases of a batch at once; call it before the batch's changes are carried out."""
    ledger(session).prefetch(case_ids)


def row_of(case: Case) -> dict[str, Any]:
    """Return the columns of a case that no session holds yet."""
    return {name: value for name, value in case.__dict__.items() if name[0] != "_"}
