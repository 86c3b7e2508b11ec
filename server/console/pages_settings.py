"""设置: the working calendar, hours of work, categories and their limits (administrators)."""

import calendar
from dataclasses import dataclass
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import extract, func, or_, select
from werkzeug.wrappers import Response as BaseResponse

from server import clock
from server.catalog.calendar_editing import change_day, change_schedule, confirm_year
from server.catalog.editing import (
    STAGES,
    Switches,
    change_limit,
    change_switches,
    change_unit_hours,
)
from server.catalog.models import Category, Condition, TimeLimit, Unit
from server.console.blueprint import bp
from server.console.names import names_for
from server.console.security import page_settings
from server.console.visitor import requires, visitor
from server.db import db
from server.worktime.arithmetic import ScheduleDays
from server.worktime.models import CalendarDay, WorkSchedule
from sync.errors import Refused, XunchengError
from sync.roles import Role

SPANS = 3  # pairs of fields per schedule
SCHEDULE_DAYS = {
    ScheduleDays("calendar"): _l("按工作日历"),
    ScheduleDays("daily"): _l("每天"),
}


@dataclass(frozen=True)
class Month:
    """One month of the calendar page: weeks from Monday, None outside the month."""

    number: int
    weeks: tuple[tuple[CalendarDay | None, ...], ...]


@bp.get("/settings")
@requires(Role.ADMIN)
def settings() -> BaseResponse:
    return redirect(url_for("console.settings_calendar"))


@bp.get("/settings/calendar")
@requires(Role.ADMIN)
def settings_calendar() -> str:
    """Show a year's working days; a click turns a day around."""
    today = clock.now().astimezone(page_settings().timezone).date()
    year = request.args.get("year", default=today.year, type=int)
    rows = db.session.scalars(
        select(CalendarDay).where(CalendarDay.day_on.between(date(year, 1, 1), date(year, 12, 31)))
    )
    days = {row.day_on: row for row in rows}
    return render_template(
        "console/settings_calendar.html",
        year=year,
        years=_years(),
        months=[_month(year, month, days) for month in range(1, 13)],
        provisional=sum(1 for row in days.values() if row.provisional),
        working=sum(1 for row in days.values() if row.working),
        today=today,
    )


@bp.post("/settings/calendar")
@requires(Role.ADMIN)
def change_calendar() -> BaseResponse:
    """Turn one day around, or settle a whole year."""
    now, year = clock.now(), request.form.get("year", type=int)
    if request.form.get("confirm") and year:
        count = confirm_year(year, now)
        flash(_("%(year)s 年的 %(count)s 天已标为正式。", year=year, count=count), "good")
        return redirect(url_for("console.settings_calendar", year=year))
    try:
        on = date.fromisoformat(request.form.get("day", ""))
    except ValueError as error:
        raise Refused("malformed") from error
    row = db.session.get(CalendarDay, on)
    if row is None:
        raise Refused("not_found")
    working = not row.working
    change_day(on, working=working, name=request.form.get("name", "").strip()[:32], now=now)
    told = _("%(day)s 改为上班", day=on) if working else _("%(day)s 改为休息", day=on)
    flash(_("%(told)s。已经算好的时限不变，以后派遣的按新日历计算。", told=told), "good")
    return redirect(url_for("console.settings_calendar", year=on.year))


@bp.get("/settings/hours")
@requires(Role.ADMIN)
def settings_hours() -> str:
    """Show the hours of each schedule."""
    return _hours_page(None)


@bp.post("/settings/hours/<code>")
@requires(Role.ADMIN)
def change_hours(code: str) -> str | BaseResponse | tuple[str, int]:
    """Replace a schedule's hours."""
    given = request.form
    pairs = [
        (given.get(f"begin{place}", "").strip(), given.get(f"end{place}", "").strip())
        for place in range(SPANS)
    ]
    spans = [pair for pair in pairs if any(pair)]
    if given.get("days") not in set(ScheduleDays):
        raise Refused("malformed")
    try:
        change_schedule(code, given["days"], spans, clock.now())
    except XunchengError as error:
        db.session.rollback()
        return _hours_page(error, code), error.kind.status
    flash(_("作息已保存。已经算好的时限不变，以后派遣的按新作息计算。"), "good")
    return redirect(url_for("console.settings_hours"))


