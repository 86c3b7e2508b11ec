"""When to try again: patience that doubles, with jitter, and obeys a server that says when.

Pure: the clock and the random numbers come in. What it returns is kept by the caller, so that a
restart of the app forgets neither the failures nor a Retry-After.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 900.0
_LONGEST_OBEYED = timedelta(hours=6)


@dataclass(frozen=True)
class Patience:
    """How often it failed in a row, and the earliest moment for the next try.

    `ordered` says that the server named the moment: then a nudge does not shorten it.
    """

    failures: int = 0
    not_before: datetime | None = None
    ordered: bool = False

    def allows(self, now: datetime, *, asked: bool = False) -> bool:
        """Say whether a round may start now; `asked`: by the person, who may not want to wait.

        Nobody is ever told to wait for longer than six hours: a moment beyond that was written
        down by a clock that has been set back since.
        """
        if self.not_before is None or now >= self.not_before:
            return True
        if self.not_before - now > _LONGEST_OBEYED:
            return True
        return asked and not self.ordered


FRESH = Patience()


def after_failure(
    patience: Patience, now: datetime, random: Random, retry_after: int | None = None
) -> Patience:
    """Return the patience after one more failure. `retry_after` is in seconds."""
    failures = patience.failures + 1
    if retry_after is not None:
        wait = timedelta(seconds=min(max(0, retry_after), _LONGEST_OBEYED.total_seconds()))
        return Patience(failures, now + wait, ordered=True)
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(patience.failures, 16))
    # Half of the wait is random: phones that lost the same server do not come back together.
    return Patience(failures, now + timedelta(seconds=longest * (0.5 + random.random() / 2)))
