"""One world from one seed: phones, server, weather, and what people do."""

import hashlib
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from mobile.store.person_store import PersonStore
from mobile.transfer.courier import Phase
from server import clock
from server.deadlines.jobs import JOBS
from sync import ids
from tests.simulation.checks import AtRest, Findings, check_after_round, check_prefix
from tests.simulation.faults import Fault, Weather
from tests.simulation.ledger import Ledger
from tests.simulation.link import Ether, Link
from tests.simulation.phone import Phone, seal_of_phone, set_up
from tests.simulation.server_side import ServerSide
from tests.simulation.time_line import TimeLine
from tests.simulation.town import HANDHELDS, Handheld, build_town, copy_folder, make_pictures

_WEATHERS = (0.03, 0.1, 0.2, 0.4)
_ROUNDS_TO_REST = 14


@dataclass(frozen=True)
class Plant:
    """What a run is made of. A planted mistake takes the place of one of the real parts."""

    server: type[ServerSide] = ServerSide
    store: type[PersonStore] = PersonStore
    link: type[Link] = Link


REAL = Plant()


@dataclass(frozen=True)
class Result:
    """What came of one seed. `trace` is the SHA-256 of everything that happened."""

    seed: int
    trace: str
    faults: Counter[Fault]
    changes: int
    found: Findings


class Ground:
    """The folders that worlds of one process are made in: the town as it begins, and its phones."""

    def __init__(self, folder: Path, plant: Plant = REAL) -> None:
        self.folder, self.plant = folder, plant
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.pictures = make_pictures(folder / "pictures")
        self.server = plant.server(folder / "server")
        self._build()

    @property
    def town(self) -> Path:
        return self.folder / "town"

    def phone_folder(self, handheld: Handheld) -> Path:
        return self.folder / "phones" / handheld.name

    def _build(self) -> None:
        with _controlled(TimeLine(), Random("town")) as time:
            build_town(self.server.app)
            ether = Ether(self.server, time, Weather(Random(0), 0.0), _nobody, _nobody)
            for handheld in HANDHELDS:
                self._set_up(handheld, ether)
        self.server.back_up(self.town)

    def _set_up(self, handheld: Handheld, ether: Ether) -> None:
        folder = self.folder / "templates" / handheld.name

        def work() -> None:
            phone = Phone(handheld, folder, ether, _nothing, _nothing)
            set_up(folder, handheld, lambda _: phone.devices)
            phone.close()

        ether.time.begin(work)
        ether.time.run_dry()

    def fresh(self, handheld: Handheld) -> Path:
        """Return a phone's folder as it was after its person's first sign-in."""
        folder = self.phone_folder(handheld)
        copy_folder(self.folder / "templates" / handheld.name, folder)
        return folder


