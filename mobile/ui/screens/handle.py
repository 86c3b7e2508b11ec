"""Handle 处置: a crew accepts or returns a case, puts it right, and reports it done."""

from collections.abc import Sequence
from datetime import timedelta

from kivy.properties import BooleanProperty, StringProperty

from mobile.store.worklist import CaseCard
from mobile.ui import wording
from mobile.ui.drafting import Drafting
from mobile.ui.kv import load_beside
from mobile.ui.screens import case_head as _case_head  # noqa: F401  (its rule is used)
from mobile.ui.screens.case_form import CaseFormPage
from mobile.ui.widgets.sheets import Option, Sheet
from mobile.ui.words import tr
from sync.bodies import HandleStep, Kind
from sync.messages import Change, PhotoRole

SUSPENSION_DAYS = (7, 30, 90, 180)
SAID = {
    HandleStep.ACCEPT: "已接收",
    HandleStep.RETURN: "已退回，等待派遣员处理",
    HandleStep.ASK_EXTENSION: "已申请延期，等待批准",
    HandleStep.ASK_SUSPENSION: "已申请挂账，等待批准",
}


class HandlePage(CaseFormPage):
    kind = Kind.CASE_HANDLE.value
    topic = "handle"
    quantity = StringProperty("")
    unit = StringProperty("")
    can_accept = BooleanProperty(False)
    can_finish = BooleanProperty(False)
    has_more = BooleanProperty(False)
    reasons: tuple[str, ...] = ()

    def show_card(self, card: CaseCard) -> None:
        super().show_card(card)
        moves = card.item.moves
        self.can_accept = HandleStep.ACCEPT in moves
        self.can_finish = HandleStep.DONE in moves
        self.has_more = bool(self._other_steps())
        self.unit = card.unit_of_measure or ""
        self.desk.phrases("reason", self._keep_reasons)

    def _keep_reasons(self, found: Sequence[str]) -> None:
        self.reasons = tuple(found[:4])

    def fill(self, drafting: Drafting) -> None:
        self.quantity = str(drafting.value("quantity") or "")
        self.note = drafting.value("note", "")

    def show_draft(self, drafting: Drafting) -> None:
        self.ids.before.photos = drafting.tiles(PhotoRole.BEFORE)
        self.ids.after.photos = drafting.tiles(PhotoRole.AFTER)

    def on_quantity(self, *_: object) -> None:
        self.put(quantity=self.quantity.strip() or None)

    # --- steps
    def save(self) -> None:
        """Report the work done."""
        self._step(HandleStep.DONE)

    def accept(self) -> None:
        self._step(HandleStep.ACCEPT)

    def _step(self, step: HandleStep, **fields: object) -> None:
        self.put(step=step.value, **fields)
        super().save()

    def _other_steps(self) -> list[Option]:
        moves = self.card.item.moves if self.card else ()
        options = [
            Option("ask_extension", tr("申请延期"), tr("到期前提出，最多两次"), "calendar-clock"),
            Option(
                "ask_suspension",
                tr("申请挂账"),
                tr("暂时无法处置，时限暂停"),
                "pause-circle-outline",
            ),
            Option("return", tr("退回案件"), tr("不属于本单位职责"), "undo-variant", "bad"),
        ]
        return [option for option in options if option.key in moves]

    def more(self) -> None:
        sheet = Sheet(title=tr("其他操作"), detail=self.ids.head.title)
        self.pages.show(sheet.show_options(self._other_steps(), self._chosen))

    def _chosen(self, key: str) -> None:
        if key == HandleStep.ASK_SUSPENSION:
            options = [Option(str(days), tr("{n} 天", n=days)) for days in SUSPENSION_DAYS]
            self.pages.show(Sheet(title=tr("挂账到什么时候？")).show_options(options, self._until))
            return
        extension = key == HandleStep.ASK_EXTENSION
        self.ask(
            tr("申请延期") if extension else tr("退回案件"),
            tr("提交申请") if extension else tr("退回"),
            lambda reason: self._step(HandleStep(key), reason=reason),
            wants_text=True, hint=tr("请填写原因"), look="primary" if extension else "danger",
            phrases=self.reasons,
        )  # fmt: skip

    def _until(self, days: str) -> None:
        until = wording.local(self.desk.now() + timedelta(days=int(days)))
        self.ask(
            tr("申请挂账至 {day}", day=until.date().isoformat()), tr("提交申请"),
            lambda reason: self._step(
                HandleStep.ASK_SUSPENSION, reason=reason, until=until.isoformat(timespec="seconds")
            ),
            wants_text=True, hint=tr("请填写原因"), phrases=self.reasons,
        )  # fmt: skip

    def finished(self, change: Change) -> None:
        step = HandleStep(change.body["step"])
        if step is HandleStep.ACCEPT:
            self.pages.replace("handle", case_id=self.case_id)
            self.say(tr("已接收"))
            return
        super().finished(change)
        if step in SAID:
            self.say(tr(SAID[step]))


load_beside(__file__)
