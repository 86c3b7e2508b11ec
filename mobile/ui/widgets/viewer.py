"""A photo over the whole screen."""

from collections.abc import Callable

from kivy.properties import BooleanProperty, ObjectProperty, StringProperty
from kivy.uix.modalview import ModalView

from mobile.ui.kv import load_beside
from mobile.ui.widgets import bars as _bars  # noqa: F401
from mobile.ui.widgets import photos as _photos  # noqa: F401


class PhotoView(ModalView):
    """Shows one picture. With `removed` it can be taken out of the draft it belongs to."""

    source = StringProperty("")
    title = StringProperty("")
    removable = BooleanProperty(False)
    removed = ObjectProperty(None, allownone=True)

    def on_removed(self, *_: object) -> None:
        self.removable = self.removed is not None

    def remove(self) -> None:
        removed: Callable[[], None] | None = self.removed
        self.dismiss(animation=False)
        if removed is not None:
            removed()


load_beside(__file__)
