"""A hand for the app: taps, drags, types and looks, through Kivy's own dispatch.

It drives the real app in a real window, one frame at a time, and waits for what it expects to
see instead of sleeping. The tests, the screenshots and the played day all use it.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kivy.app import App
from kivy.base import EventLoop
from kivy.core.window import Window
from kivy.graphics.opengl import glFinish
from kivy.uix.widget import Widget

from mobile.ui.touch import Touch

# A scroll view gives a tap to what lies in it only when it is sure that it is no drag.
SCROLL_VIEW_SECONDS = 0.25
VIEW_EDGE = 160  # pixels: clear of the camera button, which stands above its bar

Wanted = Callable[[Widget], bool]


class NotSeenError(AssertionError):
    """What the hand waited for did not appear in time."""


class Hand:
    def __init__(self) -> None:
        self.app: App | None = None

    # --- life of the app
    def start(self, app: App) -> None:
        """Put the app's root into the window and show the first frames."""
        self.app = app
        App._running_app = app
        app._run_prepare()
        self.frames(3)

    def close(self) -> None:
        """Stop the app and leave the window empty for the next one."""
        if self.app is not None:
            self.app.dispatch("on_stop")
            App._running_app = None
            self.app = None
        for widget in list(Window.children):
            Window.remove_widget(widget)
        self.frames(1)

    # --- time
    def frames(self, count: int = 1) -> None:
        for _ in range(count):
            EventLoop.idle()
            glFinish()  # without it the software renderer's queue, and its memory, grow

    def wait(self, condition: Callable[[], object], timeout_s: float = 10, what: str = "") -> None:
        """Draw frames until `condition()` holds. Raises `NotSeenError`."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                seen = f"on screen: {self.read()}"
                raise NotSeenError(f"waited {timeout_s} s for {what or condition}; {seen}")
            self.frames()
        self.frames(2)

    # --- looking
    def widgets(self) -> Iterator[Widget]:
        """Every widget in the window, the topmost last."""
        for child in reversed(Window.children):
            yield from child.walk()

    def visible(self, widget: Widget) -> bool:
        """Say whether the widget's middle is on the screen, unclipped by a scroll view."""
        if not widget.get_root_window() or min(widget.size) <= 0:
            return False
        x, y = widget.to_window(*widget.center)
        if not (0 <= x <= Window.width and 0 <= y <= Window.height):
            return False
        return all(parent.opacity > 0 for parent in _parents(widget))

    def find(self, wanted: Wanted | str, within: Widget | None = None) -> Widget | None:
        """Return the topmost visible widget that fits, or whose text or `says` is the string."""
        fits = _fits(wanted) if isinstance(wanted, str) else wanted
        found = [w for w in (within.walk() if within else self.widgets()) if fits(w)]
        return next((w for w in reversed(found) if self.visible(w)), None)

    def read(self) -> list[str]:
        """Return the texts that are on the screen now."""
        texts = (getattr(w, "text", "") for w in self.widgets() if self.visible(w))
        return [text for text in texts if text and ord(text[0]) < 0xE000]

    def sees(self, part: str) -> bool:
        return any(part in text for text in self.read())

    def wait_for(self, wanted: Wanted | str, timeout_s: float = 10) -> Widget:
        """Wait until `find(wanted)` finds something; return it."""
        self.wait(lambda: self.find(wanted) is not None, timeout_s, f"{wanted!r}")
        found = self.find(wanted)
        assert found is not None
        return found

    def wait_to_see(self, part: str, timeout_s: float = 10) -> None:
        self.wait(lambda: self.sees(part), timeout_s, f"text with {part!r}")

    # --- touching
    def tap(self, wanted: Wanted | Widget | str, timeout_s: float = 10) -> None:
        """Touch the middle of a widget, scrolling it into view first where it needs that."""
        widget = wanted if isinstance(wanted, Widget) else self._reach(wanted, timeout_s)
        self._bring_into_view(widget)
        touch = Touch(*widget.to_window(*widget.center))
        touch.touch_down()
        self.frames(2)
        touch.touch_up()
        self.frames(3)
        if _scroll_view(widget) is not None:
            self._let_pass(SCROLL_VIEW_SECONDS)

    def _let_pass(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.frames()

    def tap_at(self, x: float, y: float) -> None:
        touch = Touch(x, y)
        touch.touch_down()
        self.frames(2)
        touch.touch_up()
        self.frames(3)

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 12) -> None:
        touch = Touch(*start)
        touch.touch_down()
        self.frames()
        for step in range(1, steps + 1):
            part = step / steps
            touch.touch_move(
                start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part
            )
            self.frames()
        touch.touch_up()
        self.frames(3)

    def write(self, field: Wanted | Widget | str, text: str) -> None:
        """Focus a field and type into it, as an input method commits words."""
        box = field if isinstance(field, Widget) else self.wait_for(field)
        entry = box if hasattr(box, "insert_text") else box.ids.input
        self.tap(entry)
        self.wait(lambda: entry.focus, what="the field to take the focus")
        for character in text:
            Window.dispatch("on_textinput", character)
        self.frames(2)
        entry.focus = False
        self.frames(2)

    def shot(self, path: Path) -> Path:
        """Save what is on the screen as PNG."""
        self.frames(3)
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Path(Window.screenshot(name=str(path)))
        return made.rename(path)

    def _reach(self, wanted: Wanted | str, timeout_s: float) -> Widget:
        fits = _fits(wanted) if isinstance(wanted, str) else wanted
        self.wait(lambda: self.find(wanted) or self._hidden(fits), timeout_s, f"{wanted!r}")
        found = self.find(wanted) or self._hidden(fits)
        assert found is not None
        return found

    def _hidden(self, fits: Wanted) -> Widget | None:
        """Return a widget that fits and only needs scrolling."""
        inside = (w for w in self.widgets() if fits(w) and min(w.size) > 0)
        return next((w for w in inside if _scroll_view(w) is not None), None)

    def _bring_into_view(self, widget: Widget) -> None:
        view = _scroll_view(widget)
        if view is not None and not _inside(widget, view):
            view.scroll_to(widget, padding=VIEW_EDGE, animate=False)
            self.frames(3)


def _fits(text: str) -> Wanted:
    def fits(widget: Widget) -> bool:
        return text in (getattr(widget, "text", None), getattr(widget, "says", None))

    return fits


def _parents(widget: Widget) -> Iterator[Widget]:
    seen: Widget | None = widget
    while isinstance(seen, Widget):
        yield seen
        seen = seen.parent if seen.parent is not seen else None


def _scroll_view(widget: Widget) -> Widget | None:
    above = (parent for parent in _parents(widget) if parent is not widget)
    return next((parent for parent in above if hasattr(parent, "scroll_to")), None)


def _inside(widget: Widget, view: Widget) -> bool:
    low = view.to_window(view.x, view.y)[1]
    high = view.to_window(view.x, view.top)[1]
    return low + VIEW_EDGE <= widget.to_window(*widget.center)[1] <= high