@dataclass
class World:
    """Everything of one seed while it runs. `say` is given each line of the trace."""

    ground: Ground
    seed: int
    time: TimeLine
    random: Random
    say: Callable[[str], None]
    phones: list[Phone] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    found: Findings = field(default_factory=Findings)

    def __post_init__(self) -> None:
        self._digest = hashlib.sha256()
        self._cursors: dict[str, object] = {}
        self.weather = Weather(Random(f"{self.seed} weather"), self.random.choice(_WEATHERS))
        self.server = self.ground.server
        self.server.reset(self.ground.town)
        self.ether = Ether(self.server, self.time, self.weather, self.log, self._complain)
        how_many = self.random.choice((2, 2, 3, 4))
        first = self.random.sample(HANDHELDS[:2], 2 if self.random.random() < 0.7 else 1)
        others = [handheld for handheld in HANDHELDS if handheld not in first]
        for handheld in (*first, *self.random.sample(others, how_many - len(first))):
            self.phones.append(self._phone(handheld))

    def log(self, text: str) -> None:
        line = f"{self.time.seconds:.3f} {text}"
        self._digest.update(line.encode() + b"\n")
        self.say(line)

    @property
    def trace(self) -> str:
        return self._digest.hexdigest()

    def _phone(self, handheld: Handheld) -> Phone:
        plant = self.ground.plant
        folder = self.ground.fresh(handheld)
        return Phone(
            handheld,
            folder,
            self.ether,
            self._committed,
            self._rounded,
            plant.store,
            plant.link,
            seal_of_phone(handheld) if self.random.random() < 0.5 else None,
        )

    def _complain(self, text: str) -> None:
        self.found.other.append(text)

    def _committed(self, phone: Phone) -> None:
        """Look at a phone right after a commit that has moved its cursor."""
        cursors = phone.store.replica.cursors()
        if self._cursors.get(phone.name) != cursors:
            self._cursors[phone.name] = cursors
            check_prefix(self.server, phone, self.found)

    def _rounded(self, phone: Phone) -> None:
        check_after_round(self.server, phone, self.found)

    # --- the end

    def come_to_rest(self) -> None:
        """End the faults and let everybody sync until nothing moves any more."""
        self.weather.chance = 0.0
        self.server.fate.spare()
        self.time.run_dry()
        for phone in self.phones:
            phone.fate.spare()
            phone.reception.state = phone.reception.state.WIFI
        before = -1
        for _ in range(_ROUNDS_TO_REST):
            waits = any(phone.is_patient for phone in self.phones)
            self.time.pass_time(7 * 3600 if waits else 900)
            self.scheduler("photos")
            for phone in self.phones:
                self._round_at_rest(phone)
            feed = self._feed_length()
            quiet = all(phone.is_quiet for phone in self.phones)
            if quiet and feed == before:
                return
            before = feed
        self.found.other.append(f"no rest: {[str(phone.last_phase) for phone in self.phones]}")

    def _round_at_rest(self, phone: Phone) -> None:
        if phone.last_phase is Phase.SIGN_IN_NEEDED:
            phone.begin_sign_in()
            self.time.run_dry()
        phone.begin_round("timer")
        self.time.run_dry()

    def _feed_length(self) -> int:
        with self.server.reading() as connection:
            return int(connection.execute("SELECT sum(seq) FROM scope_counter").fetchone()[0])

    def scheduler(self, name: str) -> None:
        """Do one job of the server's scheduler."""
        with self.server.inside():
            self.do_job(name)

    def do_job(self, name: str) -> None:
        next(job for job in JOBS if job.name == name).work(self.time.now)

    def check_at_rest(self) -> None:
        for phone in self.phones:
            self.ledger.note(phone.name, phone.store)
        AtRest(self.server, self.phones, self.ledger, self.found).check()

    def close(self) -> None:
        for phone in self.phones:
            phone.close()


def run_seed(
    ground: Ground, seed: int, act: Callable[[World], None], say: Callable[[str], None]
) -> Result:
    """Run one seed: `act` is what happens before the world is let come to rest."""
    random = Random(f"{seed} world")
    with _controlled(TimeLine(), Random(f"{seed} ids")) as time:
        world = World(ground, seed, time, random, say)
        act(world)
        world.come_to_rest()
        world.check_at_rest()
        world.log(" ".join(sorted(world.found.lines())))
        world.close()
    return Result(seed, world.trace, world.weather.counted, len(world.ledger.changes), world.found)


class _controlled(ExitStack):  # noqa: N801  used as a function
    """Let time and ids come from the seed, on both sides."""

    def __init__(self, time: TimeLine, random: Random) -> None:
        super().__init__()
        self._time, self._random = time, random

    def __enter__(self) -> TimeLine:  # type: ignore[override]
        super().__enter__()
        self.enter_context(clock.told_by(lambda: self._time.now))
        self.enter_context(ids.random_from(self._random.randbytes))
        return self._time


def _nobody(_: str) -> None:
    """Nobody listens while the town is built."""


def _nothing(_: Phone) -> None:
    """Nothing is checked while the town is built."""


def print_line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
