"""Duty: sign in on the beat, keep the patrol log, hand over, sign off."""

from typing import Any

from kivy.properties import BooleanProperty, ListProperty, StringProperty

from mobile.capture.duty import LogEntry, Shift
from mobile.ui import wording
from mobile.ui.desk import MeView
from mobile.ui.kv import load_beside
from mobile.ui.pages import Page
from mobile.ui.words import tr

EARLY_UNTIL_HOUR = 13
LOG_ICONS = {"sign_in": "login", "note": "note-text-outline", "handover": "swap-horizontal"}


class DutyPage(Page):
    working = BooleanProperty(False)
    shift = StringProperty("early")
    beat_text = StringProperty("")
    here_text = StringProperty("")
    here_tone = StringProperty("sub")
    head_line = StringProperty("")
    entries = ListProperty([])
    note = StringProperty("")
    handover = StringProperty("")
    handed_over = StringProperty("")  # by the shift before
    handed_by = StringProperty("")
    busy = BooleanProperty(False)
    _listening = False

    def arrive(self, **_: Any) -> None:
        hour = wording.local(self.desk.now()).hour
        self.shift = "early" if hour < EARLY_UNTIL_HOUR else "late"
        self.note = self.handover = ""
        self.busy = False
        self._listen(True)
        self.refresh()

    def leave(self) -> bool:
        self._listen(False)
        return True

    def _listen(self, wanted: bool) -> None:
        """Ask for positions while the page is open; the shift asks for its own."""
        if wanted != self._listening:
            self._listening = wanted
            locator = self.desk.devices.locator
            (locator.start if wanted else locator.stop)()

    def refresh(self) -> None:
        self.desk.me(self.show)

    def show(self, view: MeView) -> None:
        beat = view.beat
        self.beat_text = beat.name if beat else tr("没有分配责任区，可在任意位置签到")
        here = self.desk.here()
        if here is None:
            self.here_text, self.here_tone = tr("正在定位…"), "warn"
        else:
            within = round(here.accuracy_m or 0)
            self.here_text = tr("已定位（±{n} 米）", n=within)
            self.here_tone = "ok"
        if view.handover is not None:
            when = wording.moment_words(view.handover.at, self.desk.now())
            self.handed_over = view.handover.text
            self.handed_by = tr("{name} · {when} 交班", name=view.handover.by, when=when)
        self._show_shift(view.shift)

    def _show_shift(self, shift: Shift | None) -> None:
        self.working = shift is not None
        if shift is None:
            self.entries = []
            return
        now = self.desk.now()
        place = ""
        if shift.on_beat is not None:
            place = tr("在责任区内签到") if shift.on_beat else tr("不在责任区内签到")
        self.head_line = " · ".join(
            part
            for part in (
                tr("{when} 签到", when=wording.moment_words(shift.started_at, now)),
                place,
                tr("行走 {km} 公里", km=f"{shift.metres / 1000:.1f}"),
            )
            if part
        )
        self.entries = [
            (f"{wording.local(entry.at):%H:%M}", entry_words(entry)) for entry in shift.log
        ]

    # --- what the person does
    def start(self) -> None:
        self.busy = True
        self.desk.go_on_duty(self.shift, self._started)

    def _started(self, shift: Shift) -> None:
        self.busy = False
        self._show_shift(shift)
        self.say(tr("已上岗，注意安全"), "ok", "walk")

    def add_note(self) -> None:
        if self.note.strip():
            self.desk.add_to_log(self.note.strip(), self._show_shift)
            self.note = ""

    def ask_end(self) -> None:
        self.ask(
            tr("确认下班签退？"), tr("签退"), lambda _: self._end(),
            detail=tr("巡查日志和交接事项会上传；下班后不再记录轨迹。"),
        )  # fmt: skip

    def _end(self) -> None:
        self.busy = True
        self.desk.go_off_duty(self.handover.strip(), self._ended, self._refused)

    def _ended(self, _: object) -> None:
        self.busy = False
        self._listen(False)
        self.pages.start("me")
        self.say(tr("已签退，辛苦了"), "ok", "check-circle-outline")

    def _refused(self, error: Any) -> None:
        self.busy = False
        self.say_error(error)


def entry_words(entry: LogEntry) -> str:
    """Say one line of the log."""
    if entry.what == "sign_in":
        return tr("上岗签到") + (f" · {entry.text}" if entry.text else "")
    if entry.what == "handover":
        return tr("交接：{text}", text=entry.text)
    return entry.text


load_beside(__file__)
