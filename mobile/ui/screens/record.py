"""One record: how far it has got, and, when the server refused it, why and what can be done."""

from typing import Any

from kivy.properties import BooleanProperty, ListProperty, StringProperty

from mobile.capture import drafts, finalise
from mobile.store.records import RecordItem, RecordStatus
from mobile.ui import wording
from mobile.ui.kv import load_beside
from mobile.ui.pages import Page
from mobile.ui.screens.records import PAGE_OF_KIND
from mobile.ui.words import code_words, tr

EXPLAINED = {
    RecordStatus.WAITING: "记录已存在手机里，联网后自动上传。",
    RecordStatus.SENDING: "正在上传，请保持网络。",
    RecordStatus.SENT: "服务器已收到记录和全部照片。",
    RecordStatus.PHOTOS_PENDING: "服务器已收到记录，照片还在上传。",
    RecordStatus.ATTENTION: "服务器没有接受这条记录。内容仍在手机里，可以修改后重传，或者撤回。",
    RecordStatus.REVIEWED: "案件已结案。",
}


class RecordPage(Page):
    item_id = ""
    title = StringProperty("")
    place = StringProperty("")
    when = StringProperty("")
    photo = StringProperty("")
    photos = StringProperty("")
    state_text = StringProperty("")
    state_icon = StringProperty("")
    state_tone = StringProperty("sub")
    explained = StringProperty("")
    why = StringProperty("")
    complaints = ListProperty([])
    refused = BooleanProperty(False)
    has_case = BooleanProperty(False)
    item: RecordItem | None = None

    def arrive(self, item_id: str, **_: Any) -> None:
        self.item_id = item_id
        self.refresh()

    def refresh(self) -> None:
        self.desk.record(self.item_id, self.show)

    def show(self, item: RecordItem | None) -> None:
        if item is None:
            self.pages.back()
            return
        self.item = item
        mark = wording.status_mark(item.status)
        self.title, self.place = wording.record_title(item), item.place
        self.when = wording.moment_words(item.at, self.desk.now())
        self.photo = item.thumb or ""
        self.photos = (
            tr("{sent}/{n} 张已上传", sent=item.photos_sent, n=item.photos) if item.photos else ""
        )
        self.state_text, self.state_icon, self.state_tone = mark.text, mark.icon_name, mark.tone
        self.explained = tr(EXPLAINED.get(item.status, ""))
        self.refused = item.status is RecordStatus.ATTENTION
        self.why = wording.record_why(item)
        self.complaints = self._complaints(item)
        self.desk.case(item.record_id, lambda card: setattr(self, "has_case", card is not None))

    def _complaints(self, item: RecordItem) -> list[tuple[str, str]]:
        if item.error is None:
            return []
        return [
            (wording.field_words(name), "；".join(code_words(code) for code in codes))
            for name, codes in item.error.fields.items()
        ]

    # --- ways out of a refusal
    def mend(self) -> None:
        """Open the refused record as a form; saving it sends it again."""
        desk, item_id, now = self.desk, self.item_id, self.desk.now()
        desk.writing.run(
            lambda: drafts.mend(desk.store, item_id, now), self._mending, self.say_error
        )

    def _mending(self, draft: drafts.Draft) -> None:
        self.pages.replace(PAGE_OF_KIND[draft.kind], draft_id=draft.id)

    def ask_withdraw(self) -> None:
        self.ask(
            tr("撤回这条记录？"), tr("撤回"), self._withdraw, look="danger", wants_text=True,
            hint=tr("请填写原因"), detail=tr("撤回后不再上传，服务器会记下撤回的原因。"),
            phrases=(tr("重复上报"), tr("填写有误")),
        )  # fmt: skip

    def _withdraw(self, reason: str) -> None:
        desk, item_id = self.desk, self.item_id
        reading = desk.devices.clock.read()
        desk.writing.run(
            lambda: finalise.withdraw(desk.store, item_id, reason, reading),
            lambda _: self._withdrawn(),
            self.say_error,
        )

    def _withdrawn(self) -> None:
        self.desk.courier.nudge("new_record")
        self.pages.start("records")
        self.say(tr("已撤回"))

    def open_case(self) -> None:
        if self.item is not None:
            self.pages.open("case", case_id=self.item.record_id)

    def show_photo(self) -> None:
        if self.photo:
            self.pages.show_photo(self.photo, self.title)


load_beside(__file__)
