"""Languages: Chinese is the source text, English comes from the catalogue."""

from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel

from server.config import Settings

LANGUAGES = ("zh", "en")
_LOCALES = {"zh": "zh_Hans_CN", "en": "en"}


def init_i18n(app: Flask, settings: Settings) -> None:
    app.config["BABEL_DEFAULT_LOCALE"] = _LOCALES[settings.language]
    app.config["BABEL_DEFAULT_TIMEZONE"] = str(settings.timezone)
    Babel(app, locale_selector=lambda: _LOCALES[current_language(settings.language)])


def current_language(default: str = "zh") -> str:
    """Return `zh` or `en`: the person's choice, else the request's, else the default."""
    if not has_request_context():
        return default
    chosen = session.get("language") or g.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match(LANGUAGES) or default
