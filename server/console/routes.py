"""Attaches the console: pages, their errors, headers, and what every template may use."""

from flask import Flask, g, request, session, url_for

from server import clock
from server.console import (  # noqa: F401  importing a page adds its views
    pages_account,
    pages_attention,
    pages_case,
    pages_cases,
    pages_devices,
    pages_export,
    pages_intake,
    pages_map,
    pages_photos,
    pages_settings,
    pages_today,
    pages_work,
)
from server.console.blueprint import bp
from server.console.navigation import entries_for
from server.console.page_errors import render_error
from server.console.security import init_security, page_settings
from server.console.template_words import init_template_words
from server.console.visitor import load_visitor
from server.errors import ERROR_PAGE
from server.i18n import current_language


def init_app(app: Flask) -> None:
    """Add the console to `app`."""
    app.extensions[ERROR_PAGE] = render_error
    app.before_request(_before)
    init_security(app)
    init_template_words(app)
    app.register_blueprint(bp)


def _before() -> None:
    if request.path.startswith(("/api/", "/static/")):
        return
    load_visitor()


@bp.app_context_processor
def page_frame() -> dict[str, object]:
    """What the frame around every page needs."""
    actor = g.get("actor")
    settings = page_settings()
    return {
        "actor": actor,
        "now": clock.now(),
        "zone": settings.timezone,
        "language": current_language(settings.language),
        "theme": session.get("theme", "auto"),
        "navigation": entries_for(actor) if actor else [],
        "here": _here,
        "is_demo": settings.demo,
        "tile_url": settings.tile_url,
        "tile_crs": settings.tile_crs,
    }


def _here(**changes: object) -> str:
    """Return this page's address with other query arguments; None takes one out."""
    arguments: dict[str, object] = dict(request.args.to_dict(flat=False))
    arguments.update(changes)
    kept = {name: value for name, value in arguments.items() if value not in (None, "", [])}
    return url_for(str(request.endpoint), **(request.view_args or {}), **kept)  # type: ignore[arg-type]
