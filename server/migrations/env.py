"""How alembic reaches our tables. Run through `python -m server db …`."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app

from server.db import Instant, JsonText, db

_OWN_TYPES = (Instant, JsonText)


def _written_type(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our column types without the arguments of what lies beneath them."""
    if kind == "type" and isinstance(item, _OWN_TYPES):
        autogen.imports.add("from server.db import Instant, JsonText")
        return f"{type(item).__name__}()"
    return False


def _leave_out_empty(_: Any, __: Any, directives: list[Any]) -> None:
    """Write no revision where nothing has changed."""
    options = context.config.cmd_opts
    if getattr(options, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def _run() -> None:
    arguments = current_app.extensions["migrate"].configure_args
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_item=_written_type,
            process_revision_directives=_leave_out_empty,
            **arguments,
        )
        with context.begin_transaction():
            context.run_migrations()


_run()
