"""Putting a backup back: everything is checked before anything is touched."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.backup import databases
from server.backup.making import database_path
from server.backup.manifest import NAME, Manifest, read_manifest
from server.backup.shelves import Stored, check, stored_at, taken_out
from server.config import Settings
from server.feed import transaction
from server.feed.epoch import start_epoch
from server.feed.timeline import note_timeline
from server.photos.models import Photo, Upload
from server.photos.store import PhotoStore
from server.schema import knows_revision, upgrade_schema
from sync.errors import XunchengError


@dataclass(frozen=True)
class Restored:
    """What a restore did. `asked_again`: photos that the phones will be asked for."""

    epoch: str
    photos: int
    asked_again: int
    aside: Path | None


def restore_backup(
    settings: Settings, store: PhotoStore, source: Path, now: datetime, *, force: bool = False
) -> Restored:
    """Put the backup at `source` in the place of the present database and photos.

    Stop the server first. Photos that are there stay: they are named by their content. A new epoch
    begins, so that the phones send again what the backup does not know. Raises `backup_damaged`,
    `not_empty` (without `force`), `database_busy`, `schema_outdated` (made by a newer program).
    """
    stored = stored_at(source)
    manifest = _verified(stored)
    if manifest.kind != ("sqlite" if settings.is_sqlite else "postgresql"):
        raise XunchengError("bad_setting", detail=f"this is a backup of {manifest.kind}")
    if not knows_revision(manifest.revision):
        raise XunchengError("schema_outdated", detail=f"made at revision {manifest.revision}")
    if not force and _is_in_use(settings):
        raise XunchengError("not_empty", detail=str(settings.home), hint="--force")
    aside = _put_back_database(settings, stored, manifest, now)
    _put_back_secret(settings, stored, manifest)
    _put_back_photos(settings, store, stored, manifest)
    upgrade_schema()
    with transaction() as session:
        epoch = start_epoch(session, now)
        note_timeline(session, now)
        session.execute(update(Upload).where(Upload.state == "open").values(state="ended"))
        asked_again = _forget_lost_photos(session, store)
    return Restored(epoch, len(manifest.photos), asked_again, aside)


def _verified(stored: Stored) -> Manifest:
    """Read every byte of the backup once before anything is touched."""
    try:
        with stored.open(NAME) as file:
            manifest = read_manifest(file.read())
    except FileNotFoundError as error:
        raise XunchengError("backup_damaged", detail=f"{NAME} is missing") from error
    secret = [manifest.secret] if manifest.secret else []
    for piece in [manifest.database, *secret, *manifest.photos]:
        check(stored, piece)
    return manifest


def _is_in_use(settings: Settings) -> bool:
    if settings.is_sqlite:
        in_use = database_path(settings).exists()
    else:
        in_use = databases.holds_tables(settings.database_url)
    return in_use or (settings.home / "photos" / "originals").exists()


def _put_back_database(
    settings: Settings, stored: Stored, manifest: Manifest, now: datetime
) -> Path | None:
    with taken_out(stored, manifest.database, settings.home) as copied:
        if settings.is_sqlite:
            return databases.put_back_sqlite(copied, database_path(settings), now)
        databases.put_back_postgresql(copied, settings.database_url)
        return None


def _put_back_secret(settings: Settings, stored: Stored, manifest: Manifest) -> None:
    """Put back the key that signs tokens, unless the operator's own settings name another."""
    path = settings.home / "secret-key"
    if manifest.secret is None or (
        path.exists() and path.read_text().strip() != settings.secret_key
    ):
        return
    with stored.open(manifest.secret.name) as file:
        key = file.read()
    path.touch(0o600)
    path.write_bytes(key)


def _put_back_photos(
    settings: Settings, store: PhotoStore, stored: Stored, manifest: Manifest
) -> None:
    for piece in manifest.photos:
        if store.size(piece.sha256) == piece.bytes:
            continue
        with taken_out(stored, piece, settings.home) as copied:
            store.put_file(piece.sha256, copied)


def _forget_lost_photos(session: Session, store: PhotoStore) -> int:
    """Call photos that the store does not have not verified: `have` then asks the phones again."""
    lost = 0
    for photo in session.scalars(select(Photo).where(Photo.verified_at.is_not(None))):
        if store.size(photo.sha256) == photo.bytes:
            continue
        photo.verified_at = photo.inspected_at = photo.inspect_claimed_at = None
        photo.refused_code = None
        lost += 1
    return lost
