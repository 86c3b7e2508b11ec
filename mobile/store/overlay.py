"""What the person has done that the server's rows do not show yet, laid over those rows.

A check made offline takes its case off Today's list at once, and keeps it off until a pull has
brought the case as it is after that check. Nothing is written into the replica.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mobile.store.outbox import OutboxEntry, OutboxTable
from sync.bodies import HandleStep, Kind
from sync.outbox import ChangeState

# The moves that make a case somebody's work; `note`, `appeal` and the like do not.
WORK_MOVES = frozenset({"verify", "check", "accept", "return", "done"})

_NOT_REFLECTED = "(state IN (?, ?) OR (state = ? AND reflected = 0))"
_VALUES = (ChangeState.WAITING, ChangeState.SENDING, ChangeState.ACKNOWLEDGED)
_ENDS_THE_WORK = frozenset({HandleStep.DONE, HandleStep.RETURN})


@dataclass(frozen=True)
class Overlay:
    """Own moves per case, oldest first, that the replica does not reflect."""

    by_record: Mapping[str, Sequence[OutboxEntry]]

    def waits(self, record_id: str) -> bool:
        return record_id in self.by_record

    def moves(self, record_id: str, moves: Sequence[str]) -> tuple[str, ...]:
        """Return what of `moves` is still to be done after the own unsent ones."""
        left = tuple(moves)
        for entry in self.by_record.get(record_id, ()):
            left = _after(left, entry)
        return left

    def state(self, record_id: str, state: str) -> str:
        """Return the state in which an accepted case stands for this person."""
        accepted = any(
            entry.change.kind == Kind.CASE_HANDLE
            and entry.change.body.get("step") == HandleStep.ACCEPT
            for entry in self.by_record.get(record_id, ())
        )
        return "handling" if accepted and state in ("dispatched", "rework") else state


def overlay(outbox: OutboxTable) -> Overlay:
    """Return the moves of this person that no pull has reflected."""
    by_record: dict[str, list[OutboxEntry]] = {}
    for entry in outbox.entries(_NOT_REFLECTED, _VALUES):
        by_record.setdefault(entry.change.record_id, []).append(entry)
    return Overlay(by_record)


def _after(moves: tuple[str, ...], entry: OutboxEntry) -> tuple[str, ...]:
    change = entry.change
    if change.kind == Kind.CASE_VERIFY:
        return tuple(move for move in moves if move != "verify")
    if change.kind == Kind.CASE_CHECK:
        return tuple(move for move in moves if move != "check")
    if change.kind == Kind.CASE_HANDLE:
        step = str(change.body.get("step"))
        if step in _ENDS_THE_WORK:
            return ()
        return tuple(move for move in moves if move != step)
    return moves
