"""What the forms share: a draft behind them, errors at the fields, the way out."""

from typing import Any

from kivy.properties import BooleanProperty, DictProperty, NumericProperty, StringProperty

from mobile.capture.drafts import Draft
from mobile.ui.drafting import Drafting, open_draft, reopen
from mobile.ui.pages import Page
from mobile.ui.wording import field_words
from mobile.ui.words import code_words, error_words, tr
from sync.errors import XunchengError
from sync.messages import Change, PhotoRole


class FormPage(Page):
    """A page over one draft. Subclasses say the kind, fill their fields, and react to changes."""

    kind = ""
    title = StringProperty("")
    saved_text = StringProperty("")
    saved_icon = StringProperty("")
    errors = DictProperty({})
    busy = BooleanProperty(False)
    photo_count = NumericProperty(0)
    drafting: Drafting | None = None

    # --- opening
    def begin_with(self, draft_id: str, case_id: str | None, **more: Any) -> None:
        """Open the named draft, or the one about the case, or a new one."""
        self.drafting, self.errors, self.busy = None, {}, False
        self.saved_text = ""
        if draft_id:
            reopen(self.desk, draft_id, self._reopened)
        else:
            open_draft(self.desk, self.kind, self.begin, record_id=case_id, **more)

    def _reopened(self, draft: Draft | None) -> None:
        if draft is None:
            self.pages.back()
        else:
            self.begin(draft)

    def begin(self, draft: Draft) -> None:
        self.drafting = Drafting(self.desk, draft, self.changed)
        self.desk.set_setting(open_key(self.desk.person.id), f"{self.kind}|{draft.id}")
        self.fill(self.drafting)
        self.show_draft(self.drafting)

    def fill(self, drafting: Drafting) -> None:
        """Put the draft's values into the fields."""

    def show_draft(self, drafting: Drafting) -> None:
        """Show what follows from the draft: photos, warnings, choices."""

    # --- changing
    def changed(self) -> None:
        """The draft has changed, or its saving has ended."""
        if self.drafting is None:
            return
        saving = self.drafting.unsaved > 0
        self.saved_text = tr("保存中…") if saving else tr("草稿已保存")
        self.saved_icon = "content-save-outline" if saving else "check"
        self.show_draft(self.drafting)

    def put(self, **fields: Any) -> None:
        """Write fields into the draft, once there is one."""
        if self.drafting is not None:
            self.drafting.set(**fields)
            self.errors = {name: said for name, said in self.errors.items() if name not in fields}

    def photograph(self, role: str) -> None:
        if self.drafting is not None:
            self.drafting.photograph(PhotoRole(role), self.say_error)

    def photo_touched(self, sha256: str) -> None:
        """Show a photo of the draft large; it can be taken out there."""
        drafting = self.drafting
        if drafting is None:
            return
        path = next(
            (
                self.desk.large_path(photo)
                for photo in drafting.draft.photos
                if photo.ref.sha256 == sha256
            ),
            "",
        )
        self.pages.show_photo(path, tr("照片"), lambda: drafting.remove_photo(sha256))

    # --- ending
    def is_empty(self, draft: Draft) -> bool:
        """Say whether there is nothing in the draft that would be missed."""
        return not draft.photos and not any(
            value for name, value in draft.body.items() if name not in ("location", "address")
        )

    def leave(self) -> bool:
        self.desk.set_setting(open_key(self.desk.person.id), "")
        if self.drafting is not None and not self.drafting.ended:
            if self.is_empty(self.drafting.draft):
                self.drafting.discard(lambda: None)
            else:
                self.say(tr("草稿已保存，可在“记录”中继续"), "ok", "content-save-outline")
        return True

    def save(self) -> None:
        """Put the record into the outbox, or say at the fields what is missing."""
        if self.drafting is None or self.busy:
            return
        self.busy, self.errors = True, {}
        self.drafting.finish(self._finished, self.refused)

    def _finished(self, change: Change) -> None:
        self.busy = False
        self.desk.set_setting(open_key(self.desk.person.id), "")
        self.finished(change)

    def finished(self, change: Change) -> None:  # noqa: ARG002  subclasses may say more
        self.pages.start("today")
        self.say(tr("已保存，联网后自动上传"), "ok", "cloud-check-outline")

    def refused(self, error: XunchengError) -> None:
        """Show each complaint at its field."""
        self.busy = False
        self.errors = {
            name: "；".join(code_words(code) for code in codes)
            for name, codes in error.fields.items()
        }
        first = next(
            (
                tr("{field}：{said}", field=field_words(name), said=said)
                for name, said in self.errors.items()
            ),
            error_words(error),
        )
        self.say(first, "bad", "alert-circle-outline")

    def ask_discard(self) -> None:
        self.ask(
            tr("删除这份草稿？"), tr("删除"), lambda _: self._discard(), look="danger",
            detail=tr("照片和填写的内容会从手机中删除，无法恢复。"),
        )  # fmt: skip

    def _discard(self) -> None:
        if self.drafting is not None:
            self.drafting.discard(lambda: self.pages.start("today"))


def open_key(person_id: str) -> str:
    """Name the device setting that remembers which draft was on the screen."""
    return f"open_draft:{person_id}"
