"""The courier: when it goes, what it waits for, and what it says meanwhile."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from mobile.capture.finalise import finalise
from mobile.device.connectivity import Network
from mobile.store.photo_cache import cached_path
from mobile.store.sealing import open_file
from mobile.store.summary import sync_summary
from mobile.store.worklist import Group, today
from mobile.transfer.courier import Courier, CourierStatus, Phase
from mobile.transfer.tokens import TokenKeeper, Tokens
from sync.bodies import Kind
from sync.messages import PhotoRole
from sync.outbox import ChangeState
from tests.conftest import environment_for
from tests.link import Link
from tests.mobile.engine import REPORT, Engine, reopened, signed_in
from tests.server_process import ServerProcess


@pytest.fixture(scope="module")
def server(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    home = shutil.copytree(demo_home, tmp_path_factory.mktemp("server") / "home")
    process = ServerProcess(environment_for(home, DEMO="1"), home / "server.log")
    process.start()
    yield process
    process.close()


@pytest.fixture
def link(server: ServerProcess) -> Iterator[Link]:
    made = Link(server.port)
    yield made
    made.close()


@pytest.fixture
def officer(tmp_path: Path, link: Link, photos: Path) -> Iterator[Engine]:
    engine = signed_in(tmp_path / "officer", link.url, "officer1", photos)
    yield engine
    engine.close()


class Watched:
    """A courier, and everything it said."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.heard: list[CourierStatus] = []
        self.courier = Courier(
            engine.home, engine.store, engine.person.id, engine.devices, Random(1)
        )
        self.courier.on_status(self.heard.append)

    @property
    def phases(self) -> list[Phase]:
        return [status.phase for status in self.heard]

    def wait(self, condition: Callable[[], object], within_s: float = 30) -> None:
        end = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < end, self.heard[-5:]
            time.sleep(0.02)

    def wait_for(self, phase: Phase) -> CourierStatus:
        self.wait(lambda: self.courier.status.phase is phase)
        return self.courier.status

    def wait_for_round(self) -> None:
        last = self.courier.status.last_sync_at
        self.wait(lambda: self.courier.status.last_sync_at != last)
        self.wait_for(Phase.IDLE)


@pytest.fixture
def watched(officer: Engine) -> Iterator[Watched]:
    made = Watched(officer)
    yield made
    made.courier.stop()


def test_a_new_record_is_sent_soon_after_it_was_saved(
    watched: Watched, officer: Engine, photos: Path
) -> None:
    watched.courier.start()
    watched.wait_for_round()
    change = officer.report(photos / "gps_DSCN0012.jpg")
    watched.courier.nudge("new_record")
    watched.wait(lambda: sync_summary(officer.store).all_sent)
    entry = officer.store.outbox.entry(change.id)
    assert entry is not None
    assert entry.state is ChangeState.ACKNOWLEDGED


def test_it_says_what_it_is_doing(watched: Watched, officer: Engine, photos: Path) -> None:
    officer.report_without_check(photos / "gps_DSCN0012.jpg")
    watched.courier.start()
    watched.wait_for_round()
    seen = list(dict.fromkeys(watched.phases))
    assert seen == [Phase.SENDING, Phase.RECEIVING, Phase.PHOTOS, Phase.IDLE]
    assert max(status.photo_bytes_left for status in watched.heard) > 0
    assert watched.courier.status.photo_bytes_left == 0


def test_without_a_network_it_waits_and_goes_when_the_network_comes(
    watched: Watched, officer: Engine
) -> None:
    officer.network.switch(Network.NONE)
    watched.courier.start()
    watched.wait_for(Phase.OFFLINE)
    assert sync_summary(officer.store).last_sync_at is None
    officer.network.switch(Network.MOBILE)
    watched.wait_for(Phase.IDLE)
    assert sync_summary(officer.store).last_sync_at is not None


