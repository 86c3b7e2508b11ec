"""Writes that a part gathers during a transaction and makes at once at its end.

A batch of a hundred changes then costs a few statements instead of some hundreds. The transaction
calls `write` of everything gathered before it numbers the feed, and forgets it afterwards, so that
nothing of a transaction that failed is ever written by the next one.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy.orm import Session

_GATHERED = "feed_gathered"


class Gathered(Protocol):
    """What waits to be written."""

    def write(self) -> None:
        """Write everything; may publish into the feed."""


Kind = TypeVar("Kind", bound=Gathered)


def gathered(session: Session, kind: type[Kind], make: Callable[[Session], Kind]) -> Kind:
    """Return this transaction's one `kind`, made when first asked for."""
    waiting: dict[type[Gathered], Gathered] = session.info.setdefault(_GATHERED, {})
    found = waiting.get(kind)
    if found is None:
        found = waiting[kind] = make(session)
    return found  # type: ignore[return-value]  # keyed by its own class


def write_gathered(session: Session) -> None:
    """Write what waits, in the order in which it was first asked for."""
    for each in list(session.info.get(_GATHERED, {}).values()):
        each.write()


def forget_gathered(session: Session) -> None:
    session.info.pop(_GATHERED, None)
