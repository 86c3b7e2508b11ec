"""The bars of a page: title with the way back, tabs with the camera, and the sync line."""

from kivy.properties import BooleanProperty, NumericProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout

from mobile.ui.kv import load_beside
from mobile.ui.widgets import buttons as _buttons  # noqa: F401
from mobile.ui.widgets import surfaces

TAB_WORDS = {"today": "今日", "records": "记录", "sync": "同步", "me": "我的"}


class TopBar(BoxLayout):
    """Title of a page that was opened from another; `on_back` leaves it."""

    title = StringProperty("")
    detail = StringProperty("")
    chip = StringProperty("")
    chip_icon = StringProperty("")
    chip_tone = StringProperty("ok")
    __events__ = ("on_back",)

    def on_back(self) -> None:
        """The arrow was touched."""


class PageHead(BoxLayout):
    """Large title of a tab."""

    title = StringProperty("")
    detail = StringProperty("")


class Tab(ButtonBehavior, BoxLayout):
    icon_name = StringProperty("")
    text = StringProperty("")
    key = StringProperty("")
    active = BooleanProperty(False)
    badge = NumericProperty(0)


class CameraButton(ButtonBehavior, FloatLayout):
    shadow_picture = StringProperty(surfaces.SHADOW)


class BottomBar(FloatLayout):
    """Four tabs with the camera in the middle, on every tab."""

    current = StringProperty("today")
    waiting = NumericProperty(0)
    problems = NumericProperty(0)
    __events__ = ("on_tab", "on_camera")

    def on_tab(self, key: str) -> None:
        """A tab was touched."""

    def on_camera(self) -> None:
        """The camera button was touched."""


class SyncLine(ButtonBehavior, BoxLayout):
    """What has not reached the server yet, in one line; touch it for the Sync page."""

    text = StringProperty("")
    icon_name = StringProperty("cloud-check-outline")
    tone = StringProperty("ok")


class Foot(BoxLayout):
    """The place of a page's main buttons, above the edge of the screen."""


load_beside(__file__)
