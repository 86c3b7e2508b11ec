"""Words and icons."""

from kivy.properties import NumericProperty, StringProperty
from kivy.uix.label import Label

from mobile.ui.kv import load_beside


class Words(Label):
    """Text that takes the height it needs. `lines` above zero shortens it to that many."""

    lines = NumericProperty(0)


class Heading(Words):
    """Bold text; falls back to the text face for characters that the bold one lacks."""


class Icon(Label):
    """One icon, by its Material Design name."""

    name = StringProperty("")


load_beside(__file__)
