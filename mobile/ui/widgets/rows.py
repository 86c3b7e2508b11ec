"""Long lists: one RecycleView, rows of a fixed height, never more than some 500 of them."""

from collections.abc import Callable

from kivy.properties import BooleanProperty, ListProperty, ObjectProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.recycleview import RecycleView

from mobile.ui.kv import load_beside
from mobile.ui.widgets import photos as _photos  # noqa: F401
from mobile.ui.widgets.surfaces import TouchSurface

MOST_ROWS = 500
NEAR_THE_END = 0.05


class Rows(RecycleView):
    """Shows `data`; asks for more through `on_more` when its end comes near."""

    opened = ObjectProperty(None, allownone=True)
    __events__ = ("on_more",)

    def on_more(self) -> None:
        """The end is near."""

    def on_scroll_y(self, *_: object) -> None:
        if self.scroll_y <= NEAR_THE_END and 0 < len(self.data) < MOST_ROWS:
            self.dispatch("on_more")

    def show(self, rows: list[dict[str, object]], opened: Callable[[str], None]) -> None:
        """Put rows in; `opened(key)` is called when one is touched."""
        self.opened = opened
        self.data = [row | {"opened": opened} for row in rows[:MOST_ROWS]]


class RowCard(TouchSurface):
    """What the rows share: a key, and whom to tell when touched."""

    key = StringProperty("")
    opened = ObjectProperty(None, allownone=True)

    def on_release(self) -> None:
        if self.opened is not None:
            self.opened(self.key)


class WorkRow(RowCard):
    """A case on Today's list."""

    title = StringProperty("")
    place = StringProperty("")
    chip = StringProperty("")
    tone = StringProperty("pri")
    due = StringProperty("")
    late = BooleanProperty(False)
    due_icon = StringProperty("clock-outline")
    photo = StringProperty("")
    waiting = BooleanProperty(False)
    rework = StringProperty("")


class RecordRow(RowCard):
    """Something that the person recorded, with how far it has got: icon and word."""

    title = StringProperty("")
    place = StringProperty("")
    detail = StringProperty("")
    state_text = StringProperty("")
    state_icon = StringProperty("")
    tone = StringProperty("sub")
    photo = StringProperty("")
    why = StringProperty("")


class ChoiceRow(ButtonBehavior, BoxLayout):
    """A line of a picker."""

    key = StringProperty("")
    text = StringProperty("")
    detail = StringProperty("")
    mark = StringProperty("")
    head = BooleanProperty(False)
    active = BooleanProperty(False)
    opened = ObjectProperty(None, allownone=True)
    tags = ListProperty([])

    def on_release(self) -> None:
        if self.opened is not None and not self.head:
            self.opened(self.key)


load_beside(__file__)
