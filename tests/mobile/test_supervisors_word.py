"""What a supervisor does about a refused record reaches the phone that sent it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from mobile.store.records import RecordItem, RecordStatus, records
from server import clock
from server.accounts.people import actor_of, find_person
from server.app import create_app
from server.catalog.editing import Switches, change_switches
from server.config import read_settings
from server.db import db
from server.ingest import attention as desk
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
