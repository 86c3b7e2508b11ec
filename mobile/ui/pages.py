"""Pages and the way between them: tabs below, other pages on top of them, back by one door."""

from collections.abc import Callable
from typing import Any

from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.modalview import ModalView
from kivy.uix.screenmanager import NoTransition, Screen, ScreenManager, SlideTransition

from mobile.ui.desk import Desk
from mobile.ui.kv import load_beside
from mobile.ui.widgets import rules as _rules  # noqa: F401  (pages use what it loads)
from mobile.ui.widgets.sheets import Question, Snackbar
from mobile.ui.widgets.viewer import PhotoView
from mobile.ui.words import error_words, tr
from sync.errors import XunchengError

TABS = ("today", "records", "sync", "me")
SLIDE_SECONDS = 0.18


class Page(Screen):
    """One screen. `desk` is there once a person has signed in; `pages` leads elsewhere."""

    pages: "Pages"

    @property
    def desk(self) -> Desk:
        return self.pages.desk

    def arrive(self, **arguments: Any) -> None:
        """The page is opened (or come back to) with these arguments: show what they name."""

    def refresh(self) -> None:
        """Something may have changed underneath: show it without moving anything."""

    def leave(self) -> bool:
        """The person turns back; answer False to stay."""
        return True

    # --- what every page says
    def say(self, text: str, tone: str = "ok", icon_name: str = "check-circle-outline") -> None:
        self.pages.snackbar.say(text, tone, icon_name)

    def say_error(self, error: XunchengError) -> None:
        self.say(error_words(error), "bad", "alert-circle-outline")

    def ask(self, title: str, yes: str, answered: Callable[[str], None], **more: Any) -> None:
        """Ask a question; `answered` gets what was written (or nothing) on yes."""
        more.setdefault("no", tr("取消"))
        self.pages.show(Question(title=title, yes=yes, answered=answered, **more))


class Pages(ScreenManager):
    """The pages by name, and the trail of how the person came here."""

    tabbed = BooleanProperty(True)
    tab = StringProperty("today")
    desk: Desk
    snackbar: Snackbar

    def __init__(self, make: Callable[[str], Page], **kwargs: Any) -> None:
        """`make(name)` builds a page; each is built when it is opened the first time."""
        super().__init__(transition=NoTransition(), **kwargs)
        self._make = make
        self.trail: list[tuple[str, dict[str, Any]]] = []
        self.over: list[ModalView] = []
        self.animated = True

    def page(self, name: str) -> Page:
        """Return a page by name, built now if it is new."""
        if not self.has_screen(name):
            made = self._make(name)
            made.pages = self
            self.add_widget(made)
        return self.get_screen(name)

    def show(self, view: ModalView) -> None:
        """Open a sheet or question over the page."""
        self.over.append(view)
        view.bind(on_dismiss=lambda gone: self.over.remove(gone) if gone in self.over else None)
        view.open(animation=False)

    def show_photo(self, path: str, title: str, removed: Callable[[], None] | None = None) -> None:
        """Show a picture large; with `removed` it may be taken out."""
        self.show(PhotoView(source=path, title=title, removed=removed))

    def start(self, name: str, **arguments: Any) -> None:
        """Begin a new trail with this page."""
        self.trail = []
        self.open(name, **arguments)

    def resume(self, trail: list[tuple[str, dict[str, Any]]]) -> None:
        """Stand again at the end of a trail that was left as it was."""
        name, _ = trail[-1]
        self.transition = NoTransition()
        self.trail, self.current = list(trail), name
        self.tabbed = name in TABS
        self.current_screen.refresh()

    def open(self, name: str, **arguments: Any) -> None:
        """Go to a page; the way back leads here."""
        self.close_over()
        if name in TABS:
            self.trail = []
            self.tab = name
        self._go(name, arguments, "left" if self.trail else "")
        self.trail.append((name, arguments))
        self.tabbed = name in TABS

    def replace(self, name: str, **arguments: Any) -> None:
        """Go to a page in place of this one: the way back skips it."""
        if self.trail:
            self.trail.pop()
        self.open(name, **arguments)

    def back(self) -> bool:
        """Go one step back. Returns False at the beginning of the trail."""
        if self.over:
            self.over[-1].dismiss(animation=False)
            return True
        if len(self.trail) < 2:
            return False
        if not self.current_screen.leave():
            return True
        self.trail.pop()
        name, arguments = self.trail[-1]
        self._go(name, arguments, "right")
        self.tabbed = name in TABS
        return True

    def _go(self, name: str, arguments: dict[str, Any], direction: str) -> None:
        if direction and self.animated:
            self.transition = SlideTransition(duration=SLIDE_SECONDS, direction=direction)
        else:
            self.transition = NoTransition()
        page = self.page(name)
        self.current = name
        page.arrive(**arguments)

    def close_over(self) -> None:
        for view in list(self.over):
            view.dismiss(animation=False)

    def refresh(self) -> None:
        if self.current_screen is not None and not self.over:
            self.current_screen.refresh()


load_beside(__file__)
