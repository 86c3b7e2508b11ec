"""Commands `backup` and `restore`."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from server import clock
from server.backup.making import make_backup
from server.backup.restoring import restore_backup
from server.config import Settings
from server.db import db
from server.photos.store import photo_store

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--out", type=_PATH, required=True, help="A new folder, or a file named *.tar.")
@click.option("--no-photos", is_flag=True, help="The photo store has a backup of its own (S3).")
@with_appcontext
def backup(out: Path, no_photos: bool) -> None:
    """Copy database and photos while the server goes on running."""
    settings: Settings = current_app.extensions["xuncheng_settings"]
    made = make_backup(settings, photo_store(), out, clock.now(), with_photos=not no_photos)
    click.echo(
        f"Backed up to {out}: the database ({made.database.bytes} bytes, revision "
        f"{made.revision}) and {len(made.photos)} photos."
    )
    if made.missing:
        for sha256 in made.missing:
            click.echo(f"not in the photo store: {sha256}", err=True)
        raise SystemExit(1)


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--force", is_flag=True, help="Also where there is a database already.")
@with_appcontext
def restore(source: Path, force: bool) -> None:
    """Put a backup back and begin a new epoch. Stop server and scheduler first."""
    settings: Settings = current_app.extensions["xuncheng_settings"]
    db.engine.dispose()
    done = restore_backup(settings, photo_store(), source, clock.now(), force=force)
    click.echo(f"Restored, {done.photos} photos with it. A new epoch has begun: {done.epoch}")
    if done.asked_again:
        click.echo(f"{done.asked_again} photos are not in the store: the phones are asked again.")
    if done.aside:
        click.echo(f"The database that was there lies at {done.aside}")


commands: list[click.Command] = [backup, restore]
