"""Two phones and a server do what a plain model says, in whatever order things happen."""

import itertools
import os
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from PIL import Image

from mobile.capture.drafts import mend
from mobile.capture.finalise import finalise, withdraw
from mobile.device.devices import desktop_devices
from mobile.store.home import DeviceHome
from mobile.transfer.sign_in import sign_in
from server import clock
from server.app import create_app
from server.config import read_settings
from server.db import db
from server.feed import transaction
from server.feed.epoch import start_epoch
from server.feed.models import ScopeCounter
from sync.bodies import Kind
from sync.messages import Change, PhotoRole
from sync.outbox import ChangeState
from sync.remote import LinkDown
from tests.conftest import environment_for
from tests.faults.in_process import InProcess, Trouble
from tests.faults.proof import Proof, is_like_the_server
from tests.mobile.engine import HERE, PASSWORD, REPORT, Engine

PEOPLE = ("officer1", "officer5")
ELSEWHERE = {**HERE.as_json(), "lat": 20.0, "lon": 120.0}
EXAMPLES, STEPS = 9, 20
PHONES = st.sampled_from(PEOPLE)


def phone_in(folder: Path, username: str, link: InProcess) -> Engine:
    home = DeviceHome(folder / username)
    home.set_setting("server", "http://localhost")
    devices = replace(desktop_devices(home, folder), connect=link.connect)
    person = sign_in(home, devices, username, PASSWORD).person
    return Engine(home, devices, person, home.open_person(person.id))


def app_in(folder: Path) -> Flask:
    return create_app(read_settings(environment_for(folder / "server", DEMO="1")))


@pytest.fixture(scope="module")
def morning(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server and two phones that have signed in and synced: each example gets a copy."""
    folder = tmp_path_factory.mktemp("morning")
    shutil.copytree(demo_home, folder / "server")
    app = app_in(folder)
    for username in PEOPLE:
        engine = phone_in(folder, username, InProcess(lambda: app))
        engine.sync()
        engine.close()
    with app.app_context():
        db.engine.dispose()
    return folder


@dataclass
class Model:
    """What a person would expect: every good record in force once, every bad one kept."""

    good: dict[str, Change] = field(default_factory=dict)
    bad: dict[str, Change] = field(default_factory=dict)
    given_up: dict[str, Change] = field(default_factory=dict)


class PhonesAndServer(RuleBasedStateMachine):
    """What may happen, in any order. `morning` is the folder that an example begins with."""

    morning: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="model-", dir=self.morning.parent)) / "copy"
        shutil.copytree(self.morning, self.folder)
        self.app = app_in(self.folder)
        self.links = {name: InProcess(lambda: self.app) for name in PEOPLE}
        self.phones = {name: self._open(name) for name in PEOPLE}
        self.proof = Proof(self.folder / "server", self.folder)
        self.model = Model()
        self.made: dict[str, list[str]] = {name: [] for name in PEOPLE}
        self.numbers = itertools.count()

    def _open(self, name: str) -> Engine:
        home = DeviceHome(self.folder / name)
        devices = desktop_devices(home, self.folder)
        devices = replace(devices, connect=self.links[name].connect)
        (person,) = home.people()
        return Engine(home, devices, person, home.open_person(person.id))

    def _picture(self) -> Path:
        picture = self.folder / f"{next(self.numbers)}.jpg"
        Image.new("RGB", (32, 24)).save(picture)
        with picture.open("ab") as file:
            file.write(os.urandom(100_000))
        return picture

    @rule(name=PHONES, good=st.booleans())
    def report(self, name: str, good: bool) -> None:
        body = REPORT if good else {**REPORT, "location": ELSEWHERE}
        picture = (self._picture(), PhotoRole.BEFORE)
        change = self.phones[name].record(Kind.CASE_REPORT, body, picture)
        (self.model.good if good else self.model.bad)[change.id] = change
        self.made[name].append(change.id)

    @rule(name=PHONES, at=st.integers(0, 9), answer=st.booleans())
    def sync(self, name: str, at: int, answer: bool) -> None:
        self.links[name].trouble = Trouble(at, answer)
        try:
            self.phones[name].sync()
        except LinkDown:
            assert at
        self.links[name].trouble = Trouble()

    @rule(name=PHONES)
    def restart_the_app(self, name: str) -> None:
        self.phones[name].close()
        self.phones[name] = self._open(name)

    @rule()
    def restart_the_server(self) -> None:
        with self.app.app_context():
            db.engine.dispose()
        self.app = app_in(self.folder)

    @rule(name=PHONES, mended=st.booleans())
    def settle_what_was_refused(self, name: str, mended: bool) -> None:
        engine = self.phones[name]
        for entry in engine.store.outbox.entries("state = 'attention'")[:1]:
            change_id = entry.change.id
            self.model.given_up[change_id] = self.model.bad.pop(change_id)
            reading = engine.devices.clock.read()
            if mended:
                draft = mend(engine.store, change_id, engine.now())
                draft = draft.with_fields(location=HERE.as_json())
                change = finalise(engine.store, draft, reading)
                self.model.good[change.id] = change
            else:
                change = withdraw(engine.store, change_id, "by mistake", reading)
            self.made[name].append(change.id)

    @rule()
    def begin_a_new_epoch(self) -> None:
        with self.app.app_context(), transaction() as session:
            start_epoch(session, clock.now())

    @rule()
    def forget_every_tombstone(self) -> None:
        with self.app.app_context(), transaction() as session:
            for counter in session.query(ScopeCounter):
                counter.seq += 10
                counter.forgotten_seq = counter.seq - 5

    @invariant()
    def nothing_has_vanished_from_a_phone(self) -> None:
        for name, engine in self.phones.items():
            held = [entry.change.id for entry in engine.store.outbox.entries("1")]
            assert held == self.made[name]

    @invariant()
    def what_is_acknowledged_is_there_and_nothing_is_there_twice(self) -> None:
        received = dict(self.proof.rows("SELECT id, outcome FROM received_change"))
        for engine in self.phones.values():
            for entry in engine.store.outbox.entries("state = 'acknowledged'"):
                assert received[entry.change.id] == "applied"
        told = "SELECT case_id FROM case_event WHERE move = 'report'"
        told += " GROUP BY case_id HAVING count(*) > 1"
        assert self.proof.rows(told) == []

    def teardown(self) -> None:
        try:
            for engine in itertools.chain(self.phones.values(), self.phones.values()):
                engine.sync()
            self.proof.holds(*self.model.good.values())
            for change in self.model.bad.values():
                assert self.proof.received(change)[0][0] == "rejected"
            for change in (*self.model.bad.values(), *self.model.given_up.values()):
                mended = any(one.record_id == change.record_id for one in self.model.good.values())
                assert self.proof.cases([change]) == int(mended)
            for name, engine in self.phones.items():
                is_like_the_server(engine)
                attention = engine.store.outbox.entries(f"state = '{ChangeState.ATTENTION}'")
                mine = [one for one in self.model.bad if one in self.made[name]]
                assert [entry.change.id for entry in attention] == mine
        finally:
            for engine in self.phones.values():
                engine.close()
            with self.app.app_context():
                db.engine.dispose()
            shutil.rmtree(self.folder.parent)


def test_phones_and_server_agree_with_a_plain_model(morning: Path) -> None:
    run_state_machine_as_test(
        type("FromThisMorning", (PhonesAndServer,), {"morning": morning}),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            print_blob=True,
        ),
    )
