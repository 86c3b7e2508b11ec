"""Check 核查: is it done? The photo from before lies beside or over the one taken now."""

from kivy.properties import BooleanProperty, NumericProperty, StringProperty

from mobile.store.worklist import CaseCard
from mobile.ui.drafting import Drafting
from mobile.ui.kv import load_beside
from mobile.ui.screens import case_head as _case_head  # noqa: F401  (its rule is used)
from mobile.ui.screens.case_form import CaseFormPage
from mobile.ui.words import tr
from sync.bodies import CheckResult, Kind
from sync.messages import PhotoRole


class CheckPage(CaseFormPage):
    kind = Kind.CASE_CHECK.value
    topic = "check"
    result = StringProperty("")
    before = StringProperty("")
    after = StringProperty("")
    overlaid = BooleanProperty(False)
    strength = NumericProperty(0.5)

    def show_card(self, card: CaseCard) -> None:
        super().show_card(card)
        self.before = self.before_path()

    def fill(self, drafting: Drafting) -> None:
        self.result = drafting.value("result", "")
        self.note = drafting.value("note", "")

    def show_draft(self, drafting: Drafting) -> None:
        taken = drafting.photos(PhotoRole.AFTER)
        self.ids.after.photos = drafting.tiles(PhotoRole.AFTER)
        self.after = self.desk.large_path(taken[-1]) if taken else ""
        self.photo_count = len(taken)

    def choose(self, result: str) -> None:
        self.result = result
        self.put(result=result)

    def save(self) -> None:
        if self.result not in tuple(CheckResult):
            self.errors = {"result": tr("请选择核查结果")}
            return
        if self.result == CheckResult.FAIL and not self.note.strip():
            self.errors = {"note": tr("请写明哪里没有达到要求")}
            return
        self.put_location()
        super().save()


load_beside(__file__)
