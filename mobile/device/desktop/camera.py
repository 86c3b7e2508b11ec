"""A folder of pictures in the place of a camera."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from mobile.device.camera import Shot

_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic"})


class FolderCamera:
    """Each shot is the folder's next picture, by name, and then from the first again."""

    name = "示例图片文件夹（代替相机）"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next = 0

    def shoot(self, then: Callable[[Shot | None], None]) -> None:
        pictures = self.pictures()
        if not pictures:
            then(None)
            return
        picture = pictures[self._next % len(pictures)]
        self._next += 1
        then(Shot(picture, datetime.now().astimezone()))

    def point_at(self, picture: Path) -> None:
        """Let the next shot be this picture of the folder."""
        self._next = self.pictures().index(picture)

    def pictures(self) -> list[Path]:
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted(path for path in found if path.suffix.lower() in _PICTURES)
