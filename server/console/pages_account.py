"""Signing in and out, language, colours, and one's own password."""

from flask import Response, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from server import clock
from server.accounts.passwords import verify_sign_in
from server.console.blueprint import bp
from server.console.visitor import begin_visit, end_visit, safe_target
from server.i18n import LANGUAGES
from sync.errors import Refused, XunchengError

THEMES = ("auto", "light", "dark")


@bp.get("/sign-in")
def sign_in() -> str | BaseResponse:
    """Show the sign-in page."""
    if g.get("actor") is not None:
        return redirect(safe_target(request.args.get("next")))
    return render_template("console/sign_in.html", username="", error=None)


@bp.post("/sign-in")
def sign_in_now() -> BaseResponse | tuple[str, int]:
    """Check name and password and begin the visit."""
    username = request.form.get("username", "").strip()
    now = clock.now()
    try:
        person = verify_sign_in(username, request.form.get("password", ""), now)
    except XunchengError as error:
        page = render_template("console/sign_in.html", username=username, error=error)
        return page, error.kind.status
    begin_visit(person, now)
    return redirect(safe_target(request.args.get("next")))


@bp.post("/sign-out")
def sign_out() -> BaseResponse:
    end_visit()
    return redirect(url_for("console.sign_in"))


@bp.post("/language")
def change_language() -> BaseResponse:
    """Switch this browser's language and stay on the page."""
    chosen = request.form.get("language", "")
    if chosen not in LANGUAGES:
        raise Refused("invalid")
    session["language"] = chosen
    return redirect(safe_target(request.form.get("back")))


@bp.post("/theme")
def change_theme() -> Response | BaseResponse:
    """Switch this browser's colours and stay on the page."""
    chosen = request.form.get("theme", "")
    if chosen not in THEMES:
        raise Refused("invalid")
    session["theme"] = chosen
    return redirect(safe_target(request.form.get("back")))
