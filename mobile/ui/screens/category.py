"""Pick a category: recent and frequent first; search by name, code or pinyin initials."""

from collections.abc import Callable, Sequence
from typing import Any

from kivy.properties import BooleanProperty, StringProperty

from mobile.store.catalog import CategoryChoice
from mobile.ui import wording
from mobile.ui.kv import load_beside
from mobile.ui.pages import Page
from mobile.ui.words import tr


class CategoryPage(Page):
    text = StringProperty("")
    empty = BooleanProperty(False)
    chosen: Callable[[str], None]

    def arrive(self, chosen: Callable[[str], None], **_: Any) -> None:
        self.chosen = chosen
        self.text = ""
        self.search()

    def on_text(self, *_: Any) -> None:
        self.search()

    def search(self) -> None:
        asked = self.text

        def show(found: Sequence[CategoryChoice]) -> None:
            if asked == self.text:  # an older answer may come after a newer one
                self.show(found)

        self.desk.search(asked.strip(), show)

    def show(self, found: Sequence[CategoryChoice]) -> None:
        kinds = {"component": tr("部件"), "event": tr("事项")}
        rows = [
            {
                "key": one.key,
                "text": wording.named(one.name),
                "detail": f"{wording.named(one.major)} · {one.code}",
                "mark": kinds.get(one.kind, ""),
            }
            for one in found
        ]
        self.ids.rows.show(rows, self.choose)
        self.ids.rows.scroll_y = 1
        self.empty = not rows

    def choose(self, key: str) -> None:
        self.pages.back()
        self.chosen(key)


load_beside(__file__)
