"""Commands that ask the working calendar."""

import re
from collections.abc import Iterable
from datetime import date, datetime

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from server import clock
from server.db import db
from server.schema import require_current_schema
from server.worktime.arithmetic import LimitUnit, WorkCalendar, add_limit
from server.worktime.loading import calendar_for
from server.worktime.models import CalendarDay, WorkSchedule
from server.worktime.seeding import seeded_calendars
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
    local = parse_local(start)
    calendar = _calendar_of(schedule, local.year)
    due = add_limit(local.replace(tzinfo=calendar.zone), value, unit, calendar)
    click.echo(due.at.astimezone(calendar.zone).strftime("%Y-%m-%d %H:%M"))
    if due.provisional:
        known_until = calendar.last_known_on()
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


def _calendar_of(schedule: str, year: int) -> WorkCalendar:
    """Return the schedule's calendar: from the database, or as `init-db` would seed it."""
    try:
        require_current_schema(db.engine)
    except XunchengError as error:
        if error.code != "schema_outdated":
            raise
        click.echo("no database yet: this is the published calendar", err=True)
        zone = current_app.extensions["xuncheng_settings"].timezone
        calendars = seeded_calendars(zone, range(year, year + 2))
        if schedule not in calendars:
            raise _unknown_schedule(calendars) from None
        return calendars[schedule]
    if db.session.get(WorkSchedule, schedule) is None:
        raise _unknown_schedule(db.session.scalars(select(WorkSchedule.code)))
    return calendar_for(db.session(), schedule, clock.now())


def _unknown_schedule(known: Iterable[str]) -> XunchengError:
    return XunchengError("invalid", fields={"--schedule": [f"one of: {', '.join(known)}"]})


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
