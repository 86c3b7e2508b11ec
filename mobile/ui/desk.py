"""What a signed-in person's screens may ask for. Work happens elsewhere and comes back here.

Screens call these on the UI thread and get their answer on the UI thread. Nothing here draws.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from kivy.clock import mainthread

from mobile.capture import duty
from mobile.capture.darkroom import Darkroom
from mobile.capture.drafts import CapturedPhoto
from mobile.device.camera import Shot
from mobile.device.devices import Devices
from mobile.rescue.packing import PackageMade, make_package, rescue_folder
from mobile.rescue.taking_in import TakenIn, packages, take_package
from mobile.store import catalog, month, places, records, summary, worklist
from mobile.store.home import DeviceHome, KnownPerson
from mobile.store.month import Storage
from mobile.store.person_store import PersonStore
from mobile.store.records import RecordItem
from mobile.store.summary import WaitingPhoto
from mobile.transfer.courier import Courier, CourierStatus
from mobile.ui.background import Background
from mobile.ui.wording import CHINA
from sync.errors import Unavailable, XunchengError
from sync.messages import Location, PhotoRole

# 占道、店外、游商、垃圾、车辆、小广告: what the field reports first of all.
COMMON_CATEGORIES = ("E09006", "E09005", "E09001", "E06010", "E09010", "E07001")

Result = TypeVar("Result")
Then = Callable[[Result], None]
Failed = Callable[[XunchengError], None]


@dataclass(frozen=True)
class TodayView:
    """Today's list with its counts and what waits to be sent."""

    items: Sequence[worklist.WorkItem]
    counts: dict[str, int]
    summary: summary.SyncSummary


@dataclass(frozen=True)
class CategoryView:
    """A chosen category with its conditions and ready sentences."""

    choice: catalog.CategoryChoice | None
    conditions: Sequence[catalog.ConditionChoice]
    phrases: Sequence[str]


@dataclass(frozen=True)
class SyncView:
    summary: summary.SyncSummary
    photos: Sequence[WaitingPhoto]


@dataclass(frozen=True)
class MeView:
    shift: duty.Shift | None
    beat: duty.Beat | None
    handover: duty.Handover | None
    month: month.MonthCounts
    storage: Storage
    summary: summary.SyncSummary


