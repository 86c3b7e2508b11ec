"""Records: all that I recorded, how far each has got, and what needs me."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kivy.clock import Clock
from kivy.properties import BooleanProperty, StringProperty

from mobile.store.records import RecordItem, RecordStatus
from mobile.ui import wording
from mobile.ui.kv import load_beside
from mobile.ui.pages import Page
from mobile.ui.words import tr

PAGE_OF_KIND = {
    "case.report": "report", "case.verify": "verify", "case.check": "check",
    "case.handle": "handle", "patrol.record": "duty",
}  # fmt: skip
TYPING_PAUSE_SECONDS = 0.25


class RecordsPage(Page):
    query = StringProperty("")
    empty = BooleanProperty(False)
    _items: dict[str, RecordItem]
    _complete = False

    def arrive(self, **_: Any) -> None:
        self._search = Clock.create_trigger(lambda *_: self.refresh(), TYPING_PAUSE_SECONDS)
        self.refresh()

    def on_query(self, *_: Any) -> None:
        self._search()

    def refresh(self) -> None:
        self.desk.records(self.query.strip(), None, self._first_page)

    def _first_page(self, found: Sequence[RecordItem]) -> None:
        self._items = {item.id: item for item in found}
        self._complete = not found
        self._show()

    def load_more(self) -> None:
        """The end of the list is near: put the next older page under it."""
        if self._complete:
            return
        self._complete = True  # until the answer is here
        oldest = min(item.at for item in self._items.values())
        self.desk.records(self.query.strip(), oldest, self._next_page)

    def _next_page(self, found: Sequence[RecordItem]) -> None:
        fresh = {item.id: item for item in found if item.id not in self._items}
        self._complete = not fresh
        self._items |= fresh
        if fresh:
            self._show()

    def _show(self) -> None:
        now = self.desk.now()
        rows = [record_row(item, now) for item in self._items.values()]
        self.ids.rows.show(rows, self.open_record)
        self.empty = not rows

    def open_record(self, item_id: str) -> None:
        item = self._items[item_id]
        if item.status is RecordStatus.DRAFT and item.kind in PAGE_OF_KIND:
            self.pages.open(PAGE_OF_KIND[item.kind], draft_id=item.id)
        else:
            self.pages.open("record", item_id=item.id)


def record_row(item: RecordItem, now: datetime) -> dict[str, object]:
    """Return what one row shows of a record."""
    mark = wording.status_mark(item.status)
    photos = ""
    if item.photos:
        sent = item.photos_sent
        photos = tr("照片 {n}", n=item.photos)
        if item.status is RecordStatus.PHOTOS_PENDING:
            photos = tr("照片 {sent}/{n}", sent=sent, n=item.photos)
    when = wording.moment_words(item.at, now)
    return {
        "key": item.id,
        "title": wording.record_title(item),
        "place": item.place,
        "detail": f"{when} · {photos}" if photos else when,
        "state_text": mark.text,
        "state_icon": mark.icon_name,
        "tone": mark.tone,
        "photo": item.thumb or "",
        "why": wording.record_why(item),
    }


load_beside(__file__)
