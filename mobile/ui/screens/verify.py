"""Verify 核实: does what was reported exist?"""

from kivy.properties import StringProperty

from mobile.ui.drafting import Drafting
from mobile.ui.kv import load_beside
from mobile.ui.screens import case_head as _case_head  # noqa: F401  (its rule is used)
from mobile.ui.screens.case_form import CaseFormPage
from mobile.ui.words import tr
from sync.bodies import Kind
from sync.messages import PhotoRole


class VerifyPage(CaseFormPage):
    kind = Kind.CASE_VERIFY.value
    topic = "check"
    answer = StringProperty("")  # yes | no

    def fill(self, drafting: Drafting) -> None:
        exists = drafting.value("exists")
        self.answer = "" if exists is None else "yes" if exists else "no"
        self.note = drafting.value("note", "")

    def show_draft(self, drafting: Drafting) -> None:
        self.ids.scene.photos = drafting.tiles(PhotoRole.SCENE)

    def choose(self, answer: str) -> None:
        self.answer = answer
        self.put(exists=answer == "yes")

    def save(self) -> None:
        if not self.answer:
            self.errors = {"exists": tr("请选择是否属实")}
            return
        self.put_location()
        super().save()


load_beside(__file__)