def test_a_failed_try_is_repeated_after_a_while_by_itself(
    watched: Watched, officer: Engine, link: Link
) -> None:
    link.take_down()
    watched.courier.start()
    status = watched.wait_for(Phase.WAITING)
    assert status.error == "no_connection"
    assert status.next_try_at is not None
    assert timedelta(0) < status.next_try_at - officer.now() < timedelta(seconds=6)
    link.bring_up()
    watched.wait_for(Phase.IDLE)


def test_a_person_who_asks_need_not_wait(watched: Watched, officer: Engine, link: Link) -> None:
    link.take_down()
    officer.store.set_note("patience", _patience(officer, hours=1, ordered=False))
    watched.courier.start()
    link.bring_up()
    watched.courier.nudge("asked")
    watched.wait_for(Phase.IDLE)


def test_a_wait_that_the_server_asked_for_survives_a_restart(
    watched: Watched, officer: Engine
) -> None:
    officer.store.set_note("patience", _patience(officer, hours=1, ordered=True))
    watched.courier.start()
    watched.courier.nudge("asked")
    time.sleep(0.5)
    assert sync_summary(officer.store).last_sync_at is None
    again = Watched(reopened(officer))
    again.courier.start()
    again.courier.nudge("connectivity")
    time.sleep(0.5)
    again.courier.stop()
    assert sync_summary(officer.store).last_sync_at is None


def test_photos_wait_for_wifi_where_the_person_wants_that(
    watched: Watched, officer: Engine, photos: Path
) -> None:
    officer.home.set_setting("photos_on_wifi_only", "yes")
    officer.network.switch(Network.MOBILE)
    officer.report_without_check(photos / "gps_DSCN0012.jpg")
    watched.courier.start()
    watched.wait_for_round()
    waiting = sync_summary(officer.store)
    assert (waiting.unsent_records, waiting.unsent_photos) == (0, 1)
    officer.network.switch(Network.WIFI)
    watched.wait(lambda: sync_summary(officer.store).all_sent)


def test_a_record_saved_while_photos_travel_does_not_wait_for_them(
    watched: Watched, officer: Engine, link: Link, photos: Path, tmp_path: Path
) -> None:
    officer.sync()
    officer.network.switch(Network.MOBILE)  # small pieces
    large = tmp_path / "large.jpg"
    large.write_bytes((photos / "gps_DSCN0012.jpg").read_bytes() + bytes(4_000_000))
    officer.report(large)
    link.bytes_per_second = 2_000_000
    watched.courier.start()
    watched.wait(lambda: Phase.PHOTOS in watched.phases)
    change = officer.report(photos / "gps_DSCN0021.jpg")
    watched.courier.nudge("new_record")

    def taken() -> bool:
        entry = officer.store.outbox.entry(change.id)
        return entry is not None and entry.state is ChangeState.ACKNOWLEDGED

    watched.wait(taken)
    assert sync_summary(officer.store).unsent_photos == 2
    watched.wait(lambda: sync_summary(officer.store).all_sent)


def test_an_ended_session_asks_to_sign_in_and_keeps_everything(
    watched: Watched, officer: Engine, photos: Path
) -> None:
    officer.report_without_check(photos / "gps_DSCN0012.jpg")
    TokenKeeper(officer.devices.keys, officer.person.id).keep(Tokens("no", "no"))
    watched.courier.start()
    watched.wait_for(Phase.SIGN_IN_NEEDED)
    assert sync_summary(officer.store).unsent_records == 1