class Desk:
    """One person's store, devices and courier, behind functions that never block.

    `reading` answers screens; `writing` has a single thread, so that drafts are saved and ended
    in the order in which the person changed them.
    """

    def __init__(
        self,
        home: DeviceHome,
        person: KnownPerson,
        store: PersonStore,
        devices: Devices,
        courier: Courier,
        darkroom: Darkroom,
        reading: Background,
        writing: Background,
    ) -> None:
        self.home, self.person, self.store = home, person, store
        self.devices, self.courier, self.darkroom = devices, courier, darkroom
        self.reading, self.writing = reading, writing
        self.photos_coming = 0
        self._following = False

    # --- time and place
    def now(self) -> datetime:
        """Return the phone's time, set right by what the server said last."""
        return self.devices.clock.read().now

    def here(self) -> Location | None:
        return self.devices.locator.last()

    # --- lists
    def today(self, group: worklist.Group | None, then: Then[TodayView]) -> None:
        now = self.now()
        self.reading.run(
            lambda: TodayView(
                worklist.today(self.store, now, group),
                dict(worklist.counts(self.store, now)),
                summary.sync_summary(self.store),
            ),
            then,
        )

    def case(self, case_id: str, then: Then[worklist.CaseCard | None]) -> None:
        now = self.now()
        self.reading.run(lambda: worklist.case_card(self.store, case_id, now), then)

    def records(
        self, query: str, before: datetime | None, then: Then[Sequence[RecordItem]]
    ) -> None:
        self.reading.run(lambda: records.records(self.store, 50, before, query), then)

    def record(self, item_id: str, then: Then[RecordItem | None]) -> None:
        self.reading.run(lambda: records.record(self.store, item_id), then)

    def sync_view(self, then: Then[SyncView]) -> None:
        self.reading.run(
            lambda: SyncView(summary.sync_summary(self.store), summary.waiting_photos(self.store)),
            then,
        )

    def me(self, then: Then[MeView]) -> None:
        first = self.now().astimezone(CHINA).replace(day=1, hour=0, minute=0, second=0)
        self.reading.run(
            lambda: MeView(
                duty.shift_now(self.store),
                duty.beat_of(self.store),
                duty.handover_for(self.store),
                month.month_counts(self.store, first),
                month.storage(self.store),
                summary.sync_summary(self.store),
            ),
            then,
        )

    # --- duty
    def go_on_duty(self, name: str, then: Then[duty.Shift]) -> None:
        reading, here = self.devices.clock.read(), self.here()

        def started(shift: duty.Shift) -> None:
            self._follow(shift)
            self.courier.nudge("new_record")
            then(shift)

        self.writing.run(lambda: duty.go_on_duty(self.store, name, reading, here), started)

    def add_to_log(self, text: str, then: Then[duty.Shift | None]) -> None:
        now = self.devices.clock.read().wall
        self.writing.run(lambda: duty.add_to_log(self.store, text, now), then)

    def add_position(self) -> None:
        """Take down where the person on duty is; nothing happens off duty."""
        reading, here = self.devices.clock.read(), self.here()
        self.writing.run(lambda: duty.pass_by(self.store, here, reading), self._follow)

    def _follow(self, shift: duty.Shift | None) -> None:
        """Listen for positions as long as the shift lasts, after a restart of the app too."""
        if (shift is not None) != self._following:
            self._following = shift is not None
            locator = self.devices.locator
            (locator.start if self._following else locator.stop)()

    def go_off_duty(self, handover: str, then: Then[object], failed: Failed) -> None:
        reading = self.devices.clock.read()

        def done(change: object) -> None:
            self._follow(None)
            self.courier.nudge("new_record")
            then(change)

        self.writing.run(lambda: duty.go_off_duty(self.store, handover, reading), done, failed)

    # --- catalogue
    def search(self, text: str, then: Then[Sequence[catalog.CategoryChoice]]) -> None:
        self.reading.run(lambda: catalog.search_categories(self.store, text), then)

    def usual_categories(self, then: Then[Sequence[catalog.CategoryChoice]]) -> None:
        """Answer with what this person reports most; at first with what everybody does."""

        def work() -> Sequence[catalog.CategoryChoice]:
            own = catalog.recent_categories(self.store, 6)
            common = (catalog.category(self.store, key) for key in COMMON_CATEGORIES)
            known = {choice.key for choice in own}
            return [*own, *(one for one in common if one and one.key not in known)][:6]

        self.reading.run(work, then)

    def category(self, key: str, then: Then[CategoryView]) -> None:
        self.reading.run(
            lambda: CategoryView(
                catalog.category(self.store, key),
                catalog.conditions(self.store, key),
                self._sentences("report", key),
            ),
            then,
        )

    def phrases(self, topic: str, then: Then[Sequence[str]]) -> None:
        self.reading.run(lambda: self._sentences(topic, None), then)

    def _sentences(self, topic: str, key: str | None) -> Sequence[str]:
        found = catalog.phrases(self.store, topic, key)
        return [phrase.text.zh for phrase in found]  # they become part of a Chinese record

    def place(self, location: Location, then: Then[places.PlaceHere]) -> None:
        now = self.now()
        self.reading.run(lambda: places.place_of(self.store, location.lat, location.lon, now), then)

    def nearby(self, location: Location, then: Then[Sequence[places.NearbyPremises]]) -> None:
        self.reading.run(
            lambda: places.nearby_premises(self.store, location.lat, location.lon), then
        )

    # --- photos
    def photograph(self, role: PhotoRole, taken: Then[CapturedPhoto], failed: Failed) -> None:
        """Open the camera; the photo is kept and hashed before `taken` hears of it."""
        location = self.here()

        @mainthread
        def answer(photo: CapturedPhoto | None, error: XunchengError | None) -> None:
            self.photos_coming -= 1
            if photo is not None:
                taken(photo)
            elif error is not None:
                failed(error)

        @mainthread
        def shot(picture: Shot | None) -> None:
            if picture is None:
                return
            self.photos_coming += 1
            self.darkroom.take_in(picture.picture, role, picture.taken_at, location, answer)

        self.devices.camera.shoot(shot)

    def captured_path(self, photo: CapturedPhoto) -> str:
        return photo.thumb if Path(photo.thumb).exists() else photo.path

    def large_path(self, photo: CapturedPhoto) -> str:
        """Return what to show of a photo when it fills the screen."""
        return photo.thumb if photo.stand_in or not Path(photo.path).exists() else photo.path

    # --- the rescue package
    def make_rescue(self, everybody: bool, then: Then[PackageMade], failed: Failed) -> None:
        """Put what is unsent, of this person or of all on the handheld, into one file."""
        people = list(self.home.people()) if everybody else [self.person]
        now = self.now()

        def work() -> PackageMade:
            try:
                return make_package(self.home, people, rescue_folder(self.home), now)
            except OSError as error:
                raise Unavailable("no_room", detail=str(error)) from error

        self.writing.run(work, then, failed)

    def rescue_packages(self, then: Then[Sequence[Path]]) -> None:
        self.reading.run(lambda: packages(self.home), then)

    def take_rescue(self, path: Path, then: Then[TakenIn], failed: Failed) -> None:
        """Take a package in; what it brings is sent like own records."""
        now = self.now()

        def done(taken: TakenIn) -> None:
            self.courier.nudge("new_record")
            then(taken)

        self.writing.run(lambda: take_package(self.home, path, now), done, failed)

    # --- sync
    def send_now(self) -> None:
        self.courier.nudge("asked")

    def on_status(self, listener: Callable[[CourierStatus], None]) -> None:
        """Hear of the courier's doings, on the UI thread."""
        self.courier.on_status(mainthread(listener))

    def setting(self, name: str, default: str = "") -> str:
        return self.home.setting(name, default)

    def set_setting(self, name: str, value: str) -> None:
        self.writing.run(lambda: self.home.set_setting(name, value))

    def close(self) -> None:
        """Finish what is being saved, then let go of everything."""
        self._follow(None)
        self.courier.stop()
        self.reading.stop()
        self.writing.stop()
        self.darkroom.stop()
        self.store.close()
