"""On duty with the phone's engine: the log that writes itself, the track, and what goes out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mobile.capture import duty
from mobile.device.clock import ClockReading
from mobile.store.catalog import category_names
from mobile.store.person_store import PersonStore
from mobile.store.records import problems
from sync.bodies import Kind
from sync.messages import Change, Location, Outcome
from sync.outbox import ChangeState, Settlement
from sync.remote import Page, Row
from tests.mobile.phone import put_rows

SQUARE = [[114.98, 27.11], [114.99, 27.11], [114.99, 27.12], [114.98, 27.12], [114.98, 27.11]]
NEXT_SQUARE = [[lon + 0.01, lat] for lon, lat in SQUARE]
ON_BEAT, NEXT_DOOR = Location(27.119, 114.981, 8.0), Location(27.115, 114.991, 8.0)
MORNING = datetime.fromisoformat("2026-11-20T08:00:00+08:00")


def at(minutes: float) -> ClockReading:
    return ClockReading(MORNING + timedelta(minutes=minutes), int(minutes * 60_000))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PersonStore]:
    """The store of a person whose beat is one grid, with another one beside it."""
    made = PersonStore(tmp_path / "person")
    grids = {"one": SQUARE, "two": NEXT_SQUARE}
    beat = {"name": "鹭洲社区", "grids": ["one"], "lat": 27.115, "lon": 114.985, "active": True}
    rows = [
        row("grid", code, {"name": code, "polygon": {"type": "Polygon", "coordinates": [ring]}})
        for code, ring in grids.items()
    ]
    rows.append(row("beat", "b1", beat))
    rows.append(row("category", "E06010", {"key": "E06010", "zh": "暴露垃圾", "en": "Litter"}))
    apply(made, rows)
    yield made
    made.close()


def row(entity: str, row_id: str, data: dict[str, Any]) -> Row:
    return Row("person:p1", 1, entity, row_id, 1, data=data)


def apply(store: PersonStore, rows: list[Row]) -> None:
    store.replica.apply_page(Page(rows, "cursor", False, ("person:p1",), (), {}))


def sent(store: PersonStore, kind: Kind) -> list[Change]:
    return [entry.change for entry in store.outbox.entries("kind = ?", (kind,))]


def settle(store: PersonStore, change: Change, *, refused: bool = False) -> None:
    state = ChangeState.ATTENTION if refused else ChangeState.ACKNOWLEDGED
    outcome = Outcome.REJECTED if refused else Outcome.APPLIED
    error = {"code": "off_duty", "message": "…"} if refused else None
    store.outbox.settle([Settlement(change.id, state, outcome, error=error)], MORNING)


def test_signing_in_says_whether_it_was_on_the_beat_by_its_grids(store):
    # Next door is nearer to the middle of the beat than the corner of the beat's own grid.
    assert duty.go_on_duty(store, "early", at(0), ON_BEAT).on_beat is True
    duty.go_off_duty(store, "", at(1))
    assert duty.go_on_duty(store, "early", at(2), NEXT_DOOR).on_beat is False


def test_the_server_hears_of_the_shift_at_its_start_and_at_its_end(store):
    duty.go_on_duty(store, "early", at(0), ON_BEAT)
    (begun,) = sent(store, Kind.PATROL_RECORD)
    assert "ended_at" not in begun.body
    settle(store, begun)
    ended = duty.go_off_duty(store, "南门有商贩", at(240))
    assert ended.record_id == begun.record_id
    assert ended.body["log"][-1]["text"] == "南门有商贩"
    assert duty.shift_now(store) is None


def test_a_position_goes_out_every_five_minutes_on_duty_and_never_off_duty(store):
    duty.pass_by(store, ON_BEAT, at(0))
    assert sent(store, Kind.POSITION_REPORT) == []
    duty.go_on_duty(store, "early", at(1), ON_BEAT)
    for minutes in (1, 2, 5.5, 6, 7):
        duty.pass_by(store, ON_BEAT, at(minutes))
        for change in sent(store, Kind.POSITION_REPORT):
            settle(store, change)
    assert len(sent(store, Kind.POSITION_REPORT)) == 2
    duty.go_off_duty(store, "", at(8))
    duty.pass_by(store, ON_BEAT, at(60))
    assert len(sent(store, Kind.POSITION_REPORT)) == 2


def test_without_a_network_one_position_waits_and_the_track_goes_on(store):
    duty.go_on_duty(store, "early", at(0), ON_BEAT)
    for minutes in range(0, 120, 5):
        here = replace(ON_BEAT, lat=27.111 + minutes / 100_000)
        shift = duty.pass_by(store, here, at(minutes))
    assert len(sent(store, Kind.POSITION_REPORT)) == 1
    assert shift.metres > 50


def test_a_position_that_the_server_refused_is_nobodys_problem(store):
    duty.go_on_duty(store, "early", at(0), ON_BEAT)
    duty.pass_by(store, ON_BEAT, at(0))
    (position,) = sent(store, Kind.POSITION_REPORT)
    settle(store, position, refused=True)
    assert list(problems(store)) == []


def test_what_is_recorded_on_duty_writes_itself_into_the_log(store):
    assert category_names(store)["E06010"].zh == "暴露垃圾"
    body = {"category": "E06010", "address": "阳明东路12号"}
    report = Change("c1", 1, Kind.CASE_REPORT, "r1", MORNING.isoformat(), body)
    assert duty.log_record(store, report, MORNING) is None  # off duty
    duty.go_on_duty(store, "early", at(0), ON_BEAT)
    shift = duty.log_record(store, report, at(3).wall)
    assert [(entry.what, entry.text) for entry in shift.log][1:] == [
        ("record", "上报暴露垃圾 · 阳明东路12号")
    ]


def test_the_note_of_the_shift_before_is_shown(store):
    assert duty.handover_for(store) is None
    note = {"beat": "b1", "text": "南门有商贩", "by": "刘志强", "at": MORNING.isoformat()}
    apply(store, [row("handover", "b1", note)])
    handover = duty.handover_for(store)
    assert (handover.text, handover.by, handover.at) == ("南门有商贩", "刘志强", MORNING)


def test_a_shift_on_the_screen_from_sign_in_to_sign_off(phone):
    store = phone.store()
    me = phone.home.people()[0].id
    at_once = datetime.now(UTC).isoformat()
    note = {"beat": "b1", "text": "南门有商贩", "by": "刘志强", "at": at_once}
    put_rows(store, [Row(f"person:{me}", 10_000, "handover", "b1", 1, data=note)])
    store.close()
    phone.sign_in()
    phone.app.pages.open("duty")
    phone.settle()
    assert phone.hand.sees("南门有商贩")
    phone.page.start()
    phone.settle()
    assert phone.page.working
    assert "责任区" in phone.page.head_line
    phone.page.handover = "步行街摊贩回流"
    phone.page._end()
    phone.settle()
    patrols = phone.app.desk.store.outbox.entries("kind = ?", (Kind.PATROL_RECORD,))
    (ended,) = [entry for entry in patrols if entry.change.body.get("ended_at")]
    assert ended.change.body["log"][-1]["text"] == "步行街摊贩回流"
