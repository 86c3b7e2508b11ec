"""What slides over a page: sheets with choices, questions, and the line that says it is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kivy.animation import Animation
from kivy.clock import Clock
from kivy.properties import BooleanProperty, ObjectProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.modalview import ModalView

from mobile.ui.kv import load_beside
from mobile.ui.widgets import fields as _fields  # noqa: F401
from mobile.ui.widgets.buttons import MainButton

SNACKBAR_SECONDS = 3.5


@dataclass(frozen=True)
class Option:
    """One line of a sheet. `key` comes back when it is chosen."""

    key: str
    text: str
    detail: str = ""
    icon_name: str = ""
    tone: str = ""


class OptionLine(ButtonBehavior, BoxLayout):
    text = StringProperty("")
    detail = StringProperty("")
    icon_name = StringProperty("")
    tone = StringProperty("")
    active = BooleanProperty(False)


class Sheet(ModalView):
    """A sheet from below with a title; `show_options` fills it with lines to choose from."""

    title = StringProperty("")
    detail = StringProperty("")

    def show_options(
        self, options: Sequence[Option], chosen: Callable[[str], None], current: str = ""
    ) -> "Sheet":
        """Fill the sheet; it closes, then `chosen(key)` is called."""
        for option in options:
            line = OptionLine(
                text=option.text, detail=option.detail, icon_name=option.icon_name,
                tone=option.tone, active=bool(current) and option.key == current,
            )  # fmt: skip
            line.bind(on_release=lambda _line, key=option.key: self._choose(key, chosen))
            self.ids.content.add_widget(line)
        return self

    def add(self, widget: object) -> "Sheet":
        self.ids.content.add_widget(widget)
        return self

    def _choose(self, key: str, chosen: Callable[[str], None]) -> None:
        self.dismiss(animation=False)
        chosen(key)


class Question(ModalView):
    """Asks before something that cannot be undone, or explains one thing.

    With `wants_text` the person must write something; `answered(text)` is called on yes.
    """

    title = StringProperty("")
    detail = StringProperty("")
    yes = StringProperty("")
    no = StringProperty("")
    look = StringProperty("primary")
    wants_text = BooleanProperty(False)
    hint = StringProperty("")
    answered = ObjectProperty(None, allownone=True)
    phrases = ObjectProperty(())

    def on_kv_post(self, *_: object) -> None:
        for phrase in self.phrases:
            button = MainButton(text=phrase, look="quiet")
            button.bind(on_release=lambda _button, said=phrase: self._fill(said))
            self.ids.phrases.add_widget(button)

    def _fill(self, said: str) -> None:
        self.ids.text.value = said

    def accept(self) -> None:
        said = self.ids.text.value.strip()
        if self.wants_text and not said:
            self.ids.text.error = self.hint
            return
        self.dismiss(animation=False)
        if self.answered is not None:
            self.answered(said)


class Snackbar(FloatLayout):
    """One line at the bottom that goes away by itself."""

    text = StringProperty("")
    icon_name = StringProperty("check-circle-outline")
    tone = StringProperty("ok")
    shown = BooleanProperty(False)

    def say(self, text: str, tone: str = "ok", icon_name: str = "check-circle-outline") -> None:
        Animation.cancel_all(self)
        Clock.unschedule(self._leave)
        self.text, self.tone, self.icon_name, self.opacity = text, tone, icon_name, 1
        self.shown = True
        Clock.schedule_once(self._leave, SNACKBAR_SECONDS)

    def _leave(self, *_: object) -> None:
        self.shown = False
        Animation(opacity=0, duration=0.2).start(self)


load_beside(__file__)