@bp.post("/settings/unit-hours")
@requires(Role.ADMIN)
def change_hours_of_unit() -> BaseResponse:
    """Let a unit work by another schedule."""
    change_unit_hours(request.form.get("unit", ""), request.form.get("schedule", ""), clock.now())
    flash(_("作息已保存。已经算好的时限不变，以后派遣的按新作息计算。"), "good")
    return redirect(url_for("console.settings_hours"))


@bp.get("/settings/categories")
@requires(Role.ADMIN)
def settings_categories() -> str:
    """Show the categories with what rules do for them."""
    text = request.args.get("find", "").strip()
    query = select(Category).order_by(Category.kind.desc(), Category.code)
    if text:
        query = query.where(
            or_(
                Category.zh.contains(text, autoescape=True),
                Category.en.icontains(text, autoescape=True),
                Category.key.startswith(text.upper(), autoescape=True),
                Category.initials.contains(text.lower(), autoescape=True),
            )
        )
    return render_template(
        "console/settings_categories.html", rows=db.session.scalars(query).all(), text=text
    )


@bp.get("/settings/categories/<key>")
@requires(Role.ADMIN)
def settings_category(key: str) -> str:
    """Show one category: its switches, its conditions and their limits."""
    return _category_page(key, None)


@bp.post("/settings/categories/<key>")
@requires(Role.ADMIN)
def change_category(key: str) -> BaseResponse:
    """Set what rules do for a category."""
    given = request.form
    switches = Switches(
        auto_file="auto_file" in given,
        auto_dispatch="auto_dispatch" in given,
        auto_close="auto_close" in given,
        enabled="enabled" in given,
    )
    change_switches(key, switches, clock.now())
    flash(_("已保存。"), "good")
    return redirect(url_for("console.settings_category", key=key))


@bp.post("/settings/categories/<key>/limits")
@requires(Role.ADMIN)
def change_category_limit(key: str) -> str | BaseResponse | tuple[str, int]:
    """Give a condition a new limit, from today."""
    given, now = request.form, clock.now()
    on = now.astimezone(page_settings().timezone).date()
    area = given.get("area") or None
    try:
        if area not in {None, *(each.value for each in names_for(db.session()).streets(visitor()))}:
            raise Refused("not_found")
        db.session.rollback()
        change_limit(
            key,
            given.get("condition", ""),
            given.get("stage", "handle"),
            given.get("value", default=0, type=int),
            given.get("unit", ""),
            on,
            now,
            area,
        )
    except XunchengError as error:
        db.session.rollback()
        return _category_page(key, error), error.kind.status
    flash(_("新时限从今天起生效；已经派遣的案件不变。"), "good")
    return redirect(url_for("console.settings_category", key=key))


def _years() -> list[int]:
    column = extract("year", CalendarDay.day_on)
    first, last = db.session.execute(select(func.min(column), func.max(column))).one()
    return list(range(int(first), int(last) + 1)) if first else []


def _month(year: int, month: int, days: dict[date, CalendarDay]) -> Month:
    weeks = calendar.Calendar().monthdatescalendar(year, month)
    return Month(
        month,
        tuple(tuple(days.get(on) if on.month == month else None for on in week) for week in weeks),
    )


def _hours_page(error: XunchengError | None, code: str | None = None) -> str:
    return render_template(
        "console/settings_hours.html",
        schedules=db.session.scalars(select(WorkSchedule).order_by(WorkSchedule.code)).all(),
        units=db.session.scalars(
            select(Unit).where(Unit.active).order_by(Unit.kind, Unit.name)
        ).all(),
        kinds=SCHEDULE_DAYS,
        places=range(SPANS),
        error=error,
        wrong_code=code,
        given=request.form,
    )


def _category_page(key: str, error: XunchengError | None) -> str:
    category = db.session.get(Category, key)
    if category is None:
        raise Refused("not_found")
    on, names = clock.now().astimezone(page_settings().timezone).date(), names_for(db.session())
    conditions = db.session.scalars(
        select(Condition).where(Condition.category_key == key).order_by(Condition.position)
    )
    limits = db.session.scalars(
        select(TimeLimit)
        .where(TimeLimit.category_key == key, TimeLimit.effective_from <= on)
        .order_by(TimeLimit.condition_code, TimeLimit.stage, TimeLimit.effective_from)
    ).all()
    return render_template(
        "console/settings_category.html",
        category=category,
        conditions=conditions.all(),
        limits=[row for row in limits if row.effective_to is None or row.effective_to > on],
        stages=STAGES,
        streets=names.streets(visitor()),
        area_name=names.area,
        error=error,
    )
