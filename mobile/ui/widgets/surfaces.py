"""Cards, chips, notices: what things lie on."""

from pathlib import Path

from kivy.properties import AliasProperty, BooleanProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile.ui.kv import load_beside
from mobile.ui.widgets import text as _text  # noqa: F401  (its rules are used in the .kv)
from mobile.ui.widgets.stacking import Stack

LONGEST_LINE = 22  # characters, label and value together
SHADOW = str(Path(__file__).with_name("shadow.png"))


class Surface(Widget):
    """A white sheet with a soft shadow, under whatever lies on it."""

    shadow_picture = StringProperty(SHADOW)


class Card(Surface, Stack):
    """A sheet as tall as its content."""


class TouchSurface(ButtonBehavior, Surface, BoxLayout):
    """A sheet that answers a touch."""


class Chip(BoxLayout):
    """A short state in a tone (pri, ok, warn, bad, sub), with an icon if it has one."""

    text = StringProperty("")
    icon_name = StringProperty("")
    tone = StringProperty("sub")


class Notice(BoxLayout):
    """A coloured line of explanation inside a page."""

    text = StringProperty("")
    icon_name = StringProperty("information-outline")
    tone = StringProperty("pri")


class Empty(BoxLayout):
    """What a list says when there is nothing in it."""

    text = StringProperty("")
    detail = StringProperty("")
    icon_name = StringProperty("inbox-outline")


class Fact(BoxLayout):
    """A label with its value, and an icon before them. An `optional` one needs a value to show."""

    label = StringProperty("")
    value = StringProperty("")
    icon_name = StringProperty("")
    tone = StringProperty("")
    optional = BooleanProperty(False)


class SettingLine(ButtonBehavior, BoxLayout):
    """A line of a settings card: icon, label, value, chevron. Touch it.

    A long value stands under its label, a short one at the end of the line.
    """

    label = StringProperty("")
    value = StringProperty("")
    icon_name = StringProperty("")
    tone = StringProperty("")
    chevron = BooleanProperty(True)
    long = AliasProperty(
        lambda line: len(line.label) + len(line.value) > LONGEST_LINE, bind=("label", "value")
    )


load_beside(__file__)
