"""Copies of other people's photos, fetched so that a check can show the picture before."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mobile.store.person_store import PersonStore

_FETCH_AT_ONCE = 200


@dataclass(frozen=True)
class ShowableFiles:
    """Upright copies on this device, as file names; None where there is none."""

    screen: str | None
    thumb: str | None


def cached_path(store: PersonStore, sha256: str) -> Path:
    """Return where a fetched screen copy of a photo is, or would be."""
    return store.folder / "fetched" / sha256[:2] / f"{sha256}.jpg"


def showable(store: PersonStore, sha256: str) -> ShowableFiles:
    """Return what may be shown of a photo: own copies first, then what was fetched."""
    held = store.photos.get(sha256)
    if held is not None:
        thumb = str(held.thumb) if held.thumb.exists() else None
        screen = held.screen if held.screen is not None and held.screen.exists() else None
        return ShowableFiles(str(screen) if screen else thumb, thumb)
    cached = cached_path(store, sha256)
    found = str(cached) if cached.exists() else None
    return ShowableFiles(found, found)


def wanted_photos(store: PersonStore) -> Sequence[str]:
    """Return photos of cases on Today's list that this device cannot show, at most 200."""
    rows = store.reading().execute(
        """SELECT DISTINCT json_extract(photo.value, '$.sha256') AS sha256
           FROM replica, json_each(opened(replica.data), '$.photos') AS photo
           WHERE replica.actionable = 1 AND replica.entity = 'case'
             AND json_extract(photo.value, '$.verified')"""
    )
    hashes = [row["sha256"] for row in rows.fetchall()]
    missing = [sha256 for sha256 in hashes if showable(store, sha256).screen is None]
    return missing[:_FETCH_AT_ONCE]
