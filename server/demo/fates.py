"""What will happen to a case of the demo's history: drawn by dice, or chosen for today's queues."""

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.cases.inputs import Source
from server.cases.models import Case
from server.cases.workflow import State
from server.demo.matters import Matter

Act = Callable[[Session, datetime], Case]

# What an officer can have put right on the spot.
_ON_SPOT = frozenset({"shopfront", "vendor", "bikes", "cars", "posters", "drying", "wires"})
_OUTSIDE = (Source.HOTLINE, Source.LEADER, Source.VIDEO, Source.CITY, Source.WALK_IN)


@dataclass(frozen=True)
class Step:
    """What is done at an instant."""

    at: datetime
    act: Act


Story = Generator[Step, Case, None]


@dataclass
class Fate:
    """What will happen to a case; a turn of fate is used up when it has happened.

    `stop_in`: the story ends in this state: the case then waits for a person. `pace`: when the
    unit is done, as a share of the time it has. `extension` and `suspension`: granted, denied,
    asked (and then left undecided), or empty. `brisk`: nobody waits for office hours.
    """

    source: Source = Source.PATROL
    offline_hours: float = 0.0
    on_spot: bool = False
    verify_first: bool = False
    exists: bool = True
    refused: bool = False
    void: bool = False
    ownerless: bool = False
    returned: bool = False
    to_crew: bool = False
    supervised: bool = False
    extension: str = ""
    suspension: str = ""
    suspended_days: int = 0
    pace: float = 0.5
    fails: int = 0
    appeals: bool = False
    reply: bool = False
    call_back: bool = False
    stop_in: State | None = None
    brisk: bool = False


def draw_fate(dice: random.Random, matter: Matter) -> Fate:
    """Return what dice say of a case that an officer or a caller reports."""

    def happens(share: float) -> bool:
        return dice.random() < share

    late = happens(0.06)
    fate = Fate(
        verify_first=happens(0.05),
        exists=happens(0.75),
        refused=happens(0.04),
        void=happens(0.015),
        ownerless=happens(0.015),
        returned=happens(0.04),
        to_crew=happens(0.3),
        supervised=happens(0.015),
        extension=dice.choice(("granted", "granted", "denied")) if happens(0.04) else "",
        suspension="granted" if happens(0.012) else "",
        suspended_days=dice.randint(6, 40),
        pace=dice.uniform(1.05, 2.4) if late else dice.uniform(0.15, 0.93),
        fails=dice.choices((0, 1, 2), weights=(90, 8, 2))[0],
        appeals=late and happens(0.3),
    )
    if happens(0.07):
        fate.source = dice.choices(_OUTSIDE, weights=(6, 1, 2, 3, 1))[0]
        fate.reply = fate.call_back = True
        fate.verify_first = happens(0.5)
    elif matter.scene in _ON_SPOT and happens(0.2):
        fate.on_spot = True
    elif happens(0.06):
        fate.offline_hours = dice.uniform(2.2, 6)
    return fate
