"""Sign in: with the server when it can be reached, else against what this phone remembers.

The same page unlocks the app after inactivity; then the name stands and PIN or password opens it.
"""

from collections.abc import Callable
from typing import Any

from kivy.properties import BooleanProperty, StringProperty

from mobile.store.home import KnownPerson
from mobile.ui.kv import load_beside
from mobile.ui.pages import Page
from mobile.ui.widgets.sheets import Option, Sheet
from mobile.ui.words import error_words, tr
from sync.errors import XunchengError


class SignInPage(Page):
    """`enter(username, password, failed)` and `server_chosen(address)` are wired by the app."""

    username = StringProperty("")
    password = StringProperty("")
    server = StringProperty("")
    problem = StringProperty("")
    locked_name = StringProperty("")
    busy = BooleanProperty(False)
    several = BooleanProperty(False)
    enter: Callable[[str, str, Callable[[XunchengError], None]], None]
    server_chosen: Callable[[str], None]
    people: Callable[[], list[KnownPerson]]

    def arrive(self, locked: str = "", username: str = "", server: str = "", **_: Any) -> None:
        known = self.people()
        self.several = len(known) > 1
        self.locked_name = locked
        self.username = username or (known[0].username if known else "")
        self.server = server
        self.password, self.problem, self.busy = "", "", False

    def choose_person(self) -> None:
        """Several officers share a handheld: pick who is at work."""
        options = [
            Option(known.username, known.name, known.username, "account-outline")
            for known in self.people()
        ]
        self.pages.show(Sheet(title=tr("选择账号")).show_options(options, self._as, self.username))

    def _as(self, username: str) -> None:
        self.username, self.password = username, ""

    def someone_else(self) -> None:
        self.locked_name, self.username, self.password = "", "", ""

    def submit(self) -> None:
        if self.busy:
            return
        if not self.username.strip() or not self.password:
            self.problem = tr("请输入用户名和密码")
            return
        self.busy, self.problem = True, ""
        self.enter(self.username.strip(), self.password, self._failed)

    def _failed(self, error: XunchengError) -> None:
        self.busy = False
        self.password = ""
        self.problem = error_words(error)

    def change_server(self) -> None:
        self.ask(
            tr("服务器地址"), tr("保存"), self._server_written, wants_text=True,
            hint=self.server or "https://", detail=tr("由本单位管理员提供"),
        )  # fmt: skip

    def _server_written(self, address: str) -> None:
        self.server = address.strip().rstrip("/")
        self.server_chosen(self.server)


load_beside(__file__)
