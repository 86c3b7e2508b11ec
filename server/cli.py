"""`python -m server`: every command of the server, collected from the parts.

A part's `commands.py` exposes `commands: list[click.Command]`. A command that needs the database is
decorated with `flask.cli.with_appcontext`; the application is built only then, so that `--help`
touches nothing.
"""

import click
from flask.cli import ScriptInfo
from flask_migrate.cli import db as migration_commands
from psycopg.errors import UndefinedTable
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from server.accounts import commands as accounts_commands
from server.app import create_app
from server.backup import commands as backup_commands
from server.cases import commands as cases_commands
from server.catalog import commands as catalog_commands
from server.deadlines import commands as deadlines_commands
from server.demo import commands as demo_commands
from server.feed import commands as feed_commands
from server.ingest import commands as ingest_commands
from server.serve import serve
from server.worktime import commands as worktime_commands
from sync.errors import XunchengError


class ServerCommands(click.Group):
    """Prints our errors as one sentence with their code, in place of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except XunchengError as error:
            raise click.ClickException(_sentence(error)) from error
        except (OperationalError, ProgrammingError) as error:
            raise click.ClickException(_sentence(_database_trouble(error))) from error


def _database_trouble(error: DBAPIError) -> XunchengError:
    """Say why a statement could not even be run: most often there are no tables yet."""
    if "no such table" in str(error.orig) or isinstance(error.orig, UndefinedTable):
        return XunchengError("schema_outdated", hint="python -m server init-db")
    return XunchengError("database_unreachable", detail=str(error.orig))


def _sentence(error: XunchengError) -> str:
    lines = [f"{error.kind.message} [{error}]"]
    lines += [f"  {path}: {'; '.join(messages)}" for path, messages in error.fields.items()]
    if error.hint:
        lines.append(f"  → {error.hint}")
    return "\n".join(lines)


@click.group(cls=ServerCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(ctx: click.Context) -> None:
    """The Xuncheng (巡城) server and its tools. Settings: docs/settings.md."""
    ctx.obj = ScriptInfo(create_app=create_app, set_debug_flag=False)


_OWN: list[click.Command] = [serve, migration_commands]

_PARTS = (
    accounts_commands,
    backup_commands,
    cases_commands,
    catalog_commands,
    deadlines_commands,
    demo_commands,
    feed_commands,
    ingest_commands,
    worktime_commands,
)

for command in [*_OWN, *(command for part in _PARTS for command in part.commands)]:
    main.add_command(command)
