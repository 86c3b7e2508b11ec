"""Things to press, none smaller than 48 dp."""

from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.label import Label

from mobile.ui.kv import load_beside
from mobile.ui.widgets import surfaces as _surfaces  # noqa: F401


class MainButton(ButtonBehavior, FloatLayout):
    """The page's main action. `look`: primary, quiet, danger, dark."""

    text = StringProperty("")
    icon_name = StringProperty("")
    look = StringProperty("primary")


class IconButton(ButtonBehavior, Label):
    """An icon alone; `says` names it for tests and for readers of the screen."""

    icon_name = StringProperty("")
    says = StringProperty("")


class FilterChip(ButtonBehavior, BoxLayout):
    """A choice in a row of filters, with its count."""

    text = StringProperty("")
    key = StringProperty("")
    active = BooleanProperty(False)
    raised = BooleanProperty(True)


class Segment(ButtonBehavior, FloatLayout):
    """One of a few answers side by side."""

    text = StringProperty("")
    icon_name = StringProperty("")
    key = StringProperty("")
    tone = StringProperty("pri")
    active = BooleanProperty(False)


class Toggle(ButtonBehavior, BoxLayout):
    """A line with a switch. `active` is the answer."""

    text = StringProperty("")
    detail = StringProperty("")
    active = BooleanProperty(False)

    def on_release(self) -> None:
        self.active = not self.active


load_beside(__file__)
