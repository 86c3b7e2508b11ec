"""The worker on which pictures are copied, hashed and developed, away from the UI thread."""

import json
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from mobile.capture import evidence
from mobile.capture.drafts import CapturedPhoto
from mobile.store.person_store import PersonStore
from sync.captions import Caption
from sync.errors import Refused, XunchengError
from sync.messages import Change, Location, PhotoRef, PhotoRole

Taken = Callable[[CapturedPhoto | None, XunchengError | None], None]

_log = logging.getLogger(__name__)


@dataclass(order=True)
class _Job:
    """`urgency` 0: somebody is waiting; 1: whenever there is time; then in the order given."""

    urgency: int
    place: int
    run: Callable[[], None] | None = field(compare=False)


class Darkroom:
    """One thread. Callbacks run on it: the UI passes them through `@mainthread`."""

    def __init__(self, store: PersonStore, font: Path) -> None:
        """`font` is the TrueType file for the watermark; it must have Chinese characters."""
        self._store = store
        self._font = font
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._placed = 0
        self._lock = threading.Lock()
        self._left = 0
        self._idle = threading.Condition(self._lock)
        for sha256, caption in store.photos.undeveloped():
            self._develop_later(sha256, _caption(caption))
        self._thread = threading.Thread(target=self._work, name="darkroom", daemon=True)
        self._thread.start()

    def take_in(
        self,
        picture: Path,
        role: PhotoRole,
        taken_at: datetime,
        location: Location | None,
        then: Taken,
    ) -> None:
        """Run `evidence.take_in` and hand its result, or its error, to `then`."""

        def run() -> None:
            try:
                photo = evidence.take_in(self._store, picture, role, taken_at, location)
            except XunchengError as refusal:
                then(None, refusal)
            except OSError as error:
                then(None, Refused("photo_unreadable", detail=str(error)))
            else:
                then(photo, None)

        self._put(0, run)

    def develop(self, sha256: str, caption: Caption) -> None:
        """Make the screen and the watermarked copy when there is time, even after a restart."""

        def remember() -> None:
            text = json.dumps(asdict(caption), default=str, ensure_ascii=False)
            self._store.photos.remember_caption(sha256, text)

        self._put(0, remember)
        self._develop_later(sha256, caption)

    def develop_record(self, change: Change, person: str) -> None:
        """Develop the photos of a record that has just been saved by `person`."""
        for ref in change.photos:
            self.develop(ref.sha256, caption_of(self._store, change, ref, person))

    def wait_idle(self, timeout_s: float) -> bool:
        """Return whether all work was done within the time."""
        with self._idle:
            return self._idle.wait_for(lambda: self._left == 0, timeout_s)

    def stop(self) -> None:
        """End the thread after what it is doing now; copies not made are made next time."""
        self._jobs.put(_Job(-1, 0, None))
        self._thread.join(10)

    def _develop_later(self, sha256: str, caption: Caption) -> None:
        self._put(1, lambda: evidence.develop(self._store, sha256, caption, self._font))

    def _put(self, urgency: int, run: Callable[[], None]) -> None:
        with self._lock:
            self._placed += 1
            self._left += 1
            self._jobs.put(_Job(urgency, self._placed, run))

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job.run is None:
                return
            try:
                job.run()
            except Exception:
                # One picture that cannot be developed must not end the darkroom.
                _log.exception("a darkroom job failed")
            with self._idle:
                self._left -= 1
                self._idle.notify_all()


def caption_of(store: PersonStore, change: Change, ref: PhotoRef, person: str) -> Caption:
    """Return what the watermark says: the case's number, or the record's id before it has one."""
    case = store.replica.one("case", change.record_id) or {}
    place = change.body.get("address") or case.get("address") or ""
    if ref.lat is not None and ref.lon is not None:
        place = f"{place}  {ref.lat:.5f}, {ref.lon:.5f}".strip()
    taken_at = datetime.fromisoformat(ref.taken_at or change.observed_at)
    return Caption(person, taken_at, place, case.get("number") or change.record_id)


def _caption(text: str) -> Caption:
    raw = json.loads(text)
    taken_at = datetime.fromisoformat(raw["taken_at"])
    return Caption(raw["person"], taken_at, raw["place"], raw["record"])
