"""Fields to write in, safe with Chinese input methods."""

from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.textinput import TextInput

from mobile.ui.kv import load_beside
from mobile.ui.widgets import buttons as _buttons  # noqa: F401


class ImeTextInput(TextInput):
    """A text input whose `committed` never holds the letters of an unfinished composition.

    Kivy writes the composition (`cheng guan`) into `text` and, when an input method commits
    without clearing it first, leaves both there. The composition is taken out before a commit and
    when the field is left.
    """

    committed = StringProperty("")
    _composing = BooleanProperty(False)

    def window_on_textedit(self, window: object, ime_input: str) -> None:
        self._composing = True
        super().window_on_textedit(window, ime_input)
        self._composing = bool(ime_input)
        if not self._composing:
            self.committed = self.text

    def keyboard_on_textinput(self, window: object, text: str) -> None:
        self._strip_composition()
        super().keyboard_on_textinput(window, text)

    def on_text(self, *_: object) -> None:
        if not self._composing:
            self.committed = self.text

    def on_focus(self, *_: object) -> None:
        if not self.focus:
            self._strip_composition()

    def _strip_composition(self) -> None:
        if self._ime_composition:
            self.window_on_textedit(None, "")


class Field(BoxLayout):
    """A label over a line (or several) of text. `value` is the committed text."""

    label = StringProperty("")
    value = StringProperty("")
    hint = StringProperty("")
    error = StringProperty("")
    icon_name = StringProperty("")
    secret = BooleanProperty(False)
    shown = BooleanProperty(False)
    multiline = BooleanProperty(False)
    numeric = BooleanProperty(False)
    __events__ = ("on_enter",)

    def on_enter(self) -> None:
        """The person pressed Enter in a one-line field."""

    def on_value(self, *_: object) -> None:
        if "input" in self.ids and self.ids.input.committed != self.value:
            self.ids.input.text = self.value
            self.ids.input.cursor = (0, 0)  # a long text shows its beginning


class Choice(BoxLayout):
    """Looks like a field, but opens something to choose from."""

    label = StringProperty("")
    value = StringProperty("")
    hint = StringProperty("")
    error = StringProperty("")
    icon_name = StringProperty("chevron-right")
    __events__ = ("on_open",)

    def on_open(self) -> None:
        """The field was touched."""


load_beside(__file__)
