"""The worker on which pictures are copied, hashed and developed, away from the UI thread."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from mobile.capture.drafts import CapturedPhoto
from mobile.capture.evidence import Caption
from mobile.store.person_store import PersonStore
from sync.errors import XunchengError
from sync.messages import Location, PhotoRole

Taken = Callable[[CapturedPhoto | None, XunchengError | None], None]


class Darkroom:
    """One thread. Callbacks run on it: the UI passes them through `@mainthread`."""

    def __init__(self, store: PersonStore, font: Path) -> None: ...

    def take_in(
        self,
        picture: Path,
        role: PhotoRole,
        taken_at: datetime,
        location: Location | None,
        then: Taken,
    ) -> None:
        """Run `evidence.take_in` and hand its result, or its error, to `then`."""
        raise NotImplementedError

    def develop(self, sha256: str, caption: Caption) -> None:
        """Make the screen and the watermarked copy when there is time. Remembered across restarts."""
        raise NotImplementedError

    def wait_idle(self, timeout_s: float) -> bool:
        """Return whether all work was done within the time."""
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError
