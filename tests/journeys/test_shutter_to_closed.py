"""From the shutter to the closed case, through the real app, link, server and scheduler."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mobile.device.connectivity import Network
from mobile.store.summary import sync_summary
from mobile.transfer.sign_in import remote_of
from tests.journeys import steps
from tests.journeys.one_report import CATEGORY
from tests.link import Link
from tests.mobile.driver import Phone
from tests.server_process import ROOT, ServerProcess

PICTURES = ("gps_DSCN0010.jpg", "phone_iphone_hdr.jpg")
NOTE = "餐饮店门前垃圾成堆，污水横流"
LOCAL = ZoneInfo("Asia/Shanghai")
TakePhone = Callable[[str, Path], Phone]


@pytest.fixture
def camera(tmp_path: Path, photos: Path) -> Path:
    folder = tmp_path / "camera"
    folder.mkdir()
    for picture in photos.glob("*.jpg"):
        shutil.copy(picture, folder)
    return folder


@pytest.mark.timeout(600)
def test_from_the_shutter_to_the_closed_case(
    office: ServerProcess, link: Link, new_phone: TakePhone, camera: Path, tmp_path: Path
) -> None:
    database = tmp_path / "office" / "xuncheng.db"
    sign_in_once(new_phone("officer", camera), "officer1")

    # Offline: one report saved, another begun; the app is killed.
    report_and_kill(tmp_path / "phone-officer", camera)
    officer = new_phone("officer", camera)
    officer.switch(Network.NONE)
    steps.sign_in(officer, "officer1")
    the_begun_draft_is_back(officer)
    assert waiting(officer) == (1, 2)

    # The network comes; the link is cut in the middle of the second photo.
    link.cut_after(600_000)
    steps.go_online(officer)
    assert link.cuts == 1
    (case,) = steps.rows(database, 'SELECT * FROM "case" WHERE description = ?', NOTE)
    assert case["state"] == "dispatched"
    assert to_the_minute(case["due_at"]) == deadline_by_command(office, case)
    steps.go_offline(officer)

    # The unit's crew, offline: accepted, photographed before and after, counted, done.
    crew_name = handler_of(database, case["unit_id"])
    crew = new_phone("crew", camera)
    sign_in_online(crew, crew_name)
    work(crew, camera, "no_exif.jpg")
    steps.go_online(crew)
    assert state_of(database, case["id"]) == "post_check"

    # The officer's check, offline, fails: rework.
    look_again(new_phone("officer", camera), camera, "gps_DSCN0012.jpg", "不通过", "污水没有清理")
    assert state_of(database, case["id"]) == "rework"
    crew = new_phone("crew", camera)
    sign_in_online(crew, crew_name)
    work(crew, camera, "phone_jolla.jpg")
    steps.go_online(crew)

    # Done again; this time the check passes and the case is closed.
    look_again(new_phone("officer", camera), camera, "gps_DSCN0021.jpg", "通过")
    assert state_of(database, case["id"]) == "closed"
    the_timeline_is_complete(database, case["id"])
    every_photo_is_byte_identical(new_phone("officer", camera), database, case["id"], camera)


# --- the officer


def sign_in_once(phone: Phone, username: str) -> None:
    sign_in_online(phone, username)
    phone.close()


def sign_in_online(phone: Phone, username: str) -> None:
    """Sign in over the network and fetch everything; then the network goes."""
    phone.switch(Network.WIFI)
    steps.sign_in(phone, username)
    steps.go_online(phone)
    steps.go_offline(phone)


def report_and_kill(folder: Path, camera: Path) -> None:
    """Let a process of its own save a report and begin another; end it as a power cut would."""
    arguments = [str(folder), "officer1", str(camera), NOTE, *PICTURES]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.journeys.one_report", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(2)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert said == ["SAVED", "BEGUN"]


def the_begun_draft_is_back(phone: Phone) -> None:
    phone.hand.wait(lambda: phone.page.name == "report", what="the draft to come back")
    phone.settle()
    assert phone.page.note == "第二条，还没写完"
    assert phone.page.photo_count == 1
    phone.hand.tap("删除草稿")
    phone.hand.tap("删除")
    phone.hand.wait(lambda: phone.page.name == "today", what="the draft to be gone")


def look_again(phone: Phone, camera: Path, picture: str, result: str, note: str = "") -> None:
    """Fetch what is due for a check, check it offline, and send the result."""
    sign_in_online(phone, "officer1")
    steps.open_case(phone, "check", CATEGORY)
    steps.check(phone, camera / picture, result, note)
    assert waiting(phone) == (1, 1)
    steps.go_online(phone)


def waiting(phone: Phone) -> tuple[int, int]:
    """Return how many records and photos the server does not hold yet."""
    assert phone.app is not None
    assert phone.app.desk is not None
    summary = sync_summary(phone.app.desk.store)
    return summary.unsent_records, summary.unsent_photos


# --- the crew


def work(phone: Phone, camera: Path, after: str) -> None:
    """Offline: accept the case, photograph it before and after, report it done."""
    steps.open_case(phone, "handle", CATEGORY)
    steps.accept(phone)
    steps.report_done(phone, camera / "gps_DSCN0025.jpg", camera / after, "3")


# --- the office


def state_of(database: Path, case_id: str) -> str:
    (row,) = steps.rows(database, 'SELECT state FROM "case" WHERE id = ?', case_id)
    return str(row["state"])


def handler_of(database: Path, unit_id: str) -> str:
    query = """SELECT username FROM person JOIN person_role ON person.id = person_id
               WHERE role = 'handler' AND unit_id = ? ORDER BY username"""
    return str(steps.rows(database, query, unit_id)[0]["username"])


def to_the_minute(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(LOCAL):%Y-%m-%d %H:%M}"


def deadline_by_command(office: ServerProcess, case: object) -> str:
    """Work the deadline out again from what the case says of its dispatch and its limit."""
    dispatched = to_the_minute(case["dispatched_at"])  # type: ignore[index]
    limit = f"{case['limit_value']} {case['limit_unit']}"  # type: ignore[index]
    arguments = ["deadline", dispatched, limit]
    if case["schedule_code"] != "office":  # type: ignore[index]
        arguments += ["--schedule", case["schedule_code"]]  # type: ignore[index]
    return office.command(*arguments).split("\n")[0].strip()


def the_timeline_is_complete(database: Path, case_id: str) -> None:
    query = "SELECT * FROM case_event WHERE case_id = ? ORDER BY seq"
    events = steps.rows(database, query, case_id)
    round_of_work = ["accept", "done", "check"]
    assert [event["move"] for event in events if event["move"] != "warn"] == [
        *("report", "file", "dispatch"),
        *(*round_of_work, "rework"),
        *(*round_of_work, "close"),
    ]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    by_people = {"report", "accept", "done", "check"}
    for event in events:
        assert (event["person_id"] is not None) == (event["move"] in by_people)
        assert (event["change_id"] is not None) == (event["move"] in by_people)
    dispatch = next(event for event in events if event["move"] == "dispatch")
    assert dispatch["due_before"] is None
    assert dispatch["due_after"] is not None


def every_photo_is_byte_identical(phone: Phone, database: Path, case_id: str, camera: Path) -> None:
    query = "SELECT DISTINCT sha256 FROM photo_use WHERE record_id = ?"
    named = {row["sha256"] for row in steps.rows(database, query, case_id)}
    taken = {picture.read_bytes() for picture in camera.iterdir()}
    (person,) = phone.home.people()
    remote = remote_of(phone.home, phone.devices, person.id)
    for sha256 in named:
        target = camera.parent / sha256
        remote.fetch_photo(sha256, "original", target)
        assert target.read_bytes() in taken
    remote.close()
    # two reported, before and two afters by the crew, two of the checks
    assert len(named) == 7
