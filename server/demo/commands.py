"""The command that fills the demo district."""

import click
from flask import current_app
from flask.cli import with_appcontext

from server import clock
from server.demo.filling import fill_demo, fill_district
from server.demo.people import PASSWORD
from server.schema import upgrade_schema
from sync.errors import XunchengError


@click.command()
@click.option("--no-history", is_flag=True, help="The district and its people, without cases.")
@with_appcontext
def demo(no_history: bool) -> None:
    """Fill the database with the demo district. Repeated, it adds only what is missing.

    Creates the database where there is none.

    Only for a server with XUNCHENG_DEMO=1: its accounts have a published password.
    """
    if not current_app.extensions["xuncheng_settings"].demo:
        raise XunchengError("demo_only", hint="XUNCHENG_DEMO=1")
    upgrade_schema()
    fill = fill_district if no_history else fill_demo
    done = [_told(title) for title in fill(clock.now())]
    if not done:
        click.echo("The demo district is there already.")
    click.echo(f"Password of every demo account: {PASSWORD}")


def _told(title: str) -> str:
    click.echo(f"Added: {title}")
    return title


commands: list[click.Command] = [demo]
