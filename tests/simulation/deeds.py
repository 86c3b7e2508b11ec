"""What happens in a world before it is let come to rest: people's work, and misfortunes."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from mobile.device.connectivity import Network
from mobile.transfer.courier import Phase
from server.accounts.actor import Actor
from server.accounts.models import Person
from server.accounts.people import actor_of, end_sessions, set_areas
from server.cases.actions import perform_move
from server.cases.inputs import MoveInputs
from server.cases.workflow import Move
from server.catalog.models import Category
from server.catalog.publishing import publish_category
from server.db import db
from server.feed import transaction
from sync.errors import XunchengError
from tests.simulation.faults import Fault, Killed
from tests.simulation.phone import Phone
from tests.simulation.town import (
    BY_HAND,
    NORTH,
    PEOPLE,
    SOUTH,
    UNIT,
    copy_folder,
)
from tests.simulation.work import Work
from tests.simulation.world import World

STEPS = (25, 60)
_DAY = 86_400.0


@dataclass
class Deeds:
    """One seed's course. `restores`: old copies are put back, so everything stays within weeks."""

    world: World
    random: Random
    restores: bool
    server_copy: float | None = None
    phone_copies: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.work = Work(self.world, self.random)

    def course(self) -> None:
        """Do a number of things, letting time pass between them."""
        for phone in self.world.phones:
            phone.begin_round("start")
        self.world.time.pass_time(60)
        weights = {deed: weight for deed, weight in self._deeds().items() if weight}
        for _ in range(self.random.randint(*STEPS)):
            self.world.time.pass_time(self._pause())
            deed = self.random.choices(list(weights), list(weights.values()))[0]
            self.world.log(deed.__name__)
            deed()
            for phone in self.world.phones:
                self.world.ledger.note(phone.name, phone.store)

    def _deeds(self) -> dict[Callable[[], None], int]:
        return {
            self.sync: 30,
            self.work.report: 20,
            self.work.work_on_a_case: 22,
            self.work.record_work: 4,
            self.work.mend_or_withdraw: 4,
            self.work.register_premises: 3,
            self.work.edit_premises: 8,
            self.desk: 8,
            self.move_an_officer: 3,
            self.switch_a_category: 1,
            self.run_a_job: 3,
            self.switch_a_network: 3,
            self.doom_a_phone: 6,
            self.doom_the_server: 6,
            self.kill_a_phone: 3,
            self.jump_a_clock: 2,
            self.end_sessions: 1,
            self.copy_the_server: 3 if self.restores else 0,
            self.restore_the_server: 2 if self.restores else 0,
            self.copy_a_phone: 3 if self.restores else 0,
            self.restore_a_phone: 2 if self.restores else 0,
            self.let_months_pass: 0 if self.restores else 1,
        }

    def _pause(self) -> float:
        kind = self.random.random()
        if kind < 0.5:
            return self.random.uniform(0, 1)  # in the middle of what others do
        if kind < 0.9:
            return self.random.uniform(1, 600)
        return self.random.uniform(600, 20_000)

    def _phone(self) -> Phone:
        return self.work.a_phone()

    def sync(self) -> None:
        phone = self._phone()
        if phone.fate.dead:
            return
        if phone.last_phase is Phase.SIGN_IN_NEEDED and not phone.busy:
            phone.begin_sign_in()
            return
        if phone.busy:
            if self.random.random() > 0.2:
                return
            self.world.weather.count(Fault.TWO_COURIERS)
        phone.begin_round(self.random.choice(("timer", "asked", "connectivity")))

    # --- what happens at the server

    def _at_the_server(self, work: Callable[[], None]) -> None:
        """Do what may be refused, and what a kill may end."""
        try:
            with self.world.server.inside():
                work()
        except XunchengError as refused:
            self.world.log(f"refused: {refused.code}")
        except Killed as killed:
            before = str(killed) == "before"
            fault = Fault.SERVER_BEFORE_COMMIT if before else Fault.SERVER_AFTER_COMMIT
            self.world.weather.count(fault)
            self.world.server.fate.spare()

    def desk(self) -> None:
        with self.world.server.reading() as connection:
            cases = connection.execute(
                "SELECT id, state FROM `case` WHERE closed_at IS NULL ORDER BY id"
            ).fetchall()
        if not cases:
            return
        case = self.random.choice(cases)
        move = self.random.choice(_DESK_MOVES.get(case["state"], (Move.NOTE,)))
        inputs = MoveInputs(reason="说明", text="备注", unit_id=UNIT, condition="main", result=True)

        def work() -> None:
            desk = self._actor("desk")
            perform_move(case["id"], move, inputs, by=desk, now=self.world.time.now)

        self._at_the_server(work)

    def _actor(self, username: str) -> Actor:
        actor = actor_of(db.session.get_one(Person, PEOPLE[username].id))
        db.session.rollback()
        return actor

    def move_an_officer(self) -> None:
        username = self.random.choice(("both", "both", "north", "south"))
        areas = self.random.choice(((NORTH,), (SOUTH,), (NORTH, SOUTH)))

        def work() -> None:
            with transaction() as session:
                person = session.get_one(Person, PEOPLE[username].id)
                set_areas(session, person, areas, self.world.time.now)

        self._at_the_server(work)

    def switch_a_category(self) -> None:
        def work() -> None:
            with transaction() as session:
                row = session.get_one(Category, BY_HAND)
                row.enabled = not row.enabled
                row.version += 1
                publish_category(session, row, self.world.time.now)

        self._at_the_server(work)

    def run_a_job(self) -> None:
        name = self.random.choice(("sweep", "photos", "uploads", "tidy"))
        self._at_the_server(lambda: self.world.do_job(name))

    def end_sessions(self) -> None:
        phone = self._phone()
        self.world.weather.count(Fault.SESSION_ENDED)

        def work() -> None:
            with transaction() as session:
                now = self.world.time.now
                end_sessions(session, now=now, device_id=phone.handheld.id)

        self._at_the_server(work)

    # --- misfortunes

    def switch_a_network(self) -> None:
        phone = self._phone()
        phone.reception.state = self.random.choice(list(Network))
        if phone.reception.state is Network.NONE:
            self.world.weather.count(Fault.NETWORK_GONE)

    def doom_a_phone(self) -> None:
        self._phone().fate.doom(self.random.randint(1, 12))

    def doom_the_server(self) -> None:
        self.world.server.fate.doom(self.random.randint(1, 10))

    def kill_a_phone(self) -> None:
        phone = self._phone()
        self.world.weather.count(Fault.PHONE_KILLED)
        phone.restart()

    def jump_a_clock(self) -> None:
        phone = self._phone()
        self.world.weather.count(Fault.CLOCK_JUMPED)
        phone.wrong_by = timedelta(
            days=self.random.choice((0, 0, 3650, -3650, 1, -1, 40)),
            minutes=self.random.randint(-10, 10),
        )

    def let_months_pass(self) -> None:
        self.world.time.pass_time(self.random.choice((8, 35, 100, 200)) * _DAY)
        self.run_a_job()

    def copy_the_server(self) -> None:
        self.world.server.back_up(self.world.ground.folder / "server-copy")
        self.server_copy = self.world.time.seconds

    def restore_the_server(self) -> None:
        if self.server_copy is None:
            return
        world = self.world
        world.weather.count(Fault.SERVER_RESTORED)
        world.server.fate.spare()
        for phone in world.phones:
            world.ledger.note(phone.name, phone.store)
        world.server.restore(world.ground.folder / "server-copy", world.time.now)
        world.ledger.server_restored(world.server)
        self.server_copy = None

    def copy_a_phone(self) -> None:
        phone = self._phone()
        if phone.fate.dead:
            return
        phone.restart()
        kept = self.world.ground.folder / "phone-copies" / phone.name
        phone.store.reading().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copy_folder(phone.folder, kept)
        self.phone_copies.add(phone.name)

    def restore_a_phone(self) -> None:
        phones = [phone for phone in self.world.phones if phone.name in self.phone_copies]
        if not phones:
            return
        phone = self.random.choice(phones)
        world = self.world
        world.weather.count(Fault.PHONE_RESTORED)
        world.ledger.note(phone.name, phone.store)
        photos = world.ledger.photos(phone.store)
        phone.close()
        shutil.rmtree(phone.folder)
        copy_folder(world.ground.folder / "phone-copies" / phone.name, phone.folder)
        phone.open()
        world.ledger.phone_restored(phone.name, phone.store, world.server, photos)


_DESK_MOVES = {
    "reported": (Move.FILE, Move.FILE, Move.ASK_VERIFY, Move.REFUSE),
    "pre_verify": (Move.FILE, Move.REFUSE),
    "filed": (Move.DISPATCH,),
    "returned": (Move.DISPATCH, Move.VOID),
    "post_check": (Move.CLOSE, Move.REWORK, Move.NOTE),
    "dispatched": (Move.NOTE, Move.VOID),
}


def everyday(world: World) -> None:
    """The course of a usual seed."""
    Deeds(world, world.random, restores=world.random.random() < 0.5).course()
