"""The one place where errors become HTTP answers, in the caller's language."""

from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException

from server import clock
from server.respond import json_response
from sync.errors import XunchengError

log = structlog.get_logger()

ERROR_PAGE = "xuncheng_error_page"  # key in `app.extensions` of an ErrorPage
ErrorPage = Callable[[XunchengError, int], Response]

# What werkzeug itself refuses, in our codes. Others keep their status with the nearest code.
_BY_STATUS = {
    400: "malformed",
    403: "not_allowed",
    404: "not_found",
    405: "not_allowed",
    408: "slow_down",
    413: "too_large",
    415: "unsupported_type",
    422: "invalid",
    429: "slow_down",
}


def error_json(error: XunchengError) -> dict[str, Any]:
    """Return the body of an error as `docs/protocol.md` shows it, without the envelope."""
    shape: dict[str, Any] = {"code": error.code, "message": gettext(error.kind.message)}
    if error.fields:
        shape["fields"] = {
            path: [gettext(message) for message in messages]
            for path, messages in error.fields.items()
        }
    if error.hint:
        shape["hint"] = gettext(error.hint)
    return shape


def register_errors(app: Flask) -> None:
    """Attach the translators to `app`.

    A part that has pages puts its renderer into `app.extensions[ERROR_PAGE]`; without one, and for
    the API always, errors are JSON.
    """
    app.register_error_handler(XunchengError, _own)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def wants_page() -> bool:
    """Say whether the caller is a person's browser on a console page."""
    return not request.path.startswith("/api/")


def _own(error: XunchengError) -> Response:
    return _answer(error, error.kind.status)


def _http(error: HTTPException) -> Response:
    if error.code is not None and error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    status = error.code or 500
    code = _BY_STATUS.get(status, "server_error" if status >= 500 else "malformed")
    return _answer(XunchengError(code), status)


def _unexpected(_: Exception) -> Response:
    log.exception("request failed", path=request.path)
    return _answer(XunchengError("server_error"), 500)


def _answer(error: XunchengError, status: int) -> Response:
    if wants_page():
        render: ErrorPage | None = current_app.extensions.get(ERROR_PAGE)
        if render is not None:
            return render(error, status)
    body = error_json(error)
    if status >= 500 and "request_id" in g:
        body["request_id"] = g.request_id  # finds the log line of what went wrong
    response = json_response({"error": body}, status, now=clock.now())
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response
