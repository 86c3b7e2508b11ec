"""One case, as far as the phone knows it, with what the person may do about it now."""

from typing import Any

from kivy.properties import ListProperty, StringProperty

from mobile.store.worklist import CaseCard
from mobile.ui import wording
from mobile.ui.kv import load_beside
from mobile.ui.pages import Page
from mobile.ui.screens.case_head import large_path, role_words
from mobile.ui.words import tr


class CasePage(Page):
    case_id = StringProperty("")
    action = StringProperty("")
    action_page = StringProperty("")
    facts = ListProperty([])
    card: CaseCard | None = None

    def arrive(self, case_id: str, **_: Any) -> None:
        self.case_id = case_id
        self.refresh()

    def refresh(self) -> None:
        self.desk.case(self.case_id, self.show)

    def show(self, card: CaseCard | None) -> None:
        if card is None:
            self.pages.back()
            self.say(tr("手机里没有这个案件，请先同步"), "warn", "alert-outline")
            return
        self.card = card
        self.ids.head.show(card, self.desk.now())
        moves = card.item.moves
        self.action, self.action_page = "", ""
        if "verify" in moves:
            self.action, self.action_page = tr("去核实"), "verify"
        elif "check" in moves:
            self.action, self.action_page = tr("去核查"), "check"
        elif {"accept", "done"} & set(moves):
            self.action, self.action_page = tr("去处置"), "handle"
        self.facts = self._facts(card)

    def _facts(self, card: CaseCard) -> list[tuple[str, str]]:
        now = self.desk.now()
        rework = tr("{n} 次", n=card.item.rework) if card.item.rework else ""
        found = [
            (
                tr("派遣时间"),
                wording.moment_words(card.dispatched_at, now) if card.dispatched_at else "",
            ),
            (tr("单元网格"), card.grid or ""),
            (tr("返工"), rework),
            (tr("坐标"), f"{card.lat:.5f}, {card.lon:.5f}" if card.lat and card.lon else ""),
        ]
        return [fact for fact in found if fact[1]]

    def photo_touched(self, sha256: str) -> None:
        photos = self.card.photos if self.card else ()
        photo = next((one for one in photos if one.sha256 == sha256), None)
        if photo is not None:
            self.pages.show_photo(large_path(photo), role_words(photo.role) or tr("照片"))


load_beside(__file__)
