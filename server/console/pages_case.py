"""The page of one case, and making moves on it."""

from dataclasses import replace
from datetime import datetime, timedelta

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import or_, select
from werkzeug.wrappers import Response as BaseResponse

from server import clock
from server.cases import queries
from server.cases.actions import perform_move
from server.cases.detail import case_detail
from server.cases.inputs import MoveInputs
from server.cases.models import Case
from server.cases.workflow import Move, Need
from server.catalog.lookup import unit_for
from server.catalog.models import Phrase
from server.console import move_forms, words
from server.console.blueprint import bp
from server.console.case_view import is_forward, view_case
from server.console.names import Option, names_for
from server.console.photo_files import take_photos
from server.console.security import page_settings
from server.console.visitor import requires, visitor
from server.db import db
from sync.errors import Refused, XunchengError

# Where the rules call a field by another name than the form does.
_FIELDS = {"unit_id": "unit", "case_id": "case", "photos": "after_photo"}
# Which moves offer ready sentences, and of which topic.
_TOPICS = {
    Move.RETURN: "reason",
    Move.ASK_EXTENSION: "reason",
    Move.ASK_SUSPENSION: "reason",
}


@bp.get("/cases/<number>")
@requires()
def case(number: str) -> str:
    """Show one case, by its number (or id)."""
    found = _find(number)
    session, now = db.session(), clock.now()
    names = names_for(session)
    view = view_case(session, case_detail(session, found), visitor(), names, now)
    return render_template("console/case.html", view=view, names=names, is_forward=is_forward)


@bp.get("/cases/<number>/moves/<move>")
@requires()
def move_form(number: str, move: str) -> str:
    """Show what a move asks for: a fragment for htmx, a page of its own without."""
    found = _find(number)
    return _form_page(found, move_forms.form_for(found, _move(move)))


@bp.post("/cases/<number>/moves/<move>")
@requires()
def make_move(number: str, move: str) -> str | Response | BaseResponse:
    """Make a move and go back to the case; refused, the form comes back as it was filled in."""
    found = _find(number)
    case_id, actor, now = found.id, visitor(), clock.now()
    form = move_forms.form_for(found, _move(move))
    version = request.form.get("version", type=int)
    try:
        photos = take_photos(request.files.getlist("photos"), "after", actor, now)
        inputs = move_forms.read_inputs(form, request.form, page_settings().timezone, photos)
        inputs = _with_target(inputs)
        perform_move(case_id, form.move, inputs, by=actor, now=now, expected_version=version)
    except XunchengError as error:
        db.session.rollback()
        return make_response(_form_page(_find(number), form, error), error.kind.status)
    flash(_("已办理：%(move)s", move=words.move_name(form.move)), "good")
    return _back_to(number)


def _back_to(number: str) -> Response | BaseResponse:
    target = url_for("console.case", number=number)
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target)


def _find(number: str) -> Case:
    found = queries.find_case(db.session(), visitor(), number)
    if found is None:
        raise Refused("not_found")
    return found


def _move(code: str) -> Move:
    if code not in set(Move):
        raise Refused("not_found")
    return Move(code)


def _with_target(inputs: MoveInputs) -> MoveInputs:
    """Replace the number of the case to merge into by its id."""
    if inputs.case_id is None:
        return inputs
    target = queries.find_case(db.session(), visitor(), inputs.case_id)
    if target is None:
        raise Refused("invalid", fields={Need.CASE: ["没有这个编号的案件"]})
    return replace(inputs, case_id=target.id)


def _form_page(found: Case, form: move_forms.MoveForm, error: XunchengError | None = None) -> str:
    session, now = db.session(), clock.now()
    names = names_for(session)
    wrong = (
        {_FIELDS.get(name, name): texts for name, texts in error.fields.items()} if error else {}
    )
    fragment = "HX-Request" in request.headers
    template = "console/move_fragment.html" if fragment else "console/move_page.html"
    crews = form.move is Move.DISPATCH_AGAIN
    return render_template(
        template,
        case=found,
        form=form,
        error=error,
        wrong=wrong,
        given=request.form,
        names=names,
        units=names.crews_of(visitor().unit_id) if crews else names.units(crews=False),
        suggested_unit=unit_for(session, found.category_key, found.area_code),
        conditions=names.conditions(found.category_key),
        results=move_forms.RESULTS.get(form.move),
        phrases=_phrases(form.move, found.category_key),
        days=[_day_option(now, days) for days in (1, 3, 7, 30)],
        last_event=_last_change(found) if error and error.code == "conflict" else None,
        is_forward=is_forward,
    )


def _day_option(now: datetime, days: int) -> Option:
    at = (now + timedelta(days=days)).astimezone(page_settings().timezone)
    value = at.replace(hour=17, minute=30, second=0, microsecond=0).strftime("%Y-%m-%dT%H:%M")
    return Option(value, _("%(days)s 天后", days=days))


def _phrases(move: Move, category_key: str) -> list[str]:
    topic = _TOPICS.get(move)
    if topic is None:
        return []
    query = (
        select(Phrase)
        .where(
            Phrase.topic == topic,
            or_(Phrase.category_key.is_(None), Phrase.category_key == category_key),
            or_(Phrase.person_id.is_(None), Phrase.person_id == visitor().person_id),
        )
        .order_by(Phrase.position)
        .limit(6)
    )
    return [words.either(row.zh, row.en) for row in db.session.scalars(query)]


def _last_change(found: Case) -> object:
    detail = case_detail(db.session(), found)
    names = names_for(db.session())
    return view_case(db.session(), detail, visitor(), names, clock.now()).records[0]
