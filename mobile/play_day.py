"""One officer's offline day, played through the real app: touches in, screenshots out.

Used by `python -m mobile play-day` where there is no display. The network is switched off after
signing in and comes back at the end of the round; what the server then made of each record is
printed with its deadline. Kivy must have been prepared (`mobile.ui.offscreen`) before this module
is imported.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from PIL import Image

from mobile.device.connectivity import Network
from mobile.device.desktop.camera import FolderCamera
from mobile.device.desktop.connectivity import SwitchedConnectivity
from mobile.device.desktop.location import SimulatedLocation
from mobile.device.devices import Devices
from mobile.store.home import DeviceHome
from mobile.store.summary import sync_summary
from mobile.store.times import from_text
from mobile.store.worklist import Group, WorkItem, today
from mobile.transfer.courier import Phase
from mobile.ui.app import OfficerApp
from mobile.ui.desk import Desk
from mobile.ui.hand import Hand
from sync.outbox import ChangeState

SYNC_WITHIN_S = 180.0
_WAITING_FOR_CASES_S = 20.0


class NothingToPlayError(Exception):
    """The day cannot be played: no server, or a sign-in that it refuses."""


@dataclass(frozen=True)
class Find:
    """Something the officer comes across: how it is searched for, where, and its pictures."""

    search: str  # what is typed into the category search
    category: str
    lat: float
    lon: float
    scene: str  # of the pictures `<scene>-before-1.jpg` and `<scene>-after-1.jpg`
    note: str
    on_spot: bool = False

    @property
    def point(self) -> tuple[float, float]:
        return self.lat, self.lon


FINDS = (
    Find("ldzw", "E06036", 27.11340, 114.98652, "clutter", "沿街堆放木箱、纸板约两米"),
    Find("07001", "E07001", 27.11372, 114.98721, "posters", "当场清除小广告三处", on_spot=True),
    Find("垃圾站", "E06042", 27.11405, 114.98694, "bin", "果皮箱满溢，周边有散落垃圾"),
)

# What a picture of a checked case shows, by a word of its category's name.
_SCENES = (
    ("店外", "shopfront"), ("小广告", "posters"), ("非机动车", "bikes"), ("单车", "bikes"),
    ("机动车", "cars"), ("垃圾站", "bin"), ("垃圾", "rubbish"), ("晾", "drying"),
    ("杂物", "clutter"), ("井盖", "manhole"), ("占道", "vendor"), ("游商", "vendor"),
)  # fmt: skip
_USUAL_SCENE = "rubbish"
_METRES_APART = 0.0007  # degrees: a second day's finds are not the first day's again
_CHINA = timezone(timedelta(hours=8))


class Day:
    """Plays the day and tells, line by line through `say`, what happened."""

    def __init__(
        self,
        home: DeviceHome,
        devices: Devices,
        camera: Path,
        pictures: Path,
        say: Callable[[str], None],
    ) -> None:
        self.home, self.say = home, say
        self.scenes, self.pictures = camera, pictures
        self.roll = home.folder / "camera"
        self.roll.mkdir(parents=True, exist_ok=True)
        self.devices = replace(devices, camera=FolderCamera(self.roll))
        self.hand = Hand()
        self.app = OfficerApp(home, self.devices)
        self.shots = 0
        self.reported: list[str] = []

    def play(self, username: str, password: str) -> None:
        """Play from signing in to the last photo sent. Raises `NothingToPlayError`."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.hand.start(self.app)
        self.app.pages.animated = False
        try:
            self._sign_in(username, password)
            self._go_offline()
            earlier = len(self.desk.store.outbox.entries("kind = 'case.report'"))
            for find in FINDS:
                north = _METRES_APART * (earlier % 8)
                self._report(replace(find, lat=find.lat + north))
            self._do_what_is_due()
            self._look_at_what_waits()
            self._come_back_online()
            self._tell_what_became_of_it()
        finally:
            self.hand.close()

    # --- the steps
    def _sign_in(self, username: str, password: str) -> None:
        self.hand.wait_to_see("登录")
        page = self.app.pages.get_screen("sign_in")
        page.username = username
        self.hand.write(page.ids.password, password)
        self._shot("sign-in")
        self.hand.tap(lambda widget: type(widget).__name__ == "MainButton"
                      and widget.text == "登录")  # fmt: skip
        self.hand.wait(lambda: self.app.desk is not None or page.problem, 30, "the server's answer")
        if self.app.desk is None:
            raise NothingToPlayError(f"{self.home.setting('server')}: {page.problem}")
        self.say(f"Signed in as {username} at {self.home.setting('server')}.")
        self._wait_for_round(None)
        self.app.pages.start("today")
        self._settle()
        self._shot("today")
        items = today(self.desk.store, self._now())
        self.say(f"The phone now holds the catalogue, the map and {len(items)} things to do.")

    def _go_offline(self) -> None:
        self._network.switch(Network.NONE)
        self.say("The network goes away. Everything below happens offline.")

    def _report(self, find: Find) -> None:
        """Photo first, then category, then save: the way the officer works."""
        self._locator.stand_at(*find.point)
        self._load_camera(f"{find.scene}-before-1.jpg", *find.point)
        self.hand.tap(lambda widget: type(widget).__name__ == "CameraButton")
        self.hand.wait(lambda: self._page_name == "report", what="the report form")
        self._settle()
        page = self.app.pages.current_screen
        page.pick_category()
        self.hand.wait(lambda: self._page_name == "category", what="the category picker")
        self.hand.write(self.app.pages.current_screen.ids.search, find.search)
        self._settle()
        self._shot(f"search-{find.category}")
        self.app.pages.current_screen.choose(find.category)
        self.hand.wait(lambda: bool(page.category_text), what="the category on the form")
        page.quantity, page.note = "1", find.note
        if find.on_spot:
            page.spot_done = True
            self._load_camera(f"{find.scene}-after-1.jpg", *find.point)
            page.photograph("after")
            self.hand.wait(lambda: bool(page.ids.after.photos), what="the photo after")
        self._settle()
        page.ids.scroll.scroll_y = 1
        self._shot(f"report-{find.category}")
        title, place = page.category_text, page.place_text
        self.reported.append(page.drafting.draft.record_id)
        self._save(page)
        done = ", handled on the spot" if find.on_spot else ""
        self.say(f"Reported {title} at {place}{done}.")

    def _do_what_is_due(self) -> None:
        """Check one case as passed, one as failed, and verify one, as far as there are any."""
        for group, result in (
            (Group.CHECK, "pass"), (Group.CHECK, "fail"), (Group.VERIFY, "yes"),
        ):  # fmt: skip
            items = today(self.desk.store, self._now(), group)
            if items:
                self._visit(items[0], group, result)

    def _visit(self, item: WorkItem, group: Group, result: str) -> None:
        self.app.pages.open(group.value, case_id=item.case_id)
        self._settle()
        page = self.app.pages.current_screen
        self.hand.wait(lambda: page.drafting is not None, what="the form")
        if group is Group.CHECK:
            moment = "after" if result == "pass" else "before"
            self._load_camera(f"{_scene_of(item.title.zh)}-{moment}-1.jpg", *FINDS[0].point)
            page.photograph("after")
            self.hand.wait(lambda: bool(page.after), what="the photo of the check")
            page.choose(result)
        else:
            page.choose(result)
        page.note = "现场仍有残留，需继续清理" if result == "fail" else ""
        self._settle()
        self._shot(f"{group.value}-{result}")
        self._save(page)
        self.say(f"{group.value.capitalize()} of {item.number} ({item.title.zh}): {result}.")

    def _look_at_what_waits(self) -> None:
        self.app.pages.open("records")
        self._settle()
        self._shot("records-waiting")
        self.app.pages.open("sync")
        self._settle()
        self._shot("sync-waiting")
        summary = sync_summary(self.desk.store)
        self.say(
            f"Waiting on the phone: {summary.unsent_records} records, "
            f"{summary.unsent_photos} photos ({summary.unsent_photo_bytes // 1024} KiB)."
        )

    def _come_back_online(self) -> None:
        before = self.desk.courier.status.last_sync_at
        self._network.switch(Network.WIFI)
        self.say("The network comes back.")
        self._wait_for_round(before)
        self.hand.wait(
            lambda: not sync_summary(self.desk.store).unsent_photos, SYNC_WITHIN_S, "the photos"
        )
        self.app.pages.open("sync")
        self._settle()
        self._shot("sync-done")

    def _tell_what_became_of_it(self) -> None:
        self._wait_for_cases()
        for record_id in self.reported:
            case = self.desk.store.replica.one("case", record_id)
            entry = self.desk.store.outbox.entries("record_id = ?", (record_id,))[0]
            if entry.state is ChangeState.ATTENTION:
                self.say(f"  refused: {(entry.error or {}).get('message')}")
            elif case is None:
                self.say(f"  {record_id}: taken, the case is not on the phone yet")
            else:
                due = from_text(case.get("due_at"))
                until = f"due {due.astimezone(_CHINA):%Y-%m-%d %H:%M}" if due else "no deadline"
                self.say(f"  case {case['number']}: {case['state']}, {until}")
        summary = sync_summary(self.desk.store)
        self.say(f"{len(summary.problems)} records need attention; everything else is sent.")
        self.app.pages.open("records")
        self._settle()
        self._shot("records-sent")

    def _wait_for_cases(self) -> None:
        """Give the scheduler a moment to open the photos, then fetch what it made of them."""
        before = self.desk.courier.status.last_sync_at
        self.desk.courier.nudge("asked")
        self._wait_for_round(before, _WAITING_FOR_CASES_S)

    # --- small things
    @property
    def desk(self) -> Desk:
        assert self.app.desk is not None
        return self.app.desk

    @property
    def _page_name(self) -> str:
        return str(self.app.pages.current)

    @property
    def _network(self) -> SwitchedConnectivity:
        assert isinstance(self.devices.connectivity, SwitchedConnectivity)
        return self.devices.connectivity

    @property
    def _camera(self) -> FolderCamera:
        assert isinstance(self.devices.camera, FolderCamera)
        return self.devices.camera

    @property
    def _locator(self) -> SimulatedLocation:
        assert isinstance(self.devices.locator, SimulatedLocation)
        return self.devices.locator

    def _load_camera(self, scene: str, lat: float, lon: float) -> None:
        """Let the camera see a scene here and now: a new picture, with its own time and place."""
        picture = self.roll / f"{self._now():%Y%m%d-%H%M%S-%f}.jpg"
        with Image.open(self.scenes / scene) as opened:
            opened.save(picture, "JPEG", quality=92, exif=_exif(self._now(), lat, lon))
        self._camera.point_at(picture)

    def _now(self) -> datetime:
        return self.devices.clock.read().wall

    def _save(self, page: object) -> None:
        page.save()  # type: ignore[attr-defined]
        self.hand.wait(
            lambda: self._page_name == "today" or page.errors,  # type: ignore[attr-defined]
            what="the record to be saved",
        )
        errors = dict(page.errors) if self._page_name != "today" else {}  # type: ignore[attr-defined]
        if errors:
            raise NothingToPlayError(f"the form was not accepted: {errors}")
        self._settle()

    def _wait_for_round(self, before: datetime | None, within_s: float = SYNC_WITHIN_S) -> None:
        courier = self.desk.courier

        def ended() -> bool:
            if courier.status.phase in (Phase.SIGN_IN_NEEDED, Phase.REVOKED, Phase.UPDATE_NEEDED):
                raise NothingToPlayError(f"the server refused to sync: {courier.status.error}")
            idle = courier.status.phase is Phase.IDLE
            return idle and courier.status.last_sync_at not in (None, before)

        self.hand.wait(ended, within_s, "a sync round to end")

    def _settle(self) -> None:
        desk = self.desk
        self.hand.wait(
            lambda: not (desk.reading.pending or desk.writing.pending or desk.photos_coming),
            30,
            "reading and saving to end",
        )
        self.hand.frames(6)

    def _shot(self, name: str) -> None:
        self.shots += 1
        self.hand.shot(self.pictures / f"{self.shots:02d}-{name}.png")


def _scene_of(title: str) -> str:
    return next((scene for word, scene in _SCENES if word in title), _USUAL_SCENE)


def _exif(taken_at: datetime, lat: float, lon: float) -> Image.Exif:
    """Return what a phone's camera writes into a picture."""
    exif = Image.Exif()
    text = taken_at.strftime("%Y:%m:%d %H:%M:%S")
    exif[0x010F], exif[0x0132] = "Xuncheng demo", text
    exif.get_ifd(0x8769)[0x9003] = text
    gps = exif.get_ifd(0x8825)
    gps.update({1: "N", 2: _degrees(lat), 3: "E", 4: _degrees(lon)})
    return exif


def _degrees(value: float) -> tuple[float, float, float]:
    minutes = (value % 1) * 60
    return float(int(value)), float(int(minutes)), round((minutes % 1) * 60, 3)
