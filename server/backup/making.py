"""Making a backup: the database first, the photos second, the manifest last.

In this order, because a photo is never altered or removed: every photo that the database copy calls
verified is in the store when the photos are copied.
"""

import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from server.backup import databases
from server.backup.databases import Snapshot
from server.backup.manifest import NAME, Manifest, Piece
from server.backup.shelves import Shelf, describe, shelf_at
from server.config import Settings
from server.photos.store import PhotoStore
from sync.errors import XunchengError

DATABASE_NAMES = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
SECRET_NAME = "secret-key"

Tell = Callable[[str], None]


def make_backup(
    settings: Settings, store: PhotoStore, out: Path, now: datetime, *, with_photos: bool = True
) -> Manifest:
    """Write a backup to `out`: a tar file when its name ends in `.tar`, else a folder.

    The server may go on running. Raises `not_empty`, `backup_failed`.
    """
    shelf = shelf_at(out)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=settings.home) as folder:
        kind = "sqlite" if settings.is_sqlite else "postgresql"
        copied = Path(folder) / DATABASE_NAMES[kind]
        snapshot = copy_database(settings, copied)
        database = describe(copied.name, copied)
        shelf.put(copied.name, copied)
        secret = _keep_secret(settings, shelf)
        photos, missing = (
            _keep_photos(snapshot, store, shelf, Path(folder)) if with_photos else ((), ())
        )
    manifest = Manifest(
        made_at=now.isoformat(timespec="seconds"),
        kind=kind,
        revision=snapshot.revision,
        epoch=snapshot.epoch,
        database=database,
        secret=secret,
        photos=photos,
        missing=missing,
        with_photos=with_photos,
    )
    shelf.put_bytes(NAME, manifest.as_bytes())
    shelf.close()
    return manifest


def copy_database(settings: Settings, target: Path) -> Snapshot:
    """Copy the server's database to `target`, as of one moment."""
    if not settings.is_sqlite:
        return databases.copy_postgresql(settings.database_url, target)
    path = database_path(settings)
    if not path.exists():
        raise XunchengError("schema_outdated", hint="python -m server init-db")
    return databases.copy_sqlite(path, target)


def database_path(settings: Settings) -> Path:
    """Return where the SQLite file lies."""
    return Path(settings.database_url.removeprefix("sqlite:///"))


def _keep_secret(settings: Settings, shelf: Shelf) -> Piece | None:
    """Keep the key that was made in the home, so that the phones need not sign in again."""
    path = settings.home / SECRET_NAME
    if not path.exists() or path.read_text().strip() != settings.secret_key:
        return None
    shelf.put(SECRET_NAME, path)
    return describe(SECRET_NAME, path)


def _keep_photos(
    snapshot: Snapshot, store: PhotoStore, shelf: Shelf, folder: Path
) -> tuple[tuple[Piece, ...], tuple[str, ...]]:
    kept, missing = [], []
    for sha256, size in snapshot.photos:
        piece = Piece(f"photos/{sha256[:2]}/{sha256}", sha256, size)
        passing = folder / "photo"
        if _fetch(store, sha256, passing) and describe(piece.name, passing) == piece:
            shelf.put(piece.name, passing)
            kept.append(piece)
        else:
            missing.append(sha256)
    return tuple(kept), tuple(missing)


def _fetch(store: PhotoStore, sha256: str, target: Path) -> bool:
    try:
        with target.open("wb") as file:
            for part in store.stream(sha256):
                file.write(part)
    except FileNotFoundError:
        return False
    return True
