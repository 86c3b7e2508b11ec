"""Commands that ask the working calendar."""

import re
from datetime import date, datetime

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from server import clock
from server.db import db
from server.worktime.arithmetic import LimitUnit, add_limit
from server.worktime.loading import calendar_for, last_known_on
from server.worktime.models import CalendarDay, WorkSchedule
from sync.errors import XunchengError

_LIMIT = re.compile(r"^\s*([1-9]\d{0,3})\s+(\w+?)s?\s*$")


@click.command()
@click.argument("start", metavar="FROM")
@click.argument("limit")
@click.option("--schedule", default="office", show_default=True, help="the unit's working hours")
@with_appcontext
def deadline(start: str, limit: str, schedule: str) -> None:
    """Print when LIMIT (such as "4 work_hour") ends that starts at FROM (local time)."""
    value, unit = parse_limit(limit)
    zone = current_app.extensions["xuncheng_settings"].timezone
    if db.session.get(WorkSchedule, schedule) is None:
        known = ", ".join(db.session.scalars(select(WorkSchedule.code)))
        raise XunchengError("invalid", fields={"--schedule": [f"one of: {known}"]})
    calendar = calendar_for(db.session(), schedule, clock.now())
    due = add_limit(parse_local(start).replace(tzinfo=zone), value, unit, calendar)
    click.echo(due.at.astimezone(zone).strftime("%Y-%m-%d %H:%M"))
    if due.provisional:
        known_until = last_known_on(db.session())
        click.echo(f"provisional: the calendar is known until {known_until}", err=True)


@click.command()
@click.argument("year", type=click.IntRange(2004, 2100))
@with_appcontext
def calendar(year: int) -> None:
    """Print the holidays and make-up working days of YEAR."""
    rows = db.session.scalars(
        select(CalendarDay)
        .where(CalendarDay.day_on.between(date(year, 1, 1), date(year, 12, 31)))
        .order_by(CalendarDay.day_on)
    ).all()
    if not rows:
        raise XunchengError("invalid", fields={"YEAR": [f"the calendar has no days of {year}"]})
    for row in rows:
        if row.name:
            working = "working" if row.working else "off"
            click.echo(f"{row.day_on} {row.day_on:%a} {working:7} {row.name}")
    worked = sum(row.working for row in rows)
    click.echo(f"{worked} working days of {len(rows)}")
    if any(row.provisional for row in rows):
        click.echo("provisional: the official notice is not in this calendar yet", err=True)


def parse_limit(text: str) -> tuple[int, str]:
    """Return value and unit of a limit such as `4 work_hour`. Raises `invalid`."""
    match = _LIMIT.match(text)
    if match is None or match[2] not in list(LimitUnit):
        units = ", ".join(LimitUnit)
        raise XunchengError("invalid", fields={"LIMIT": [f"a number and one of: {units}"]})
    return int(match[1]), match[2]


def parse_local(text: str) -> datetime:
    """Return `YYYY-MM-DD HH:MM` as local time without zone. Raises `invalid`."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M")
    except ValueError as error:
        message = 'write it as "2026-09-18 16:30"'
        raise XunchengError("invalid", fields={"FROM": [message]}) from error


commands: list[click.Command] = [deadline, calendar]
