"""The camera port."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Shot:
    """A picture that the camera has made. The file is the camera's: whoever wants it copies it."""

    picture: Path
    taken_at: datetime


class Camera(Protocol):
    name: str  # shown on the Me screen; the desktop's says that it is a stand-in

    def shoot(self, then: Callable[[Shot | None], None]) -> None:
        """Open the camera; `then` gets the picture, or None when the person turned back."""
