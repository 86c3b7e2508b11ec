"""登记: taking in what came from outside: 12345, leaders' orders, video, city platform, visits."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from server import clock
from server.cases.actions import take_in
from server.cases.inputs import OUTSIDE_SOURCES, IntakeForm, Source
from server.console import words
from server.console.blueprint import bp
from server.console.names import Option, names_for
from server.console.photo_files import take_photos
from server.console.security import page_settings
from server.console.visitor import requires, visitor
from server.db import db
from sync.errors import Refused, XunchengError
from sync.ids import uuid7
from sync.messages import Location
from sync.roles import Role

_SOURCES = tuple(source for source in Source if source in OUTSIDE_SOURCES)


@dataclass
class Wrong:
    """Collects what is wrong with which field while a form is read."""

    fields: dict[str, list[str]]

    def say(self, field: str, message: str) -> None:
        self.fields.setdefault(field, []).append(message)


@bp.get("/intake")
@requires(Role.ACCEPTOR)
def intake() -> str:
    """Show an empty form."""
    return _page(None)


@bp.post("/intake")
@requires(Role.ACCEPTOR)
def take_in_now() -> BaseResponse:
    """Open the case and go to it; refused, the form comes back as it was filled in."""
    actor, now = visitor(), clock.now()
    try:
        form = _read_form(now)
        found = take_in(uuid7(int(now.timestamp() * 1000)), form, by=actor, now=now)
    except XunchengError as error:
        db.session.rollback()
        return make_response(_page(error), error.kind.status)
    flash(_("已登记，案件编号 %(number)s", number=found.number), "good")
    return redirect(url_for("console.case", number=found.number))


@bp.get("/intake/conditions")
@requires(Role.ACCEPTOR)
def conditions() -> str:
    """The conditions of the category that was just chosen, as options."""
    names = names_for(db.session())
    key = category_key(request.args.get("category", ""))
    return render_template("console/condition_options.html", conditions=names.conditions(key))


def category_key(text: str) -> str:
    """Return the key in `E09005 店外经营`, as the list of suggestions writes it."""
    return text.strip().split(" ")[0]


def _page(error: XunchengError | None) -> str:
    names = names_for(db.session())
    chosen = category_key(request.form.get("category", ""))
    return render_template(
        "console/intake.html",
        error=error,
        wrong=error.fields if error else {},
        given=request.form,
        names=names,
        sources=[Option(source, words.source_name(source)) for source in _SOURCES],
        streets=names.streets(visitor()),
        conditions=names.conditions(chosen) if chosen else (),
    )


def _read_form(now: datetime) -> IntakeForm:
    given, wrong = request.form, Wrong({})
    source = given.get("source", "")
    if source not in _SOURCES:
        wrong.say("source", "请选择来源")
    category = category_key(given.get("category", ""))
    if not category:
        wrong.say("category", "请选择类别")
    location = _location(wrong)
    if location is None and not given.get("street"):
        wrong.say("street", "请在地图上点出位置，或选择街道")
    form = IntakeForm(
        source=Source(source) if source in _SOURCES else Source.HOTLINE,
        category=category,
        condition=given.get("condition") or None,
        description=given.get("description", "").strip()[:2000],
        address=given.get("address", "").strip()[:256],
        location=location,
        area_code=given.get("street") or None,
        quantity=_quantity(wrong),
        outside_number=given.get("outside_number", "").strip()[:64],
        caller_name=given.get("caller_name", "").strip()[:64],
        caller_phone=given.get("caller_phone", "").strip()[:32],
        reply_due_at=_reply_due(wrong),
    )
    if wrong.fields:
        raise Refused("invalid", fields=wrong.fields)
    photos = take_photos(request.files.getlist("photos"), "scene", visitor(), now)
    return replace(form, photos=photos)


def _location(wrong: Wrong) -> Location | None:
    lat, lon = request.form.get("lat", "").strip(), request.form.get("lon", "").strip()
    if not lat and not lon:
        return None
    try:
        return Location(lat=float(lat), lon=float(lon), provider="manual")
    except ValueError:
        wrong.say("street", "坐标写得不对")
        return None


def _quantity(wrong: Wrong) -> Decimal | None:
    text = request.form.get("quantity", "").strip()
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        wrong.say("quantity", "数量应为数字")
        return None


def _reply_due(wrong: Wrong) -> datetime | None:
    text = request.form.get("reply_due_at", "")
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=page_settings().timezone)
    except ValueError:
        wrong.say("reply_due_at", "日期或时间写得不对")
        return None
