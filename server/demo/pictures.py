"""The demo's pictures: small JPEG files beside this module, named `<scene>-<moment>-<n>.jpg`."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from server.feed import transaction
from server.photos.inspection import inspect_pending
from server.photos.models import Photo
from server.photos.store import photo_store

FOLDER = Path(__file__).parent / "photos"


@dataclass(frozen=True)
class Picture:
    """One file: `moment` is before or after the matter was put right."""

    path: Path
    scene: str
    moment: str
    sha256: str
    bytes: int


def pictures() -> list[Picture]:
    """Return all pictures, by name."""
    return [_picture(path) for path in sorted(FOLDER.glob("*.jpg"))]


def pictures_by_scene() -> Mapping[str, Sequence[Picture]]:
    found: dict[str, list[Picture]] = {}
    for picture in pictures():
        found.setdefault(picture.scene, []).append(picture)
    return found


def keep_pictures(now: datetime) -> None:
    """Put every picture into the photo store, as if it had been uploaded and checked."""
    store = photo_store()
    for picture in pictures():
        store.put_file(picture.sha256, picture.path)
        with transaction() as session:
            _note(session, picture, now)
    inspect_pending(now, limit=len(pictures()))


def _note(session: Session, picture: Picture, now: datetime) -> None:
    row = session.get(Photo, picture.sha256)
    if row is None:
        row = Photo(sha256=picture.sha256, bytes=picture.bytes, named_at=now)
        session.add(row)
    row.verified_at = row.verified_at or now


def _picture(path: Path) -> Picture:
    scene, moment, _ = path.stem.split("-")
    content = path.read_bytes()
    return Picture(path, scene, moment, hashlib.sha256(content).hexdigest(), len(content))
