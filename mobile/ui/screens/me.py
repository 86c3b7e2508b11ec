"""Me: shift, my month, language, text size, dark mode, password, storage, about."""

from collections.abc import Callable
from typing import Any

from kivy.properties import BooleanProperty, ListProperty, StringProperty

from mobile.ui import wording
from mobile.ui.desk import MeView
from mobile.ui.kv import load_beside
from mobile.ui.pages import Page
from mobile.ui.theme import SCALES, theme
from mobile.ui.widgets.sheets import Option, Sheet
from mobile.ui.words import LANGUAGES, language, tr

SIZE_WORDS = ("小", "标准", "大", "特大")
LOCK_MINUTES = (5, 15, 30, 0)


class MePage(Page):
    """`language_chosen`, `looks_changed`, `sign_out`, `lock` are wired by the app."""

    person_name = StringProperty("")
    roles = StringProperty("")
    initial = StringProperty("")
    working = BooleanProperty(False)
    shift_line = StringProperty("")
    beat_line = StringProperty("")
    figures = ListProperty(["0", "0", "0", "0"])
    size_text = StringProperty("")
    language_text = StringProperty("")
    lock_text = StringProperty("")
    storage_text = StringProperty("")
    device_text = StringProperty("")
    field_work = BooleanProperty(True)
    language_chosen: Callable[[str], None]
    looks_changed: Callable[[], None]
    sign_out: Callable[[], None]
    lock: Callable[[], None]
    version = ""

    def arrive(self, **_: Any) -> None:
        person = self.desk.person
        self.person_name, self.roles = person.name, wording.roles_words(person.roles)
        self.initial = person.name[:1]
        self.field_work = person.has_role("officer", "collector", "assistant", "squad_leader")
        self.size_text = tr(SIZE_WORDS[_nearest(theme.scale)])
        self.language_text = LANGUAGES[language()]
        self.lock_text = self._lock_words(int(self.desk.setting("lock_minutes", "15")))
        self.device_text = self.desk.devices.camera.name
        self.refresh()

    def refresh(self) -> None:
        self.desk.me(self.show)

    def show(self, view: MeView) -> None:
        now = self.desk.now()
        self.working = view.shift is not None
        self.beat_line = (
            tr("责任区：{name}", name=view.beat.name) if view.beat else tr("没有分配责任区")
        )
        if view.shift is not None:
            spent = wording.span_words(now - view.shift.started_at)
            self.shift_line = tr(
                "{when} 签到 · 已在岗 {span} · 行走 {km} 公里",
                when=wording.moment_words(view.shift.started_at, now),
                span=spent, km=f"{view.shift.metres / 1000:.1f}",
            )  # fmt: skip
        else:
            self.shift_line = tr("未上岗：不记录轨迹")
        month = view.month
        self.figures = [
            str(number)
            for number in (
                month.reports,
                month.verifications + month.checks,
                month.handled,
                month.photos,
            )
        ]
        self.storage_text = tr(
            "照片 {photos} · 数据 {data}",
            photos=wording.size_words(view.storage.photo_bytes),
            data=wording.size_words(view.storage.data_bytes),
        )

    # --- settings
    def choose_language(self) -> None:
        options = [Option(key, name) for key, name in LANGUAGES.items()]
        sheet = Sheet(title=tr("语言")).show_options(options, self.language_chosen, language())
        self.pages.show(sheet)

    def choose_size(self) -> None:
        options = [Option(str(place), tr(word)) for place, word in enumerate(SIZE_WORDS)]
        sheet = Sheet(title=tr("文字大小"))
        self.pages.show(sheet.show_options(options, self._size_chosen, str(_nearest(theme.scale))))

    def _size_chosen(self, place: str) -> None:
        theme.scale = SCALES[int(place)]
        self.desk.set_setting("text_scale", str(theme.scale))
        self.looks_changed()

    def switch_dark(self, dark: bool) -> None:
        if theme.dark == dark:
            return  # the switch only follows what has been set elsewhere
        theme.dark = dark
        self.desk.set_setting("dark", "yes" if dark else "no")

    def choose_lock(self) -> None:
        options = [Option(str(minutes), self._lock_words(minutes)) for minutes in LOCK_MINUTES]
        current = self.desk.setting("lock_minutes", "15")
        sheet = Sheet(title=tr("不操作多久后锁定"))
        self.pages.show(sheet.show_options(options, self._lock_chosen, current))

    def _lock_chosen(self, minutes: str) -> None:
        self.desk.set_setting("lock_minutes", minutes)
        self.lock_text = self._lock_words(int(minutes))

    def _lock_words(self, minutes: int) -> str:
        return tr("{n} 分钟", n=minutes) if minutes else tr("从不")

    def about(self) -> None:
        facts = tr(
            "版本 {version}\n设备编号 {device}\n相机：{camera}\n定位：{locator}",
            version=self.version, device=self.desk.home.device_id,
            camera=tr(self.desk.devices.camera.name), locator=tr(self.desk.devices.locator.name),
        )  # fmt: skip
        self.ask(tr("关于巡城"), tr("知道了"), lambda _: None, no="", detail=facts)

    def ask_sign_out(self) -> None:
        self.ask(
            tr("退出登录？"), tr("退出"), lambda _: self.sign_out(), look="danger",
            detail=tr("没有上传的记录会留在手机里，下次登录后继续上传。"),
        )  # fmt: skip


def _nearest(scale: float) -> int:
    return min(range(len(SCALES)), key=lambda place: abs(SCALES[place] - scale))


load_beside(__file__)
