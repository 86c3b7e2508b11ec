"""One phone: the app's real store, capture and courier, without its screens."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

from greenlet import greenlet

from mobile.capture.drafts import Draft, mend, new_draft
from mobile.capture.evidence import take_in
from mobile.capture.finalise import finalise, withdraw
from mobile.device.clock import ClockReading, DeviceClock
from mobile.device.desktop.camera import FolderCamera
from mobile.device.desktop.keys import FileVault
from mobile.device.desktop.location import SimulatedLocation
from mobile.device.desktop.power import MainsPower
from mobile.device.devices import DEMO_ROUTE, Devices
from mobile.store.database import Database, Migration
from mobile.store.home import DeviceHome
from mobile.store.person_store import PersonStore
from mobile.store.sealing import KEY_BYTES, Seal
from mobile.store.summary import NEXT_TRY
from mobile.transfer.courier import Courier, Phase
from mobile.transfer.sign_in import sign_in
from sync.bodies import Kind
from sync.errors import Refused, XunchengError
from sync.messages import Location, PhotoRole
from sync.outbox import ChangeState
from tests.simulation.faults import Fate, Fault, Killed
from tests.simulation.link import Ether, Link, Reception
from tests.simulation.time_line import TimeLine
from tests.simulation.town import PASSWORD, PEOPLE, Handheld, Inhabitant

ZONE = timezone(timedelta(hours=8))
SERVER = "http://server.invalid"
BEFORE, AFTER = "before", "after"


class PhoneClock(DeviceClock):
    """The app's clock over virtual time. `wrong_by` is how far the phone's own clock is off."""

    def __init__(self, home: DeviceHome, time: TimeLine, phone: "Phone") -> None:
        super().__init__(home)
        self._time, self._phone = time, phone

    def read(self) -> ClockReading:
        return ClockReading(
            wall=(self._time.now + self._phone.wrong_by).astimezone(ZONE),
            uptime_ms=int(self._time.seconds * 1000),
            offset_ms=self._offset_ms,
            synced_at=self._synced_at,
        )


def mortal(fate: Fate, committed: Callable[[], None]) -> type[Database]:
    """Return a database that may end at any commit, and tells of each that was made."""

    class MortalDatabase(Database):
        def __init__(self, path: Path, migrations: "list[Migration]") -> None:
            self._telling = False
            super().__init__(path, migrations)

        @contextmanager
        def writing(self) -> Iterator[sqlite3.Connection]:
            if fate.dead:
                raise Killed(AFTER)
            outermost = not self.reading().in_transaction
            with super().writing() as connection:
                yield connection
                if outermost:
                    fate.pass_boundary(BEFORE)
            if outermost:
                fate.pass_boundary(AFTER)
                committed()

    return MortalDatabase


@dataclass
class Phone:
    """`store_kind` is the person's store; a planted mistake gives another. `seal`: at rest."""

    handheld: Handheld
    folder: Path
    ether: Ether
    committed: Callable[["Phone"], None]
    rounded: Callable[["Phone"], None]
    store_kind: type[PersonStore] = PersonStore
    link_kind: type[Link] = Link
    seal: Seal | None = None
    wrong_by: timedelta = timedelta()
    fate: Fate = field(default_factory=Fate)
    tasks: list[greenlet] = field(default_factory=list)
    last_phase: Phase = Phase.IDLE

    def __post_init__(self) -> None:
        self.reception = Reception()
        self.random = Random(f"{self.name}{self.ether.weather.random.random()}")
        self.link = self.link_kind(self.name, self.ether, self.reception)
        self.open()

    @property
    def name(self) -> str:
        return self.handheld.name

    @property
    def person(self) -> Inhabitant:
        return PEOPLE[self.handheld.username]

    @property
    def person_folder(self) -> Path:
        return self.folder / "people" / self.person.id

    @property
    def busy(self) -> bool:
        self.tasks = [task for task in self.tasks if not task.dead]
        return bool(self.tasks)

    @property
    def is_patient(self) -> bool:
        """Whether the courier waits for a time to come."""
        return bool(self.store.note(NEXT_TRY))

    @property
    def is_quiet(self) -> bool:
        return self.last_phase is Phase.IDLE and not self.is_patient

    def open(self) -> None:
        """Start the app."""
        self.fate.spare()
        self.opened = False
        self.home = DeviceHome(self.folder)
        kind = mortal(self.fate, self._committed)
        while True:
            try:
                self.store = self.store_kind(self.person_folder, kind, self.seal)
                break
            except Killed:  # at its very first commit
                self.fate.spare()
        self.devices = Devices(
            camera=FolderCamera(self.folder),
            locator=SimulatedLocation(DEMO_ROUTE, lambda: self.ether.time.seconds),
            connectivity=self.reception,
            power=MainsPower(),
            keys=FileVault(self.folder / "keys.json"),
            clock=PhoneClock(self.home, self.ether.time, self),
            connect=self.link.connect,
        )

        self.opened = True

    def _committed(self) -> None:
        if self.opened:
            self.committed(self)

    def close(self) -> None:
        """End the app as the system does: without a word."""
        self.fate.dead = True
        for task in self.tasks:
            if not task.dead:
                with suppress(Killed):
                    task.throw(Killed(AFTER))
        self.tasks = []
        self.store.close()
        self.home.close()

    def restart(self) -> None:
        self.close()
        self.open()

    @contextmanager
    def mortally(self) -> Iterator[None]:
        """Do something that a kill may end; the app is started again afterwards."""
        try:
            yield
        except Killed as killed:
            self.died(killed)

    def died(self, killed: Killed) -> None:
        which = Fault.PHONE_BEFORE_COMMIT if str(killed) == BEFORE else Fault.PHONE_AFTER_COMMIT
        self.ether.weather.count(which)
        self.ether.log(f"{self.name} killed {killed} a commit")
        self.restart()

    # --- the courier

    def begin_round(self, reason: str) -> None:
        """Start a round; it goes on while the others do what they do."""
        self._begin(lambda: self._round(reason))

    def begin_sign_in(self) -> None:
        self._begin(self._sign_in)

    def _begin(self, work: Callable[[], None]) -> None:
        store = self.store

        def task() -> None:
            try:
                work()
            except Killed as killed:
                # Not from inside: the task that died cannot start the app again.
                last = killed
                self.ether.time.after(1, lambda: self._died_in(store, last))

        self.tasks.append(self.ether.time.begin(task))

    def _died_in(self, store: PersonStore, killed: Killed) -> None:
        if self.store is store and self.fate.dead:
            self.died(killed)

    def _round(self, reason: str) -> None:
        courier = Courier(self.home, self.store, self.person.id, self.devices, self.random)
        courier.carry(frozenset({reason}))
        self.last_phase = courier.status.phase
        self.rounded(self)
        self.ether.log(f"{self.name} round: {courier.status.phase} {courier.status.error or ''}")

    def _sign_in(self) -> None:
        try:
            sign_in(self.home, self.devices, self.person.username, PASSWORD)
        except XunchengError as refused:
            self.ether.log(f"{self.name} sign-in: {refused.code}")
        else:
            self.last_phase = Phase.IDLE
            self.ether.log(f"{self.name} signed in")

    # --- the person

    def reading(self) -> ClockReading:
        return self.devices.clock.read()

    def draft(self, kind: Kind, record_id: str | None, body: dict[str, Any]) -> Draft:
        return new_draft(self.store, kind, self.reading().wall, record_id=record_id, body=body)

    def photograph(self, draft: Draft, picture: Path, role: PhotoRole, at: Location) -> Draft:
        return draft.with_photo(take_in(self.store, picture, role, self.reading().wall, at))

    def save(self, draft: Draft) -> str | None:
        """Finish a form; return the change's id, or None when the form is not good."""
        try:
            return finalise(self.store, draft, self.reading()).id
        except Refused:
            return None

    def mend(self, change_id: str, **fields: Any) -> str | None:
        return self.save(mend(self.store, change_id, self.reading().wall).with_fields(**fields))

    def withdraw(self, change_id: str) -> None:
        withdraw(self.store, change_id, "看错了", self.reading())

    def refused(self) -> list[str]:
        """Return the ids of changes that need a person."""
        entries = self.store.outbox.entries("state = ?", (ChangeState.ATTENTION,))
        return [entry.change.id for entry in entries]


def seal_of_phone(handheld: Handheld) -> Seal:
    """Return the seal under which the data of a phone's person lie."""
    return Seal(Random(handheld.id).randbytes(KEY_BYTES))


def set_up(folder: Path, handheld: Handheld, devices_of: Callable[[DeviceHome], Devices]) -> None:
    """Make the folder of a phone on which its person has signed in once."""
    home = DeviceHome(folder)
    home.set_setting("device_id", handheld.id)
    home.set_setting("device_name", handheld.name)
    home.set_setting("server", SERVER)
    sign_in(home, devices_of(home), handheld.username, PASSWORD)
    home.close()
