"""Today: what is to be done, overdue first, and what has not reached the server yet."""

from typing import Any

from kivy.properties import BooleanProperty, NumericProperty, StringProperty

from mobile.store.worklist import Group, WorkItem
from mobile.ui import wording
from mobile.ui.desk import TodayView
from mobile.ui.kv import load_beside
from mobile.ui.pages import Page
from mobile.ui.widgets.buttons import FilterChip
from mobile.ui.words import tr

PAGE_OF_GROUP = {
    Group.VERIFY: "verify", Group.CHECK: "check", Group.HANDLE: "handle", Group.REWORK: "handle",
}  # fmt: skip


class TodayPage(Page):
    date_line = StringProperty("")
    sync_text = StringProperty("")
    sync_icon = StringProperty("cloud-check-outline")
    sync_tone = StringProperty("sub")
    group = StringProperty("")
    empty = BooleanProperty(False)
    shown = NumericProperty(0)
    _groups: tuple[tuple[str, str], ...] = ()

    def arrive(self, **_: Any) -> None:
        self.refresh()

    def refresh(self) -> None:
        self.date_line = " · ".join(
            part for part in (wording.date_head(self.desk.now()), self.desk.person.name) if part
        )
        self.desk.today(Group(self.group) if self.group else None, self.show)

    def show(self, view: TodayView) -> None:
        """Put the list, the counts and the sync line on the screen."""
        now = self.desk.now()
        waiting = view.summary
        mark = wording.waiting_words(
            waiting.unsent_records, waiting.unsent_photos, waiting.last_sync_at, now
        )
        self.sync_text, self.sync_icon, self.sync_tone = mark.text, mark.icon_name, mark.tone
        self._show_counts(view.counts)
        self._items = {item.case_id: item for item in view.items}
        self.ids.rows.show([work_row(item, now) for item in view.items], self.open_case)
        self.shown = len(view.items)
        self.empty = not view.items

    def _show_counts(self, counts: dict[str, int]) -> None:
        wanted = [("", tr("全部"), counts.get("all", 0))]
        wanted += [
            (group.value, wording.group_mark(group).text, counts.get(group.value, 0))
            for group in Group
            if counts.get(group.value, 0) or group.value == self.group
        ]
        groups = tuple((key, f"{name} {count}") for key, name, count in wanted)
        if groups == self._groups:
            return
        self._groups = groups
        self.ids.chips.clear_widgets()
        for key, text in groups:
            chip = FilterChip(key=key, text=text, active=key == self.group)
            chip.bind(on_release=lambda touched: self.choose(touched.key))
            self.ids.chips.add_widget(chip)

    def choose(self, group: str) -> None:
        self.group = group
        for chip in self.ids.chips.children:
            chip.active = chip.key == group
        self.ids.rows.scroll_y = 1
        self.refresh()

    def open_case(self, case_id: str) -> None:
        item = self._items.get(case_id)
        if item is not None:
            self.pages.open(PAGE_OF_GROUP[item.group], case_id=case_id)


def work_row(item: WorkItem, now: Any) -> dict[str, object]:
    """Return what one row shows of a case."""
    mark = wording.group_mark(item.group)
    photo = item.photo
    return {
        "key": item.case_id,
        "title": wording.named(item.title),
        "place": item.address or item.number,
        "chip": mark.text,
        "tone": mark.tone,
        "due": wording.due_words(item.due_at, now),
        "late": item.overdue,
        "due_icon": "clock-alert-outline" if item.overdue else "clock-outline",
        "photo": (photo.thumb or photo.path or "") if photo else "",
        "waiting": item.waiting,
    }


load_beside(__file__)
