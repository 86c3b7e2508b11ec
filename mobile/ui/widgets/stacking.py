"""A column of things that each know their height; what is not there leaves no gap."""

from typing import Any

from kivy.properties import NumericProperty, VariableListProperty
from kivy.uix.layout import Layout
from kivy.uix.widget import Widget


class Stack(Layout):
    """Lays children out from the top. A child of height 0 takes no space and no spacing.

    (A BoxLayout would still put its spacing around it, and optional parts of a form would leave
    holes.) `minimum_height` is what the children need.
    """

    spacing = NumericProperty(0)
    padding = VariableListProperty([0, 0, 0, 0])
    minimum_height = NumericProperty(0)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("pos", "size", "spacing", "padding", "children"):
            self.fbind(name, self._trigger_layout)
        self._trigger_layout()

    def add_widget(self, widget: Widget, *args: Any, **kwargs: Any) -> None:
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
        self.minimum_height = needed + top + bottom
