"""A form about a case that the phone holds: verify, check and handle start from this."""

from collections.abc import Sequence
from typing import Any

from kivy.properties import StringProperty

from mobile.capture.drafts import Draft
from mobile.store.worklist import CaseCard
from mobile.ui import wording
from mobile.ui.screens.case_head import large_path
from mobile.ui.screens.form import FormPage
from mobile.ui.widgets.buttons import FilterChip
from mobile.ui.words import tr
from sync.messages import PhotoRole


class CaseFormPage(FormPage):
    """Arrives with `case_id` (or the draft about it); `topic` names the ready sentences."""

    topic = "check"
    note = StringProperty("")
    card: CaseCard | None = None
    case_id = ""

    def arrive(self, case_id: str = "", draft_id: str = "", **_: Any) -> None:
        self.card = None
        self.ids.scroll.scroll_y = 1
        self.case_id = case_id
        if draft_id:
            self.begin_with(draft_id, None)
        else:
            self.desk.case(case_id, self._show_case)
        self.desk.phrases(self.topic, self._show_phrases)

    def _show_case(self, card: CaseCard | None) -> None:
        if card is None:
            self.pages.back()
            self.say(tr("手机里没有这个案件，请先同步"), "warn", "alert-outline")
            return
        self.show_card(card)
        self.begin_with("", self.case_id, base_version=card.version)

    def begin(self, draft: Draft) -> None:
        super().begin(draft)
        if self.card is None:  # came from a draft
            self.case_id = draft.record_id
            self.desk.case(draft.record_id, self._late_card)

    def _late_card(self, card: CaseCard | None) -> None:
        if card is not None:
            self.show_card(card)

    def show_card(self, card: CaseCard) -> None:
        """Put the case on the page."""
        self.card = card
        self.title = wording.group_mark(card.item.group).text
        self.ids.head.show(card, self.desk.now())

    def case_photo_touched(self, sha256: str) -> None:
        photos = self.card.photos if self.card else ()
        photo = next((one for one in photos if one.sha256 == sha256), None)
        if photo is not None:
            role = tr(wording.PHOTO_ROLES.get(photo.role, "现场"))
            self.pages.show_photo(large_path(photo), role)

    def before_path(self) -> str:
        """Return the picture that shows how it was, or an empty text."""
        photos = self.card.photos if self.card else ()
        wanted = (PhotoRole.BEFORE, PhotoRole.SCENE)
        return next((large_path(one) for one in photos if one.role in wanted), "")

    def on_note(self, *_: Any) -> None:
        self.put(note=self.note or None)

    def put_location(self) -> None:
        """Say where the person stands, once, when the record is saved."""
        here = self.desk.here()
        if here is not None:
            self.put(location=here.as_json())

    def _show_phrases(self, phrases: Sequence[str]) -> None:
        self.ids.phrases.clear_widgets()
        for phrase in phrases[:8]:
            chip = FilterChip(text=phrase, key=phrase, raised=False)
            chip.bind(on_release=lambda touched: self._add_phrase(touched.key))
            self.ids.phrases.add_widget(chip)

    def _add_phrase(self, phrase: str) -> None:
        self.note = f"{self.note}，{phrase}" if self.note else phrase
