"""Three-way merge of one edit of a shared record with what happened since its maker looked. Pure.

The three are: the record as the maker had seen it (only which fields have changed since is asked),
the record as it is, and the edit. `docs/protocol.md`, Shared records.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sync.messages import Outcome

Values = Mapping[str, object]
STATUS = "status"
CLOSED = "closed"
OPEN = "open"


@dataclass(frozen=True)
class Merge:
    """What comes of an edit: the values that go into force, and those that are kept apart."""

    taken: Values
    apart: Values
    outcome: Outcome


def merge(present: Values, wanted: Values, changed_since: AbstractSet[str]) -> Merge:
    """Merge an edit into `present`.

    `changed_since`: the fields that others have changed since the maker looked. Another value for
    one of them is kept apart; the same value is no conflict. Whoever edits what was closed
    meanwhile stood in front of an open door: closing stays in force, and opening is kept apart.

    >>> merge({"name": "B", "trade": "x"}, {"name": "C", "trade": "y"}, {"name"}).outcome
    <Outcome.CONFLICT: 'conflict'>
    """
    new = {name: value for name, value in wanted.items() if present.get(name) != value}
    apart = {name: value for name, value in new.items() if name in changed_since}
    taken = {name: value for name, value in new.items() if name not in apart}
    if STATUS in changed_since and present.get(STATUS) == CLOSED and STATUS not in wanted:
        apart[STATUS] = OPEN
    if apart:
        return Merge(taken, apart, Outcome.CONFLICT)
    others = changed_since - wanted.keys()
    return Merge(taken, apart, Outcome.MERGED if others else Outcome.APPLIED)