def test_pictures_of_todays_cases_are_fetched_for_offline_use(
    officer: Engine, link: Link, photos: Path, tmp_path: Path
) -> None:
    officer.sync()
    reading = officer.devices.clock.read()
    hours_ago = replace(reading, wall=reading.wall - timedelta(hours=5))
    body = REPORT | {"category": "E09001"}  # perishable: synced so late, it is verified first
    draft = officer.draft(Kind.CASE_REPORT, None, body)
    draft = officer.photograph(draft, photos / "gps_DSCN0012.jpg", PhotoRole.BEFORE)
    change = finalise(officer.store, draft, hours_ago)
    officer.sync()
    other = signed_in(tmp_path / "another phone", link.url, "officer1", photos)
    watched = Watched(other)
    watched.courier.start()
    watched.wait_for_round()
    verify = today(other.store, other.now(), Group.VERIFY)
    (item,) = [item for item in verify if item.case_id == change.record_id]
    assert item.photo is not None
    watched.wait(lambda: cached_path(other.store, change.photos[0].sha256).exists())
    link.take_down()
    (item,) = [one for one in today(other.store, other.now()) if one.case_id == change.record_id]
    assert item.photo is not None
    assert item.photo.path is not None
    with open_file(Path(item.photo.path)) as file, Image.open(file) as picture:
        assert max(picture.size) <= 1920
    watched.courier.stop()
    other.close()


def test_stopping_does_not_wait_for_the_timer(watched: Watched) -> None:
    watched.courier.start()
    watched.wait_for_round()
    started = time.monotonic()
    watched.courier.stop()
    assert time.monotonic() - started < 2


# --- answers that are not our server's


class _Portal(BaseHTTPRequestHandler):
    """Answers everything with what `page` holds: (status, type, body, more headers)."""

    page: tuple[int, str, bytes, dict[str, str]] = (200, "text/html", b"<html>Sign in</html>", {})

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        status, media_type, body, more = self.page
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_HEAD = do_PATCH = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def portal(officer: Engine) -> Iterator[type[_Portal]]:
    """The officer's phone behind a portal that answers in the server's place."""
    handler = type("Portal", (_Portal,), {})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    officer.home.set_setting("server", f"http://127.0.0.1:{httpd.server_address[1]}")
    yield handler
    httpd.shutdown()
    httpd.server_close()


_JSON_OF_ANOTHER = json.dumps({"ok": True}).encode()


@pytest.mark.parametrize(
    "page",
    [
        (200, "text/html", b"<html>Please sign in to the Wi-Fi</html>", {}),
        (200, "application/json", _JSON_OF_ANOTHER, {}),
        (200, "application/json", b"{ not json", {}),
        (302, "text/html", b"", {"Location": "http://127.0.0.1:1/portal"}),
        (403, "text/html", b"<html>Blocked</html>", {}),
        (502, "text/html", b"<html>Bad gateway</html>", {}),
    ],
    ids=["page", "other json", "broken json", "redirect", "blocked", "gateway"],
)
def test_a_captive_portal_is_no_answer_and_loses_nothing(
    watched: Watched,
    officer: Engine,
    portal: type[_Portal],
    photos: Path,
    page: tuple[int, str, bytes, dict[str, str]],
) -> None:
    portal.page = page
    officer.report_without_check(photos / "gps_DSCN0012.jpg")
    watched.courier.start()
    status = watched.wait_for(Phase.WAITING)
    assert status.error == "no_connection"
    assert sync_summary(officer.store).unsent_records == 1


def test_a_retry_after_is_obeyed_and_remembered(
    watched: Watched, officer: Engine, portal: type[_Portal]
) -> None:
    error = {"error": {"code": "slow_down", "message": "x"}, "server_time": "", "epoch": ""}
    portal.page = (429, "application/json", json.dumps(error).encode(), {"Retry-After": "1200"})
    watched.courier.start()
    status = watched.wait_for(Phase.WAITING)
    assert status.next_try_at is not None
    wait = status.next_try_at - officer.now()
    assert timedelta(seconds=1190) < wait <= timedelta(seconds=1200)
    again = reopened(officer)
    assert sync_summary(again.store).next_try_at == status.next_try_at
    again.close()


def _patience(engine: Engine, *, hours: int, ordered: bool) -> str:
    until = (engine.now() + timedelta(hours=hours)).isoformat()
    return json.dumps({"failures": 3, "not_before": until, "ordered": ordered})
