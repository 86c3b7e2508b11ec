"""Logs: one JSON object per line on standard error, each request with an id; never a secret.

What people type or send (bodies, headers, query strings) is not logged at all; names of fields that
could carry a secret are blanked in case somebody adds one later.
"""

import logging
import re
import secrets
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, g, request

from server.config import Settings

REQUEST_ID = "X-Request-Id"
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SECRET = re.compile(r"password|token|secret|authorization|cookie", re.IGNORECASE)
_QUIET = ("/healthz", "/readyz", "/metrics", "/static/")

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Set up logging as the settings say, and follow every request."""
    settings: Settings = app.extensions["xuncheng_settings"]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_secrets,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level.upper()]
        ),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    app.before_request(_begin)
    app.after_request(_finish)


def without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank whatever is named like a secret."""
    for name in event:
        if _SECRET.search(name):
            event[name] = "…"
    return event


def _begin() -> None:
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if _GOOD_ID.fullmatch(given) else secrets.token_hex(8)
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _finish(response: Response) -> Response:
    if "request_id" not in g:
        return response
    response.headers[REQUEST_ID] = g.request_id
    if not request.path.startswith(_QUIET):
        actor = g.get("actor")
        log.info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            ms=round((time.perf_counter() - g.started) * 1000, 1),
            person=actor.person_id if actor else None,
            device=g.get("device_id"),
        )
    return response
