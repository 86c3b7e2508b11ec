"""What can go wrong, how often, and how often it did."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """Kinds of faults as `docs/reliability.md` counts them."""

    REQUEST_LOST = "request lost"
    REQUEST_CUT = "request cut"
    ANSWER_LOST = "answer lost"
    ANSWER_CUT = "answer cut"
    DUPLICATED = "request twice"
    DUPLICATED_LATE = "request again later"
    DELAYED = "delayed, out of order"
    PORTAL = "captive portal"
    PROXY_PAGE = "a proxy's error page"
    SLOW_DOWN = "429 or 503"
    TOKEN_EXPIRED = "401"
    BIT_FLIPPED = "bit flipped in a photo"
    NETWORK_GONE = "network gone"
    PHONE_KILLED = "app killed while waiting"
    PHONE_BEFORE_COMMIT = "app killed before a commit"
    PHONE_AFTER_COMMIT = "app killed after a commit"
    SERVER_BEFORE_COMMIT = "server killed before a commit"
    SERVER_AFTER_COMMIT = "server killed after a commit"
    SERVER_RESTORED = "server restored from a copy"
    PHONE_RESTORED = "phone restored from a copy"
    CLOCK_JUMPED = "phone's clock jumped"
    SESSION_ENDED = "session ended"
    TWO_COURIERS = "two rounds at once"


ON_THE_WAY = {
    Fault.REQUEST_LOST: 3,
    Fault.REQUEST_CUT: 3,
    Fault.ANSWER_LOST: 4,
    Fault.ANSWER_CUT: 4,
    Fault.DUPLICATED: 3,
    Fault.DUPLICATED_LATE: 2,
    Fault.DELAYED: 3,
    Fault.PORTAL: 1,
    Fault.PROXY_PAGE: 1,
    Fault.SLOW_DOWN: 1,
    Fault.TOKEN_EXPIRED: 1,
}


@dataclass
class Weather:
    """How bad the network is: `chance` that a request meets a fault, zero in the end."""

    random: Random
    chance: float
    counted: Counter[Fault] = field(default_factory=Counter)

    def on_the_way(self, *, with_bytes: bool) -> Fault | None:
        """Draw what happens to one request; `with_bytes`: it carries a piece of a photo."""
        if self.random.random() >= self.chance:
            return None
        if with_bytes and self.random.random() < 0.2:
            return Fault.BIT_FLIPPED
        return self.random.choices(list(ON_THE_WAY), list(ON_THE_WAY.values()))[0]

    def count(self, fault: Fault) -> None:
        self.counted[fault] += 1


@dataclass
class Fate:
    """When a process ends: at which transaction boundary from now. Before and after both count."""

    boundaries: int = 0
    dies_at: int | None = None
    dead: bool = False

    def doom(self, steps: int) -> None:
        """Let it end at the `steps`-th boundary from now (1: the next)."""
        self.dies_at = self.boundaries + steps

    def spare(self) -> None:
        self.dies_at, self.dead = None, False

    def pass_boundary(self, which: str) -> None:
        """Note a boundary. Raises `Killed` when it is the last one."""
        self.boundaries += 1
        if self.dies_at is not None and self.boundaries >= self.dies_at:
            self.dead, self.dies_at = True, None
            raise Killed(which)


class Killed(BaseException):
    """The process is gone: nobody may catch it but the simulator."""
