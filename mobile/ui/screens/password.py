"""Change the password (needs the server) and set a PIN for quick unlocking (does not)."""

from collections.abc import Callable
from typing import Any

from kivy.properties import BooleanProperty, DictProperty, StringProperty

from mobile.ui.kv import load_beside
from mobile.ui.pages import Page
from mobile.ui.words import error_words, tr
from sync.errors import XunchengError

SHORTEST_PASSWORD = 8


class PasswordPage(Page):
    """`change(old, new)` and `set_pin(pin)` are wired by the app; both run off the UI thread."""

    old = StringProperty("")
    new = StringProperty("")
    again = StringProperty("")
    pin = StringProperty("")
    errors = DictProperty({})
    busy = BooleanProperty(False)
    change: Callable[[str, str], None]
    set_pin: Callable[[str], None]

    def arrive(self, **_: Any) -> None:
        self._clear()

    def _clear(self) -> None:
        self.old = self.new = self.again = self.pin = ""
        self.errors, self.busy = {}, False

    def save_password(self) -> None:
        if len(self.new) < SHORTEST_PASSWORD:
            self.errors = {"new": tr("密码太短，至少 8 个字符")}
        elif self.new != self.again:
            self.errors = {"again": tr("两次输入不一致")}
        else:
            self.busy, self.errors = True, {}
            old, new = self.old, self.new
            self.desk.writing.run(lambda: self.change(old, new), self._changed, self._failed)

    def _changed(self, _: object) -> None:
        self._clear()
        self.say(tr("密码已修改"), "ok", "key-outline")

    def _failed(self, error: XunchengError) -> None:
        self.busy = False
        field = "old" if error.code == "bad_credentials" else "new"
        self.errors = {field: error_words(error)}

    def save_pin(self) -> None:
        pin = self.pin
        self.desk.writing.run(lambda: self.set_pin(pin), self._pin_set, self._pin_refused)

    def _pin_set(self, _: object) -> None:
        self._clear()
        self.say(tr("PIN 已设置，可用于解锁"), "ok", "lock-outline")

    def _pin_refused(self, _: XunchengError) -> None:
        self.errors = {"pin": tr("PIN 至少 4 位数字")}


load_beside(__file__)
