"""Commands about the server's history."""

import click
from flask.cli import with_appcontext

from server import clock
from server.feed.epoch import start_epoch
from server.feed.timeline import acknowledge_timeline
from server.feed.transaction import transaction


@click.command("new-epoch")
@with_appcontext
def new_epoch() -> None:
    """Tell the devices that history went back: run it once after restoring a backup.

    Devices then load their rows anew and send again what the restored database may have lost.
    """
    with transaction() as session:
        value = start_epoch(session, clock.now())
    click.echo(f"A new epoch has begun: {value}")


@click.command("acknowledge-timeline")
@with_appcontext
def acknowledge() -> None:
    """After a recovery or takeover of PostgreSQL: go on from here, with a new epoch."""
    value = acknowledge_timeline(clock.now())
    click.echo(f"The present timeline is acknowledged. A new epoch has begun: {value}")


commands: list[click.Command] = [new_epoch, acknowledge]
