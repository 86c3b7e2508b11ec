"""What every page about a case shows first: title, state, deadline, place, photos."""

from datetime import datetime

from kivy.properties import BooleanProperty, ListProperty, StringProperty

from mobile.store.worklist import CaseCard, PhotoOfCase
from mobile.ui import wording
from mobile.ui.kv import load_beside
from mobile.ui.widgets.surfaces import Card
from mobile.ui.words import tr


class CaseHead(Card):
    """The facts of a case. Call `show(card, now)`."""

    number = StringProperty("")
    title = StringProperty("")
    state_text = StringProperty("")
    state_icon = StringProperty("")
    state_tone = StringProperty("pri")
    due = StringProperty("")
    due_tone = StringProperty("")
    place = StringProperty("")
    condition = StringProperty("")
    description = StringProperty("")
    quantity = StringProperty("")
    reported = StringProperty("")
    photos = ListProperty([])
    waiting = BooleanProperty(False)
    __events__ = ("on_photo",)

    def on_photo(self, sha256: str) -> None:
        """A photo of the case was touched."""

    def show(self, card: CaseCard, now: datetime) -> None:
        item = card.item
        mark = wording.state_mark(item.state)
        self.number, self.title = item.number, wording.named(item.title)
        self.state_text, self.state_icon, self.state_tone = mark.text, mark.icon_name, mark.tone
        self.due = wording.due_words(item.due_at, now) if item.due_at else ""
        self.due_tone = "bad" if item.overdue else ""
        self.place = item.address
        self.condition = wording.named(card.condition_name)
        self.description = item.description
        self.quantity = wording.quantity_words(card.quantity, card.unit_of_measure)
        self.reported = wording.moment_words(card.reported_at, now) if card.reported_at else ""
        self.photos = [(photo.sha256, shown_path(photo)) for photo in card.photos]
        self.waiting = item.waiting


def shown_path(photo: PhotoOfCase) -> str:
    return photo.thumb or photo.path or ""


def large_path(photo: PhotoOfCase) -> str:
    return photo.path or photo.thumb or ""


def role_words(role: str) -> str:
    return tr(wording.PHOTO_ROLES.get(role, ""))


load_beside(__file__)
