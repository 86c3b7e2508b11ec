"""The officer's app: the one place where screens, store, devices and courier meet."""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window

from mobile.capture.darkroom import Darkroom
from mobile.capture.drafts import CapturedPhoto
from mobile.device.devices import Devices
from mobile.store.home import DeviceHome, KnownPerson
from mobile.store.salvage import SALVAGED
from mobile.store.summary import SyncSummary, sync_summary
from mobile.transfer.courier import Courier, CourierStatus, Phase
from mobile.transfer.errands import run_errands
from mobile.transfer.sign_in import SignedIn, change_password, sign_in, sign_out, unlock
from mobile.ui import fonts
from mobile.ui.background import Background
from mobile.ui.desk import Desk
from mobile.ui.pages import Page, Pages
from mobile.ui.screens.form import open_key
from mobile.ui.screens.index import PAGES
from mobile.ui.screens.records import PAGE_OF_KIND
from mobile.ui.shell import Shell
from mobile.ui.theme import theme
from mobile.ui.words import error_words, tr, use_language
from mobile.version import APP_VERSION
from sync.errors import XunchengError
from sync.messages import PhotoRole

TRACK_SECONDS = 30
LOOK_SECONDS = 10
BACK_KEY = 27


class OfficerApp(App):
    """`home` is the device's folder, `devices` its ports. Nothing is read from elsewhere."""

    title = "巡城"

    def __init__(self, home: DeviceHome, devices: Devices, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.home, self.devices = home, devices
        self.desk: Desk | None = None
        self.locked = False
        self._revoked = False  # and told so
        self._before_lock: list[tuple[str, dict[str, Any]]] = []
        self._touched_at = time.monotonic()
        self._clocks: list[Any] = []
        self.background = Background(self._unexpected)

    # --- Kivy's life cycle
    def build(self) -> Shell:
        fonts.register()
        use_language(self.home.setting("language", "zh"))
        theme.dark = self.home.setting("dark", "no") == "yes"
        theme.scale = float(self.home.setting("text_scale", "1.0"))
        Window.softinput_mode = "below_target"
        self.shell = Shell()
        self.shell.bind(on_tab=lambda _, key: self.pages.open(key))
        self.shell.bind(on_camera=lambda *_: self.shoot())
        self._build_pages()
        return self.shell

    def _build_pages(self) -> None:
        self.shell.ids.place.clear_widgets()
        self.pages = Pages(self._make_page)
        self.shell.hold(self.pages)

    def _make_page(self, name: str) -> Page:
        """Build a page and give it what only the app can do."""
        page = PAGES[name](name=name)
        wires: dict[str, dict[str, object]] = {
            "sign_in": {
                "enter": self.enter,
                "people": self.home.people,
                "server_chosen": partial(self.home.set_setting, "server"),
            },
            "me": {
                "language_chosen": self.change_language,
                "looks_changed": self.build_again,
                "sign_out": self.leave,
                "lock": self.lock,
                "version": APP_VERSION,
            },
            "password": {"set_pin": self._set_pin, "change": self._change_password},
        }
        for attribute, value in wires.get(name, {}).items():
            setattr(page, attribute, value)
        return page

    def on_start(self) -> None:
        Window.bind(on_keyboard=self._key, on_touch_down=self._touched)
        self._clocks = [
            Clock.schedule_interval(self._track, TRACK_SECONDS),
            Clock.schedule_interval(lambda _: self.look_at_the_clock(), LOOK_SECONDS),
        ]
        self._ask_sign_in()

    def on_stop(self) -> None:
        Window.unbind(on_keyboard=self._key, on_touch_down=self._touched)
        for clock in self._clocks:
            clock.cancel()
        self.pages.close_over()
        self._close_desk()
        self.background.stop()

    def on_pause(self) -> bool:
        return True

    def on_resume(self) -> None:
        if self.desk is not None:
            self.desk.courier.nudge("resume")

    # --- signing in and out
    def _ask_sign_in(self) -> None:
        self.pages.start("sign_in", server=self.home.setting("server"))

    def enter(self, username: str, password: str, failed: Callable[[XunchengError], None]) -> None:
        """Let a person in; a locked app is opened by its own person without the network."""
        work: Callable[[], SignedIn] = partial(sign_in, self.home, self.devices, username, password)
        if self.desk is not None and self.desk.person.username == username:
            work = partial(self._unlock, username, password)
        self.background.run(work, self._entered, failed)

    def _unlock(self, username: str, secret: str) -> SignedIn:
        return SignedIn(unlock(self.home, self.devices, username, secret), online=False)

    def _entered(self, signed_in: SignedIn) -> None:
        self._touched_at = time.monotonic()
        if self.desk is not None and self.desk.person.id == signed_in.person.id:
            self._unlocked()
            return
        self._close_desk()
        self.locked = False
        self.desk = self.pages.desk = self._open_desk(signed_in.person)
        self.desk.on_status(self._status)
        self._revoked = signed_in.revoked
        self.desk.courier.start()
        self._count_waiting()
        resumed = self._resume_draft(self.desk)
        self._tell_of_salvage(self.desk)
        if signed_in.revoked:
            self.pages.open("sync")
            self._tell_of_revocation()
        elif not resumed and not signed_in.online:
            self.shell.ids.snackbar.say(
                tr("离线登录，记录先存在手机里"), "warn", "cloud-off-outline"
            )

    def _open_desk(self, person: KnownPerson) -> Desk:
        store = self.home.open_person(person.id)
        return Desk(
            home=self.home,
            person=person,
            store=store,
            devices=self.devices,
            courier=Courier(
                self.home,
                store,
                person.id,
                self.devices,
                errands=partial(run_errands, self.home, self.devices, person.id),
            ),
            darkroom=Darkroom(store, fonts.FOLDER / "text.ttf"),
            reading=Background(self._unexpected),
            writing=Background(self._unexpected, threads=1),
        )

    def _resume_draft(self, desk: Desk) -> bool:
        """Bring back the form that was open when the app ended; say whether there was one."""
        self.pages.start("today")
        kind, _, draft_id = self.home.setting(open_key(desk.person.id)).partition("|")
        if not draft_id or kind not in PAGE_OF_KIND:
            return False
        self.pages.open(PAGE_OF_KIND[kind], draft_id=draft_id)
        self.shell.ids.snackbar.say(tr("已恢复上次没写完的记录"), "ok", "backup-restore")
        return True

    def _tell_of_salvage(self, desk: Desk) -> None:
        """Say once how much of a damaged database was saved."""
        text = desk.store.note(SALVAGED)
        if not text:
            return
        desk.store.set_note(SALVAGED, "")
        said = json.loads(text)
        lost = tr("有 {n} 条没能找回", n=said["lost"]) if said["lost"] else ""
        kept = tr("损坏的数据库保留在手机上，请交给管理员")
        self.pages.page("today").ask(
            tr(
                "手机数据库曾损坏，已修复：找回 {records} 条记录、{drafts} 份草稿、{photos} 张照片",
                records=said["records"], drafts=said["drafts"], photos=said["photos"],
            ),
            tr("知道了"), lambda _: None, no="", detail="\n".join(filter(None, (lost, kept))),
        )  # fmt: skip

    def leave(self) -> None:
        """Sign out. With unsent work the session stays, so that it can still be sent."""
        if self.desk is None:
            return
        person_id = self.desk.person.id
        self._close_desk()
        self.background.run(lambda: sign_out(self.home, self.devices, person_id))
        self.background.run(lambda: run_errands(self.home, self.devices, None))
        self._ask_sign_in()

    def _close_desk(self) -> None:
        if self.desk is not None:
            self.desk.close()
            self.desk = None

    def _tell_of_revocation(self) -> None:
        said = tr("此设备已停用，已锁定。未上传的记录仍在手机上，登录后可制作救援包")
        self.shell.ids.snackbar.say(said, "bad", "lock-outline")

    # --- locking
    def lock(self) -> None:
        if self.desk is None or self.locked:
            return
        self.pages.close_over()
        self._before_lock = list(self.pages.trail)
        self.locked = True
        person = self.desk.person
        self.pages.start(
            "sign_in", locked=person.name, username=person.username,
            server=self.home.setting("server"),
        )  # fmt: skip

    def _unlocked(self) -> None:
        self.locked = False
        trail = self._before_lock or [("today", {})]
        self.pages.resume(trail)

    def look_at_the_clock(self, idle_s: float | None = None) -> None:
        """Lock when nobody has touched the app for the time that the person chose."""
        if idle_s is None:
            idle_s = time.monotonic() - self._touched_at
        minutes = int(self.home.setting("lock_minutes", "15"))
        if minutes and idle_s > minutes * 60:
            self.lock()

    def _touched(self, *_: Any) -> None:
        self._touched_at = time.monotonic()

    # --- the camera button, on every tab
    def shoot(self) -> None:
        """Photo first: the form opens with the picture already in it."""
        if self.desk is not None:
            self.desk.photograph(PhotoRole.BEFORE, self._shot, self._refused)

    def _shot(self, photo: CapturedPhoto) -> None:
        self.pages.open("report", photo=photo)

    def _refused(self, error: XunchengError) -> None:
        self.shell.ids.snackbar.say(error_words(error), "bad", "alert-circle-outline")

    # --- news from behind
    def _status(self, status: CourierStatus) -> None:
        if self.desk is None or self.locked:
            return
        if status.phase is Phase.REVOKED and not self._revoked:
            self._revoked = True
            self.lock()
            self._tell_of_revocation()
            return
        self._count_waiting()
        if self.pages.tabbed:
            self.pages.refresh()

    def _count_waiting(self) -> None:
        desk = self.desk
        if desk is not None:
            desk.reading.run(lambda: sync_summary(desk.store), self._waiting_counted)

    def _waiting_counted(self, summary: SyncSummary) -> None:
        self.shell.waiting = summary.unsent_records + summary.unsent_photos
        self.shell.problems = len(summary.problems)

    def _track(self, *_: Any) -> None:
        if self.desk is not None:
            self.desk.add_position()

    def _unexpected(self, _: BaseException) -> None:
        self.shell.ids.snackbar.say(
            tr("出了点问题，内容没有丢失，请再试一次"), "bad", "alert-circle-outline"
        )

    # --- settings
    def change_language(self, language: str) -> None:
        self.home.set_setting("language", language)
        use_language(language)
        self.build_again()

    def build_again(self) -> None:
        """Build the pages anew, for words or sizes that they took over when they were built."""
        desk = self.desk
        self._build_pages()
        if desk is not None:
            self.pages.desk = desk
            self.shell.rename_tabs()
            self.pages.start("me")

    def _set_pin(self, pin: str) -> None:
        if self.desk is not None:
            self.home.set_pin(self.desk.person.id, pin)

    def _change_password(self, old: str, new: str) -> None:
        if self.desk is not None:
            change_password(self.home, self.devices, self.desk.person, old, new)

    def _key(self, _window: object, key: int, *_: Any) -> bool:
        return key == BACK_KEY and self.pages.back()
