"""The frame around the pages: tabs with the camera below, the snackbar above them."""

from kivy.properties import BooleanProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.floatlayout import FloatLayout

from mobile.ui.kv import load_beside
from mobile.ui.pages import Pages
from mobile.ui.widgets import sheets as _sheets  # noqa: F401  (its rules are used in the .kv)
from mobile.ui.widgets.bars import TAB_WORDS, Tab
from mobile.ui.words import tr


class Shell(FloatLayout):
    """The app's root. `pages` are put in by the app; the bar is there on tabs only."""

    pages: Pages = ObjectProperty(None, allownone=True)
    tabs_shown = BooleanProperty(False)
    current_tab = StringProperty("today")
    waiting = NumericProperty(0)
    problems = NumericProperty(0)
    __events__ = ("on_tab", "on_camera")

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.bar = self.ids.bar.__self__  # ids hold weak references only
        self.ids.column.remove_widget(self.bar)

    def on_tab(self, key: str) -> None:
        """A tab was touched."""

    def on_camera(self) -> None:
        """The camera button was touched."""

    def hold(self, pages: Pages) -> None:
        """Put the pages into the frame."""
        self.pages = pages
        pages.snackbar = self.ids.snackbar
        self.ids.place.add_widget(pages)
        pages.bind(tabbed=self._follow, tab=self._follow)

    def rename_tabs(self) -> None:
        """Say the tabs' names in the language that has just been chosen."""
        for tab in self.bar.walk():
            if isinstance(tab, Tab):
                tab.text = tr(TAB_WORDS[tab.key])

    def _follow(self, *_: object) -> None:
        self.tabs_shown, self.current_tab = self.pages.tabbed, self.pages.tab

    def on_tabs_shown(self, *_: object) -> None:
        """Take the bar away where there are no tabs: an unseen camera button would take touches."""
        if self.tabs_shown and self.bar.parent is None:
            self.ids.column.add_widget(self.bar)
        elif not self.tabs_shown and self.bar.parent is not None:
            self.ids.column.remove_widget(self.bar)


load_beside(__file__)
