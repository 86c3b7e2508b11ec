"""Which revision of the tables a database is at, and bringing it to the newest."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_migrate import stamp, upgrade
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from sync.errors import XunchengError

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade_schema() -> None:
    """Bring the tables of the current app's database to the newest revision, creating them."""
    upgrade(directory=str(MIGRATIONS))


def mark_schema_current() -> None:
    """Record that tables made in another way (`create_all`) are those of the newest revision."""
    stamp(directory=str(MIGRATIONS))


def newest_revision() -> str | None:
    """Return the id of the revision that this version of the program works with."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()


def knows_revision(revision: str) -> bool:
    """Say whether this program can bring tables of `revision` to its own."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    return revision in known


def require_current_schema(engine: Engine) -> None:
    """Raise `XunchengError("schema_outdated")` unless the database is at the newest revision.

    A server must not run over tables that it does not know: it would fail in the middle of an
    action instead of at the start.
    """
    present, newest = _present_revision(engine), newest_revision()
    if present == newest:
        return
    found = f"is at revision {present}" if present else "has not been created yet"
    raise XunchengError(
        "schema_outdated",
        detail=f"the database {found}, this program needs {newest}",
        hint="python -m server init-db",
    )


def _present_revision(engine: Engine) -> str | None:
    file = engine.url.database
    if engine.dialect.name == "sqlite" and not Path(file or "").exists():
        return None  # connecting would leave an empty file behind
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except OperationalError as error:
        raise XunchengError(
            "database_unreachable", detail=str(error.orig), hint="XUNCHENG_DATABASE_URL"
        ) from error
