"""A phone's engine against the real server process, over real HTTP, over a link that breaks."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from mobile.capture import duty
from mobile.capture.drafts import mend
from mobile.capture.finalise import finalise
from mobile.store.catalog import category, search_categories
from mobile.store.places import place_of
from mobile.store.records import RecordStatus, records
from mobile.store.summary import sync_summary
from mobile.transfer.remote import HttpRemote
from mobile.transfer.sign_in import change_password, remote_of, sign_in, sign_out
from mobile.transfer.tokens import TokenKeeper, Tokens
from sync.bodies import Kind
from sync.errors import Refused, Unavailable
from sync.messages import PhotoRole
from sync.outbox import ChangeState
from sync.photos import PhotoState
from sync.remote import LinkDown, SignInNeeded
from tests.conftest import environment_for
from tests.link import Link
from tests.mobile.engine import HERE, PASSWORD, Engine, reopened, signed_in
from tests.server_process import ServerProcess


@pytest.fixture(scope="module")
def server_home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(demo_home, tmp_path_factory.mktemp("server") / "home")


@pytest.fixture(scope="module")
def server(server_home: Path) -> Iterator[ServerProcess]:
    """One server for all tests here: each comes with a phone of its own."""
    process = ServerProcess(environment_for(server_home, DEMO="1"), server_home / "server.log")
    process.start()
    yield process
    process.close()


@pytest.fixture
def link(server: ServerProcess) -> Iterator[Link]:
    made = Link(server.port)
    yield made
    made.close()


@pytest.fixture
def phone_of_person(tmp_path: Path, link: Link, photos: Path) -> Iterator[Callable[[str], Engine]]:
    made: list[Engine] = []

    def sign_in_as(username: str) -> Engine:
        made.append(signed_in(tmp_path / username, link.url, username, photos))
        return made[-1]

    yield sign_in_as
    for engine in made:
        engine.close()


@pytest.fixture
def officer(phone_of_person: Callable[[str], Engine]) -> Engine:
    return phone_of_person("officer1")


def state(engine: Engine, change_id: str) -> ChangeState:
    entry = engine.store.outbox.entry(change_id)
    assert entry is not None
    return entry.state


def original(engine: Engine, sha256: str, folder: Path) -> bytes:
    """Return the original as the server gives it back."""
    remote: HttpRemote = remote_of(engine.home, engine.devices, engine.person.id)
    target = folder / f"{sha256}.back"
    remote.fetch_photo(sha256, "original", target)
    remote.close()
    return target.read_bytes()


def test_the_first_sync_brings_the_catalogue_and_the_map(officer: Engine) -> None:
    report = officer.sync()
    assert report.pull.repaired == []
    chosen = category(officer.store, "E09006")
    assert chosen is not None
    by_initials = search_categories(officer.store, chosen.initials)
    assert "E09006" in [one.key for one in by_initials]
    place = place_of(officer.store, HERE.lat, HERE.lon, officer.now())
    assert place.grid_code is not None
    assert place.street_code is not None
    assert place.grid_code.startswith(place.street_code)


def test_a_report_with_photos_becomes_a_case(officer: Engine, photos: Path, tmp_path: Path) -> None:
    officer.sync()
    picture = photos / "gps_DSCN0010.jpg"
    change = officer.report(picture, photos / "phone_iphone.heic")
    officer.sync()
    assert state(officer, change.id) is ChangeState.ACKNOWLEDGED
    case = officer.store.replica.one("case", change.record_id)
    assert case is not None
    assert case["number"]
    assert original(officer, change.photos[0].sha256, tmp_path) == picture.read_bytes()
    (item,) = records(officer.store)
    assert (item.status, item.photos_sent) == (RecordStatus.SENT, 2)
    assert sync_summary(officer.store).all_sent


@pytest.mark.parametrize("cut_at", [100_000, 250_000, 400_000])
def test_a_photo_whose_link_is_cut_goes_on_where_it_stopped(
    officer: Engine, link: Link, tmp_path: Path, photos: Path, cut_at: int
) -> None:
    officer.sync()
    picture = tmp_path / "large.jpg"
    # Bytes behind the end of a JPEG are no part of the picture, but they are part of the evidence.
    picture.write_bytes((photos / "gps_DSCN0010.jpg").read_bytes() + os.urandom(500_000))
    change = officer.report(picture)
    (ref,) = change.photos
    link.cut_after(cut_at)
    with pytest.raises(LinkDown):
        officer.sync()
    before = link.bytes_up
    officer.sync()
    assert link.cuts == 1
    again = link.bytes_up - before
    assert again < ref.bytes - cut_at + 3 * officer.piece_bytes
    assert original(officer, ref.sha256, tmp_path) == picture.read_bytes()
    held = officer.store.photos.get(ref.sha256)
    assert held is not None
    assert held.state is PhotoState.VERIFIED


def test_an_answer_lost_on_the_way_back_opens_no_second_case(
    officer: Engine, server_home: Path, tmp_path: Path
) -> None:
    officer.sync()
    change = officer.report(_picture(tmp_path))
    remote = remote_of(officer.home, officer.devices, officer.person.id)
    remote.push([change], officer.store.outbox.unsent_status())  # and nothing is settled
    officer.sync()
    assert state(officer, change.id) is ChangeState.ACKNOWLEDGED
    with sqlite3.connect(server_home / "xuncheng.db") as connection:
        count = connection.execute(
            "SELECT count(*) FROM received_change WHERE record_id = ?", (change.record_id,)
        ).fetchone()[0]
    assert count == 1


def test_a_server_killed_in_the_middle_of_a_photo_gets_it_whole(
    officer: Engine, server: ServerProcess, tmp_path: Path, link: Link, photos: Path
) -> None:
    officer.sync()
    picture = tmp_path / "large.jpg"
    picture.write_bytes((photos / "gps_DSCN0010.jpg").read_bytes() + os.urandom(500_000))
    change = officer.report(picture)
    link.cut_after(300_000)
    with pytest.raises(LinkDown):
        officer.sync()
    server.restart()
    officer.sync()
    assert original(officer, change.photos[0].sha256, tmp_path) == picture.read_bytes()


def test_work_saved_offline_survives_the_app_and_goes_when_the_network_comes(
    officer: Engine, link: Link, photos: Path
) -> None:
    officer.sync()
    link.take_down()
    changes = [officer.report(photos / "gps_DSCN0012.jpg") for _ in range(3)]
    with pytest.raises(LinkDown):
        officer.sync()
    officer.close()
    again = reopened(officer)
    assert sync_summary(again.store).unsent_records == 3
    link.bring_up()
    again.sync()
    assert {state(again, one.id) for one in changes} == {ChangeState.ACKNOWLEDGED}
    assert sync_summary(again.store).all_sent
    again.close()


def test_a_refused_record_says_why_and_can_be_mended(officer: Engine, photos: Path) -> None:
    officer.sync()
    body = {"category": "E09006", "location": {**HERE.as_json(), "lat": 20.0, "lon": 120.0}}
    picture = (photos / "gps_DSCN0021.jpg", PhotoRole.BEFORE)
    change = officer.record(Kind.CASE_REPORT, body, picture)
    officer.sync()
    (item,) = sync_summary(officer.store).problems
    assert item.error is not None
    assert item.error.code == "outside_territory"
    draft = mend(officer.store, change.id, officer.now()).with_fields(location=HERE.as_json())
    mended = finalise(officer.store, draft, officer.devices.clock.read())
    officer.sync()
    assert state(officer, mended.id) is ChangeState.ACKNOWLEDGED
    assert sync_summary(officer.store).all_sent
    assert [one.id for one in records(officer.store)] == [mended.id]


def test_an_expired_token_is_renewed_once(officer: Engine) -> None:
    keeper = TokenKeeper(officer.devices.keys, officer.person.id)
    keeper.keep(Tokens("not a token", keeper.current().refresh))
    officer.sync()
    assert keeper.current().access != "not a token"


def test_without_a_session_everything_stays_and_sign_in_is_asked_for(
    officer: Engine, photos: Path
) -> None:
    officer.sync()
    change = officer.report(photos / "gps_DSCN0012.jpg")
    TokenKeeper(officer.devices.keys, officer.person.id).keep(Tokens("no", "no"))
    with pytest.raises(SignInNeeded):
        officer.sync()
    assert state(officer, change.id) is ChangeState.WAITING
    sign_in(officer.home, officer.devices, "officer1", PASSWORD)
    officer.sync()
    assert state(officer, change.id) is ChangeState.ACKNOWLEDGED


def test_a_person_who_signed_in_once_signs_in_without_a_network(
    officer: Engine, link: Link
) -> None:
    link.take_down()
    assert not sign_in(officer.home, officer.devices, "officer1", PASSWORD).online
    with pytest.raises(Refused, match="bad_credentials"):
        sign_in(officer.home, officer.devices, "officer1", "wrong")
    with pytest.raises(Unavailable, match="no_connection"):
        sign_in(officer.home, officer.devices, "officer2", PASSWORD)


def test_wrong_passwords_are_refused_by_the_server(officer: Engine) -> None:
    with pytest.raises(Refused, match="bad_credentials"):
        sign_in(officer.home, officer.devices, "officer2", "wrong")


def test_with_unsent_work_the_app_only_locks(officer: Engine, photos: Path) -> None:
    officer.sync()
    officer.report(photos / "gps_DSCN0012.jpg")
    assert not sign_out(officer.home, officer.devices, officer.person.id)
    officer.sync()
    assert sign_out(officer.home, officer.devices, officer.person.id)
    with pytest.raises(SignInNeeded):
        officer.sync()


def test_a_demo_password_cannot_be_changed_away(officer: Engine) -> None:
    with pytest.raises(Refused):
        change_password(officer.home, officer.devices, officer.person, "wrong", "new-password")


def test_the_phone_learns_how_far_its_clock_is_off(officer: Engine) -> None:
    officer.sync()
    reading = officer.devices.clock.read()
    assert reading.offset_ms is not None
    assert abs(reading.offset_ms) < 5_000
    assert reading.synced_at is not None


def _picture(folder: Path) -> Path:
    picture = folder / "small.jpg"
    Image.new("RGB", (64, 48), (200, 30, 30)).save(picture)
    return picture


# --- on duty


def test_the_server_knows_where_an_officer_on_duty_is_and_shows_the_next_shift_the_note(
    officer: Engine, server_home: Path
) -> None:
    officer.sync()
    duty.go_on_duty(officer.store, "early", officer.devices.clock.read(), HERE)
    duty.pass_by(officer.store, HERE, officer.devices.clock.read())
    duty.go_off_duty(officer.store, "南门有商贩，需盯守", officer.devices.clock.read())
    officer.sync()
    assert not officer.store.outbox.entries("state != ?", (ChangeState.ACKNOWLEDGED,))
    with sqlite3.connect(server_home / "xuncheng.db") as connection:
        lat, lon = connection.execute(
            "SELECT lat, lon FROM last_position WHERE person_id = ?", (officer.person.id,)
        ).fetchone()
    assert (lat, lon) == (HERE.lat, HERE.lon)
    officer.sync()
    handover = duty.handover_for(officer.store)
    assert handover is not None
    assert (handover.text, handover.by) == ("南门有商贩，需盯守", officer.person.name)
