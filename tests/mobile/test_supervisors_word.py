"""What a supervisor does about a refused record reaches the phone that sent it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from mobile.store.records import RecordItem, RecordStatus, records
from server import clock
from server.accounts.devices import ask_to_sync, sync_is_awaited
from server.accounts.models import DeviceStatus
from server.accounts.people import actor_of, find_person
from server.app import create_app
from server.catalog.editing import Switches, change_switches
from server.config import read_settings
from server.db import db
from server.feed import transaction
from server.ingest import attention as desk
from server.ingest.device_status import lock_status
from sync.outbox import ChangeState
from tests.conftest import environment_for
from tests.mobile.engine import Engine, signed_in
from tests.server_process import ServerProcess


@pytest.fixture
def bureau(server_process: ServerProcess, tmp_path: Path) -> Iterator[Flask]:
    """The supervisor's side of the server that the phone talks to."""
    del server_process
    app = create_app(read_settings(environment_for(tmp_path / "demo", DEMO="1")))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def engine(server_process: ServerProcess, tmp_path: Path, photos: Path) -> Iterator[Engine]:
    made = signed_in(tmp_path / "phone", server_process.url, "officer1", photos)
    yield made
    made.close()


def switch(*, enabled: bool) -> None:
    switches = Switches(auto_file=True, auto_dispatch=True, auto_close=True, enabled=enabled)
    change_switches("E09006", switches, clock.now())


def shown(engine: Engine, change_id: str) -> RecordItem:
    return next(item for item in records(engine.store) if item.id == change_id)


@pytest.mark.usefixtures("bureau")
def test_a_refused_record_is_settled_when_it_was_carried_out_after_all(
    engine: Engine, photos: Path
):
    switch(enabled=False)
    change = engine.report_without_check(photos / "gps_DSCN0010.jpg")
    engine.sync()
    item = shown(engine, change.id)
    assert item.status is RecordStatus.ATTENTION
    supervisor = find_person(db.session(), "supervisor1")
    assert supervisor is not None
    desk.ask_to_mend(change.id, "请改选类别", actor_of(supervisor), clock.now())
    engine.sync()
    item = shown(engine, change.id)
    assert item.error is not None
    assert item.error.fields["supervisor"] == ("请改选类别",)
    switch(enabled=True)
    desk.retry_change(change.id, actor_of(supervisor), clock.now())
    engine.sync()
    entry = engine.store.outbox.entry(change.id)
    assert entry is not None
    assert (entry.state, entry.outcome, entry.error) == (ChangeState.ACKNOWLEDGED, "applied", None)


@pytest.mark.usefixtures("bureau")
def test_a_phone_that_is_asked_to_sync_answers_though_it_holds_nothing(engine: Engine):
    engine.sync()
    with transaction() as session:
        lock_status(session, engine.home.device_id, engine.person.id)
    asked_at = clock.now()
    with transaction() as session:
        by = engine.person.id
        status = ask_to_sync(session, engine.home.device_id, engine.person.id, by, asked_at)
        assert sync_is_awaited(status)
    assert engine.sync().pull.requests == ("sync",)
    db.session.expire_all()
    status = db.session.get_one(DeviceStatus, (engine.home.device_id, engine.person.id))
    assert not sync_is_awaited(status)
    assert engine.sync().pull.requests == ()
