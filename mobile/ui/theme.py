"""Colours and sizes of the app. Screens name tokens, never values; all follow at once.

`theme` is bound from kv (`theme.ink`), so switching to dark or to larger text redraws in place.
"""

from kivy.event import EventDispatcher
from kivy.metrics import dp, sp
from kivy.properties import AliasProperty, BooleanProperty, ColorProperty, NumericProperty

LIGHT = {
    "bg": "#F3F5F8", "card": "#FFFFFF", "ink": "#17212E", "sub": "#5B6B80", "line": "#DFE5EC",
    "field": "#F6F8FA", "pri": "#0B63CE", "pri_soft": "#E5F0FE", "over_pri": "#FFFFFF",
    "ok": "#0F7350", "ok_soft": "#E1F5EC", "warn": "#A15306", "warn_soft": "#FFF1DC",
    "bad": "#B92B25", "bad_soft": "#FDE8E6", "bar": "#17212E", "over_bar": "#FFFFFF",
    "veil": "#0D1520A0", "press": "#0B63CE14", "shadow": "#FFFFFFFF",
}  # fmt: skip
DARK = {
    "bg": "#0E1319", "card": "#1A222C", "ink": "#E8EDF4", "sub": "#A0AEC0", "line": "#303C4A",
    "field": "#121920", "pri": "#5AA5FF", "pri_soft": "#17314F", "over_pri": "#06182E",
    "ok": "#57CB9C", "ok_soft": "#14352A", "warn": "#F3B05E", "warn_soft": "#3C2B13",
    "bad": "#FF8A80", "bad_soft": "#44201E", "bar": "#E8EDF4", "over_bar": "#10161D",
    "veil": "#000000B0", "press": "#5AA5FF22", "shadow": "#00000000",
}  # fmt: skip
SCALES = (0.9, 1.0, 1.15, 1.3)


def _sized(points: float) -> AliasProperty:
    return AliasProperty(lambda theme: sp(points) * theme.scale, bind=("scale",))


class Theme(EventDispatcher):
    """The tokens. `tone(name)` colours: pri, ok, warn, bad, sub with their soft backgrounds."""

    dark = BooleanProperty(False)
    scale = NumericProperty(1.0)
    bg, card, ink, sub, line = (ColorProperty() for _ in range(5))
    field, pri, pri_soft, over_pri = (ColorProperty() for _ in range(4))
    ok, ok_soft, warn, warn_soft, bad, bad_soft = (ColorProperty() for _ in range(6))
    bar, over_bar, veil, press, shadow = (ColorProperty() for _ in range(5))

    def __init__(self) -> None:
        super().__init__()
        self.on_dark()

    def on_dark(self, *_: object) -> None:
        for name, value in (DARK if self.dark else LIGHT).items():
            setattr(self, name, value)

    tiny, small, body, large = _sized(11), _sized(13), _sized(15), _sized(17)
    title, huge = _sized(22), _sized(30)
    touch = AliasProperty(lambda self: dp(48) * max(1.0, self.scale), bind=("scale",))
    gap = NumericProperty(dp(12))
    edge = NumericProperty(dp(16))
    radius = NumericProperty(dp(14))

    def tone(self, name: str, _dark: bool = False) -> list[float]:
        """Return a tone's foreground; give `theme.dark` along in kv so that it follows."""
        return getattr(self, name or "sub")

    def soft(self, name: str, _dark: bool = False) -> list[float]:
        return self.line if name in ("", "sub") else getattr(self, f"{name}_soft")


theme = Theme()
