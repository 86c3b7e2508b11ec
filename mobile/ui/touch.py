"""A finger on the window, as Kivy's input loop sees one."""

from typing import Any

from kivy.base import EventLoop
from kivy.core.window import Window
from kivy.input.motionevent import MotionEvent

_FINGER = 99  # Kivy wants a number for each pointer; the hand has one


class Touch(MotionEvent):
    """One touch at window coordinates (pixels from the lower left). Put down, moved, lifted."""

    def __init__(self, x: float, y: float) -> None:
        super().__init__("hand", _FINGER, _share_of_window(x, y), is_touch=True, type_id="touch")
        self.profile = ["pos"]

    def touch_down(self) -> None:
        EventLoop.post_dispatch_input("begin", self)

    def touch_move(self, x: float, y: float) -> None:
        self.move(_share_of_window(x, y))
        EventLoop.post_dispatch_input("update", self)

    def touch_up(self) -> None:
        EventLoop.post_dispatch_input("end", self)

    def depack(self, args: dict[str, float]) -> None:
        self.sx, self.sy = args["x"], args["y"]
        super().depack(args)


def _share_of_window(x: float, y: float) -> dict[str, Any]:
    return {"x": x / (Window.width - 1.0), "y": y / (Window.height - 1.0)}
