"""Commands that make a database ready for use."""

import click
from flask.cli import with_appcontext

from server import clock
from server.catalog.initialising import fill_new_database
from server.feed import transaction
from server.schema import upgrade_schema


@click.command("init-db")
@with_appcontext
def init_db() -> None:
    """Create or upgrade the database and fill in calendar, catalogue and limits.

    Safe to repeat: run it after each update, and each autumn when next year's holidays are known.
    """
    upgrade_schema()
    with transaction() as session:
        filled = fill_new_database(session, clock.now())
    click.echo(
        f"The database is ready: {filled.categories} categories, {filled.conditions} conditions "
        f"and {filled.calendar_days} calendar days were added."
    )


commands: list[click.Command] = [init_db]
