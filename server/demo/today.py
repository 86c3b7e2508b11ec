"""Cases chosen so that today every queue and every page has something to show."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from server.cases.inputs import Source
from server.cases.workflow import State
from server.demo.fates import Fate
from server.demo.matters import MATTERS, Matter

_BY_KEY = {matter.category: matter for matter in MATTERS}
# Matters that a person files and dispatches, and such that go by rule.
_BY_HAND = [_BY_KEY[key] for key in ("E06013", "C01002", "E07003", "E06001", "E08002", "E06027")]
_BY_RULE = [_BY_KEY[key] for key in ("E09005", "E09010", "E06010", "E06036", "E06042", "E07001")]
_PERISHABLE = [_BY_KEY[key] for key in ("E09006", "E09001", "E09010", "E09009")]
_LONG = [_BY_KEY[key] for key in ("E06036", "E07001", "E06013", "E06001", "E07003")]


@dataclass(frozen=True)
class Wish:
    """A case that is to wait in a certain place: reported so many hours ago (least, most)."""

    matters: list[Matter]
    fate: Fate
    hours_ago: tuple[float, float]
    per_community: int = 0
    count: int = 0


_WISHES = (
    Wish(_BY_HAND, Fate(stop_in=State.REPORTED), (0.05, 1.2), count=7),
    Wish(
        _BY_HAND,
        Fate(source=Source.HOTLINE, stop_in=State.REPORTED, reply=True),
        (0.1, 2),
        count=4,
    ),
    Wish(
        _PERISHABLE,
        Fate(offline_hours=2.6, stop_in=State.PRE_VERIFY),
        (0.05, 1.0),
        per_community=1,
    ),
    Wish(_BY_HAND, Fate(stop_in=State.FILED), (1.2, 2.5), count=6),
    Wish(_BY_RULE, Fate(stop_in=State.DISPATCHED), (0.05, 1.0), per_community=1),
    Wish(_LONG, Fate(stop_in=State.DISPATCHED), (3, 8), count=8),
    Wish(_LONG, Fate(returned=True, stop_in=State.RETURNED), (4, 7), count=4),
    Wish(_BY_RULE, Fate(stop_in=State.HANDLING), (1.5, 4), count=8),
    Wish(_LONG, Fate(stop_in=State.HANDLING), (5, 20), count=8),
    Wish(_BY_RULE, Fate(stop_in=State.HANDLING), (50, 120), count=9),  # long overdue
    Wish(_LONG, Fate(extension="asked"), (5, 9), count=4),
    Wish(_LONG, Fate(suspension="asked", suspended_days=30), (5, 9), count=2),
    Wish(
        _LONG,
        Fate(suspension="granted", suspended_days=45, stop_in=State.SUSPENDED),
        (180, 400),
        count=6,
    ),
    Wish(_BY_RULE, Fate(pace=0.1, stop_in=State.POST_CHECK), (4, 8), per_community=1),
    Wish(_BY_RULE, Fate(pace=0.1, fails=1, stop_in=State.REWORK), (14, 24), count=8),
)


def wishes() -> Iterator[tuple[str | None, Wish]]:
    """Yield each case wished for, with the community's letter where each has one of its own."""
    for wish in _WISHES:
        for letter in "abcdefghijkl" if wish.per_community else ():
            yield from ((letter, wish) for _ in range(wish.per_community))
        yield from ((None, wish) for _ in range(wish.count))


def fate_of(wish: Wish, dice: random.Random) -> tuple[Matter, Fate]:
    """Return a matter and a fresh copy of the fate for one case wished for."""
    return dice.choice(wish.matters), replace(wish.fate, to_crew=dice.random() < 0.2, brisk=True)
