"""On duty: patrols, positions and work, and nothing of a person who is off duty."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import orjson
import pytest
from sqlalchemy import select

from server.accounts.actor import Actor
from server.areas.models import Beat
from server.cases import duty
from server.cases.models import LastPosition, Shift, WorkRecord
from server.db import db
from server.feed import transaction
from server.feed.models import FeedRow
from sync.bodies import PatrolRecord, PositionReport, WorkRecordBody
from sync.errors import Refused
from sync.messages import Location
from tests.casework import STREET, Bureau, new_id


def patrol(bureau: Bureau, record_id: str | None = None, by: str = "officer1", **body) -> str:
    record_id = record_id or new_id()
    body.setdefault("started_at", (bureau.now - timedelta(hours=2)).isoformat())
    with transaction() as session:
        duty.record_patrol(session, bureau.actor(by), record_id, PatrolRecord(**body), bureau.now)
    return record_id


def position(bureau: Bureau, location: Location, actor: Actor | None = None) -> None:
    with transaction() as session:
        who = actor or bureau.actor("officer1")
        duty.report_position(session, who, PositionReport(location), bureau.now)


def code_of(call, *args, **given) -> str:
    with pytest.raises(Refused) as caught:
        call(*args, **given)
    return caught.value.code


def point(bureau: Bureau, minutes_ago: float, location: Location) -> tuple:
    seconds = (bureau.now - timedelta(minutes=minutes_ago)).timestamp()
    return (seconds, location.lat, location.lon, 8.0)


def test_a_shift_is_kept_with_its_track_and_handover_note(bureau):
    spot = bureau.spot()
    record_id = patrol(
        bureau, ended_at=bureau.now.isoformat(), shift="早班",
        track=(point(bureau, 90, spot), point(bureau, 30, spot)),
        log=({"what": "note", "text": "路灯不亮"}, {"what": "handover", "text": "南门有商贩"}),
    )  # fmt: skip
    shift = db.session.get_one(Shift, record_id)
    assert (shift.name, shift.handover_note, len(shift.track)) == ("早班", "南门有商贩", 2)
    assert shift.ended_at == bureau.now


def test_a_shift_that_is_sent_again_at_its_end_is_one_shift(bureau):
    record_id = patrol(bureau)
    assert db.session.get_one(Shift, record_id).ended_at is None
    db.session.rollback()
    patrol(bureau, record_id, ended_at=bureau.now.isoformat())
    assert db.session.get_one(Shift, record_id).ended_at == bureau.now
    assert db.session.query(Shift).count() == 1


def test_a_track_outside_the_time_on_duty_is_refused(bureau):
    spot = bureau.spot()
    early = point(bureau, 200, spot)
    assert code_of(patrol, bureau, track=(early,)) == "off_duty"
    ended = (bureau.now - timedelta(hours=1)).isoformat()
    assert code_of(patrol, bureau, ended_at=ended, track=(point(bureau, 30, spot),)) == "off_duty"


def test_a_wrong_clock_is_corrected_on_the_whole_track(bureau):
    ahead = timedelta(hours=5)
    actor = replace(bureau.actor("officer1"), clock_skew_ms=5 * 3_600_000)
    spot = bureau.spot()
    body = PatrolRecord(
        started_at=(bureau.now - timedelta(hours=2) + ahead).isoformat(),
        track=(point(bureau, 60 - 300, spot),),
    )
    with transaction() as session:
        shift = duty.record_patrol(session, actor, new_id(), body, bureau.now)
        assert shift.started_at == bureau.now - timedelta(hours=2)


def test_signing_in_on_the_beat_shows(bureau):
    beat = db.session.query(Beat).filter_by(street_code=STREET).first()
    inside = Location(beat.lat, beat.lon)
    elsewhere = bureau.spot("360802003")
    db.session.rollback()
    on = patrol(bureau, beat=beat.id, track=(point(bureau, 60, inside),))
    off = patrol(bureau, beat=beat.id, track=(point(bureau, 60, elsewhere),))
    assert db.session.get_one(Shift, on).on_beat is True
    assert db.session.get_one(Shift, off).on_beat is False


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"started_at": "yesterday"}, "invalid"),
        ({"started_at": "2026-11-20T08:00:00"}, "invalid"),
        ({"started_at": "2026-11-20T23:00:00+08:00"}, "implausible_time"),
        ({"ended_at": "2026-11-20T01:00:00+08:00"}, "invalid"),
    ],
)
def test_times_that_cannot_be_are_refused(bureau, body, code):
    assert code_of(patrol, bureau, **body) == code


def test_a_desk_does_not_patrol(bureau):
    assert code_of(patrol, bureau, by="acceptor1") == "not_allowed"


def test_a_shift_is_its_persons(bureau):
    record_id = patrol(bureau)
    assert code_of(patrol, bureau, record_id, by="officer2") == "conflict"


def test_a_position_is_taken_on_duty_only(bureau):
    assert code_of(position, bureau, bureau.spot()) == "off_duty"
    record_id = patrol(bureau)
    position(bureau, bureau.spot())
    assert db.session.query(LastPosition).count() == 1
    db.session.rollback()
    patrol(bureau, record_id, ended_at=bureau.now.isoformat())
    assert code_of(position, bureau, bureau.spot()) == "off_duty"


def test_a_shift_that_was_never_ended_ends_by_itself(bureau):
    patrol(bureau)
    bureau.later(hours=15)
    assert code_of(position, bureau, bureau.spot()) == "off_duty"


def test_an_older_position_that_arrives_later_changes_nothing(bureau):
    patrol(bureau)
    newest, older = bureau.spot(number=0), bureau.spot(number=3)
    position(bureau, newest)
    ago = bureau.now - timedelta(minutes=10)
    position(bureau, older, replace(bureau.actor("officer1"), observed_at=ago, clock_skew_ms=0))
    assert db.session.query(LastPosition).one().lat == newest.lat


def test_work_outside_cases_is_counted(bureau):
    body = WorkRecordBody("leaflet", Decimal(120), "份", location=bureau.spot())
    record_id = new_id()
    with transaction() as session:
        duty.record_work(session, bureau.actor("officer1"), record_id, body, (), bureau.now)
    work = db.session.get_one(WorkRecord, record_id)
    assert (work.quantity, work.unit_of_measure, work.area_code) == (120.0, "份", STREET)


def test_work_of_no_quantity_is_refused(bureau):
    body = WorkRecordBody("leaflet", Decimal(0), "份")
    with pytest.raises(Refused) as caught, transaction() as session:
        duty.record_work(session, bureau.actor("officer1"), new_id(), body, (), bureau.now)
    assert caught.value.code == "out_of_range"


# --- handing over


def handed_to(bureau: Bureau, username: str) -> list[dict]:
    scope = f"person:{bureau.actor(username).person_id}"
    query = select(FeedRow).where(FeedRow.scope == scope, FeedRow.entity == "handover")
    return [orjson.loads(row.data) for row in db.session.scalars(query)]


def beat_of(bureau: Bureau, username: str) -> Beat:
    query = select(Beat).where(Beat.person_id == bureau.actor(username).person_id)
    return db.session.scalars(query).first()


def sign_off(bureau: Bureau, note: str, by: str = "officer1") -> None:
    beat_id, log = beat_of(bureau, by).id, ({"what": "handover", "text": note},)
    db.session.rollback()
    patrol(bureau, by=by, beat=beat_id, ended_at=bureau.now.isoformat(), shift="early", log=log)


def test_a_handover_note_goes_to_whoever_walks_the_same_ground(bureau):
    shared = beat_of(bureau, "officer1").grid_codes[:2]
    with transaction() as session:
        session.get_one(Beat, beat_of(bureau, "officer2").id).grid_codes = shared
    sign_off(bureau, "南门有商贩，需盯守")
    for username in ("officer1", "officer2"):
        (note,) = handed_to(bureau, username)
        assert (note["text"], note["shift"]) == ("南门有商贩，需盯守", "early")
        assert note["by"] == bureau.actor("officer1").name
    assert handed_to(bureau, "officer5") == []


def test_the_next_handover_takes_the_place_of_the_last(bureau):
    sign_off(bureau, "早班")
    bureau.later(hours=8)
    sign_off(bureau, "晚班")
    (note,) = handed_to(bureau, "officer1")
    assert note["text"] == "晚班"


def test_a_shift_that_ends_without_a_word_hands_nothing_over(bureau):
    beat_id = beat_of(bureau, "officer1").id
    db.session.rollback()
    patrol(bureau, beat=beat_id, ended_at=bureau.now.isoformat())
    assert handed_to(bureau, "officer1") == []
