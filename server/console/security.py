"""Headers, CSRF tokens and the content-security policy of every page."""

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request, session

from server.config import Settings
from sync.errors import Refused
from sync.messages import MAX_PHOTO_BYTES

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
MOST_PHOTOS = 12  # chosen at once in one form
MOST_PHOTO_BYTES = MOST_PHOTOS * MAX_PHOTO_BYTES + 1_048_576
_WITH_PHOTOS = frozenset({"console.make_move", "console.take_in_now"})


def init_security(app: Flask) -> None:
    """Check every writing request of a page, and send the security headers with every answer."""
    settings: Settings = app.extensions["xuncheng_settings"]
    policy = content_policy(settings.tile_url)

    @app.before_request
    def check_csrf() -> None:
        if not is_page_request() or request.method in SAFE_METHODS:
            return
        if request.endpoint in _WITH_PHOTOS and g.get("actor") is not None:
            request.max_content_length = MOST_PHOTO_BYTES
        if not _token_matches():
            raise Refused("page_expired")

    @app.after_request
    def send_headers(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if is_page_request():
            headers.setdefault("Content-Security-Policy", policy)
            headers.setdefault("X-Frame-Options", "DENY")
            headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
            if request.endpoint == "console.static" and "v" in request.args:
                headers["Cache-Control"] = "public, max-age=31536000, immutable"
            if response.mimetype == "text/html":
                headers.setdefault("Cache-Control", "no-store")
        return response

    app.jinja_env.globals["csrf_token"] = csrf_token


def is_page_request() -> bool:
    """Say whether the request is a browser's: the API has tokens of its own and no cookies."""
    return not request.path.startswith("/api/")


def csrf_token() -> str:
    """Return this browser session's token, made when first needed."""
    token: str | None = session.get(CSRF_FIELD)
    if token is None:
        token = session[CSRF_FIELD] = secrets.token_urlsafe(24)
    return token


def content_policy(tile_url: str) -> str:
    """Return the policy: nothing inline, nothing from elsewhere but configured map tiles."""
    images = ["'self'", "data:", "blob:"]
    if tile_url:
        parts = urlsplit(tile_url)
        images.append(f"{parts.scheme}://{parts.netloc}")
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": " ".join(images),
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _token_matches() -> bool:
    expected = session.get(CSRF_FIELD)
    given = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD)
    if not expected or not given:
        return False
    return hmac.compare_digest(str(expected).encode(), str(given).encode())


def page_settings() -> Settings:
    """Return the settings of the running application."""
    settings: Settings = current_app.extensions["xuncheng_settings"]
    return settings
