"""Commands of the sweep and the scheduler."""

import signal
from types import FrameType

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from server import clock
from server.db import db
from server.deadlines.scheduler import blocking_scheduler
from server.deadlines.sweep import sweep as sweep_once
from server.feed.timeline import guard_timeline
from server.schema import require_current_schema


@click.command()
@with_appcontext
def scheduler() -> None:
    """Run the jobs (deadlines, photos, uploads, calendar) until SIGTERM or Ctrl-C."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    require_current_schema(db.engine)
    guard_timeline(db.engine, clock.now())
    running = blocking_scheduler(app)

    def stop(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001  the system's shape
        running.shutdown(wait=False)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    click.echo("The scheduler runs.")
    running.start()


@click.command()
@with_appcontext
def sweep() -> None:
    """Do once what is due: warnings, overdue marks, escalations, resumptions."""
    require_current_schema(db.engine)
    swept = sweep_once(clock.now())
    click.echo(f"{swept.cases} cases and {swept.replies} replies were due.")


commands: list[click.Command] = [scheduler, sweep]
