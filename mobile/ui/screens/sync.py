"""Sync: what waits and why, how large it is, and what needs a person."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kivy.properties import BooleanProperty, ListProperty, NumericProperty, StringProperty

from mobile.rescue.packing import PackageMade, rescue_folder
from mobile.rescue.taking_in import TakenIn
from mobile.store.records import RecordItem
from mobile.store.summary import WaitingPhoto
from mobile.transfer.courier import CourierStatus
from mobile.ui import wording
from mobile.ui.desk import SyncView
from mobile.ui.kv import load_beside
from mobile.ui.pages import Page
from mobile.ui.widgets.sheets import Option, Sheet
from mobile.ui.widgets.surfaces import SettingLine
from mobile.ui.words import code_words, tr

MOST_PHOTOS_SHOWN = 12


class SyncPage(Page):
    state_text = StringProperty("")
    state_icon = StringProperty("cloud-check-outline")
    state_tone = StringProperty("ok")
    facts = ListProperty([])
    wifi_only = BooleanProperty(False)
    problem_count = NumericProperty(0)
    photo_count = NumericProperty(0)
    busy = BooleanProperty(False)
    rescue_text = StringProperty("")

    def arrive(self, **_: Any) -> None:
        self.rescue_text = ""
        self.wifi_only = self.desk.setting("photos_on_wifi_only", "no") == "yes"
        self.refresh()

    def refresh(self) -> None:
        self.show_status(self.desk.courier.status)
        self.desk.sync_view(self.show)

    def show_status(self, status: CourierStatus) -> None:
        mark = wording.phase_words(status.phase, status.error)
        self.state_text, self.state_icon, self.state_tone = mark.text, mark.icon_name, mark.tone
        self.busy = status.phase in ("sending", "photos", "receiving")

    def show(self, view: SyncView) -> None:
        now, waiting = self.desk.now(), view.summary
        facts = [
            (tr("上次同步"), wording.moment_words(waiting.last_sync_at, now)),
            (tr("待传记录"), tr("{n} 条", n=waiting.unsent_records)),
            (
                tr("待传照片"),
                tr("{n} 张", n=waiting.unsent_photos)
                + (
                    f" · {wording.size_words(waiting.unsent_photo_bytes)}"
                    if waiting.unsent_photos
                    else ""
                ),
            ),
        ]
        if waiting.oldest_unsent_at is not None:
            facts.append((tr("最早一条"), wording.moment_words(waiting.oldest_unsent_at, now)))
        if waiting.next_try_at is not None and waiting.next_try_at > now:
            facts.append((tr("下次自动再试"), wording.moment_words(waiting.next_try_at, now)))
        self.facts = facts
        self._show_problems(waiting.problems)
        self._show_photos(view.photos)

    def _show_problems(self, problems: Any) -> None:
        self.problem_count = len(problems)
        self.ids.problems.clear_widgets()
        for item in problems:
            line = SettingLine(
                icon_name="cloud-alert-outline", tone="bad", label=wording.record_title(item),
                value=self._why(item),
            )  # fmt: skip
            line.bind(on_release=lambda _line, key=item.id: self.pages.open("record", item_id=key))
            self.ids.problems.add_widget(line)

    def _why(self, item: RecordItem) -> str:
        return wording.record_why(item) or item.place

    def _show_photos(self, photos: Any) -> None:
        self.photo_count = len(photos)
        self.ids.photos.clear_widgets()
        for photo in photos[:MOST_PHOTOS_SHOWN]:
            self.ids.photos.add_widget(self._photo_line(photo))

    def _photo_line(self, photo: WaitingPhoto) -> SettingLine:
        done = wording.size_words(photo.sent) + " / " if photo.sent else ""
        size = done + wording.size_words(photo.bytes)
        if photo.error_code:
            words, icon_name, tone = code_words(photo.error_code), "image-broken-variant", "bad"
        elif photo.sent:
            words, icon_name, tone = tr("上传中"), "cloud-upload-outline", "pri"
        else:
            words, icon_name, tone = tr("等待上传"), "image-outline", ""
        return SettingLine(label=words, value=size, icon_name=icon_name, tone=tone, chevron=False)

    def choose_policy(self, wifi_only: bool) -> None:
        """Photos wait for Wi-Fi; records never do."""
        self.wifi_only = wifi_only
        self.desk.set_setting("photos_on_wifi_only", "yes" if wifi_only else "no")
        self.desk.courier.nudge("connectivity")

    # --- the rescue package
    def make_package(self) -> None:
        """Ask whose work goes in when several people share the handheld."""
        if len(self.desk.home.people()) < 2:
            self._pack(False)
            return
        options = [
            Option("mine", tr("只要我的"), self.desk.person.name, "account-outline"),
            Option("all", tr("本机所有人员的"), tr("共用手机时选择"), "account-group-outline"),
        ]
        sheet = Sheet(title=tr("制作救援包"), detail=tr("救援包不加密，请当面交接"))
        self.pages.show(sheet.show_options(options, lambda key: self._pack(key == "all")))

    def _pack(self, everybody: bool) -> None:
        self.desk.make_rescue(everybody, self._packed, self.say_error)

    def _packed(self, made: PackageMade) -> None:
        size = wording.size_words(made.bytes)
        counts = tr(
            "{records} 条记录、{drafts} 份草稿、{photos} 张照片",
            records=made.records, drafts=made.drafts, photos=made.photos,
        )  # fmt: skip
        self.rescue_text = f"{counts} · {size}\n{made.path}"
        self.say(tr("救援包已保存"), "ok", "backup-restore")

    def choose_package(self) -> None:
        self.desk.rescue_packages(self._choose_package)

    def _choose_package(self, found: Sequence[Path]) -> None:
        if not found:
            folder = rescue_folder(self.desk.home)
            self.rescue_text = tr("没有找到救援包。请把文件放到：") + f"\n{folder}"
            return
        options = [
            Option(str(path), path.stem, wording.size_words(path.stat().st_size), "backup-restore")
            for path in found
        ]
        sheet = Sheet(title=tr("导入救援包"))
        self.pages.show(sheet.show_options(options, self._take_package))

    def _take_package(self, path: str) -> None:
        self.desk.take_rescue(Path(path), self._package_taken, self.say_error)

    def _package_taken(self, taken: TakenIn) -> None:
        lines = [
            tr(
                "已导入 {records} 条记录、{drafts} 份草稿、{photos} 张照片",
                records=taken.records, drafts=taken.drafts, photos=taken.photos,
            )
        ]  # fmt: skip
        if taken.known:
            lines.append(tr("{n} 条本机已有", n=taken.known))
        if taken.refused:
            lines.append(tr("{n} 项已损坏，未导入", n=len(taken.refused)))
        for person in taken.strangers:
            lines.append(tr("{name} 需先在本机登录，再导入一次", name=person.name))
        self.rescue_text = "\n".join(lines)
        self.refresh()

    def send_now(self) -> None:
        self.desk.send_now()
        self.say(tr("开始同步"), "ok", "sync")


load_beside(__file__)
