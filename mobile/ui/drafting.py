"""The draft behind a form: saved at every change, so that a kill at any moment loses nothing."""

from collections.abc import Callable, Mapping
from typing import Any

from mobile.capture import drafts, duty, finalise
from mobile.capture.drafts import CapturedPhoto, Draft
from mobile.ui.desk import Desk, Failed, Then
from sync.messages import Change, PhotoRole


class Drafting:
    """One open draft. Changes are made on the UI thread and saved, in order, off it."""

    def __init__(self, desk: Desk, draft: Draft, on_change: Callable[[], None]) -> None:
        self.desk, self.draft, self.on_change = desk, draft, on_change
        self.unsaved = 0
        self.ended = False

    def set(self, **fields: Any) -> None:
        """Set body fields (None takes one out); nothing happens when nothing is new."""
        if self.ended or all(self.draft.body.get(key) == value for key, value in fields.items()):
            return
        self._keep(self.draft.with_fields(**fields))

    def value(self, name: str, default: Any = None) -> Any:
        return self.draft.body.get(name, default)

    def photos(self, role: PhotoRole) -> list[CapturedPhoto]:
        return [photo for photo in self.draft.photos if photo.ref.role == role]

    def tiles(self, *roles: PhotoRole) -> list[tuple[str, str]]:
        """Return `(sha256, path)` of the photos for a strip."""
        wanted = roles or tuple(PhotoRole)
        return [
            (photo.ref.sha256, self.desk.captured_path(photo))
            for photo in self.draft.photos
            if photo.ref.role in wanted
        ]

    def photograph(self, role: PhotoRole, failed: Failed) -> None:
        self.desk.photograph(role, self.take, failed)

    def take(self, photo: CapturedPhoto) -> None:
        """Keep a photo that has just been made."""
        if not self.ended:
            self._keep(self.draft.with_photo(photo))

    def remove_photo(self, sha256: str) -> None:
        self._keep(self.draft.without_photo(sha256))

    def _keep(self, draft: Draft) -> None:
        self.draft = draft
        self.unsaved += 1
        self.desk.writing.run(lambda: drafts.save_draft(self.desk.store, draft), self._kept)
        self.on_change()

    def _kept(self, _: object) -> None:
        self.unsaved -= 1
        self.on_change()

    def discard(self, then: Callable[[], None]) -> None:
        """Drop the draft; the form is left at once."""
        self.ended = True
        draft_id = self.draft.id
        self.desk.writing.run(lambda: drafts.discard(self.desk.store, draft_id))
        then()

    def finish(self, then: Then[Change], failed: Failed) -> None:
        """Put the record into the outbox; `failed` hears what is wrong with which field."""
        desk, draft = self.desk, self.draft
        reading = desk.devices.clock.read()

        def done(change: Change) -> None:
            self.ended = True
            desk.darkroom.develop_record(change, desk.person.name)
            desk.courier.nudge("new_record")
            then(change)

        def work() -> Change:
            with desk.store.writing():
                change = finalise.finalise(desk.store, draft, reading)
                duty.log_record(desk.store, change, reading.wall)
            return change

        desk.writing.run(work, done, failed)


def open_draft(
    desk: Desk,
    kind: str,
    then: Then[Draft],
    *,
    record_id: str | None = None,
    body: Mapping[str, Any] | None = None,
    base_version: int | None = None,
) -> None:
    """Bring back the unfinished draft of this kind about this case, or start a new one."""
    now = desk.now()

    def work() -> Draft:
        for found in drafts.open_drafts(desk.store, kind):
            if record_id is not None and found.record_id == record_id:
                return found
        return drafts.new_draft(
            desk.store, kind, now, record_id=record_id, body=body, base_version=base_version
        )

    desk.writing.run(work, then)


def reopen(desk: Desk, draft_id: str, then: Then[Draft | None]) -> None:
    desk.writing.run(lambda: drafts.draft(desk.store, draft_id), then)
