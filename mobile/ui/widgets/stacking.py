"""A column of things that each know their height; what is not there leaves no gap."""

from typing import Any

from kivy.properties import BooleanProperty, NumericProperty, VariableListProperty
from kivy.uix.layout import Layout
from kivy.uix.widget import Widget


class Stack(Layout):
    """Lays children out from the top. A child of height 0 takes no space and no spacing.

    (A BoxLayout would still put its spacing around it, and optional parts of a form would leave
    holes.) `minimum_height` is what the children need. While it is not `present` its children are
    out of the tree: hidden ones would still lie there and take touches.
    """

    spacing = NumericProperty(0)
    padding = VariableListProperty([0, 0, 0, 0])
    minimum_height = NumericProperty(0)
    present = BooleanProperty(True)

    def __init__(self, **kwargs: Any) -> None:
        self._away: list[Widget] = []
        super().__init__(**kwargs)
        for name in ("pos", "size", "spacing", "padding", "children"):
            self.fbind(name, self._trigger_layout)
        self._trigger_layout()

    def on_present(self, *_: Any) -> None:
        if self.present:
            back, self._away = self._away, []
            for widget in back:
                self.add_widget(widget)
        else:
            self._away = list(reversed(self.children))
            for widget in self._away:
                self.remove_widget(widget)
        self.opacity = 1 if self.present else 0

    def add_widget(self, widget: Widget, *args: Any, **kwargs: Any) -> None:
        if not self.present:
            self._away.append(widget)
            return
        for name in ("size", "size_hint", "pos_hint"):
            widget.fbind(name, self._trigger_layout)
        super().add_widget(widget, *args, **kwargs)

    def remove_widget(self, widget: Widget, *args: Any, **kwargs: Any) -> None:
        for name in ("size", "size_hint", "pos_hint"):
            widget.funbind(name, self._trigger_layout)
        super().remove_widget(widget, *args, **kwargs)

    def do_layout(self, *_: Any) -> None:
        left, top, right, bottom = self.padding
        room = self.width - left - right
        there = [child for child in reversed(self.children) if child.height > 0]
        y = self.top - top
        for child in reversed(self.children):
            if child.size_hint_x is not None:
                child.width = room * child.size_hint_x
            child.x = self.x + left
            if "center_x" in child.pos_hint:
                child.center_x = self.x + left + room * child.pos_hint["center_x"]
            child.top = y
            if child.height > 0:
                y -= child.height + self.spacing
        needed = sum(child.height for child in there) + self.spacing * max(0, len(there) - 1)
        self.minimum_height = needed + top + bottom if self.present else 0
