"""`GET /api/v1/sync/pull` and `GET /api/v1/sync/snapshot`."""

from flask import Blueprint, Flask, Response, current_app, g, request, send_file

from server import clock
from server.accounts.auth import requires_token
from server.config import Settings
from server.db import db
from server.describe import Answer, Parameter, Raw, describes
from server.respond import json_response
from server.worklists.pull import (
    DEFAULT_ROWS,
    MOST_ROWS,
    next_page,
    note_pull,
    pull_is_noted,
)
from server.worklists.schemas import PullAnswer
from server.worklists.snapshot import snapshot_file
from sync import checks
from sync.errors import Malformed

bp = Blueprint("worklists", __name__, url_prefix="/api/v1")


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/sync/pull")
@requires_token()
@describes(
    "Fetch the next page of the feed, all scopes of the person",
    tag="sync",
    answers={200: Answer("Rows in commit order, and the cursor behind them", PullAnswer)},
    errors=("malformed", "bad_cursor", "cursor_expired", "epoch_changed"),
    parameters=(
        Parameter(
            "cursor",
            "query",
            {"type": "array", "items": {"type": "string"}},
            text="absent at first; several are merged",
        ),
        Parameter(
            "limit",
            "query",
            {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": DEFAULT_ROWS},
        ),
    ),
)
def pull() -> Response:
    """Return the rows behind the given cursors."""
    actor = g.actor
    now = clock.now()
    cursors = [text for text in request.args.getlist("cursor") if text]
    page = next_page(_settings().secret_key, actor, cursors, _limit(), now)
    answer = json_response(page.as_json(), now=now)
    if not page.more and not pull_is_noted(db.session(), actor, now):
        note_pull(actor, now)
    return answer


@bp.get("/sync/snapshot")
@requires_token()
@describes(
    "Fetch one scope as a gzipped NDJSON file, in parts if need be",
    tag="sync",
    answers={
        200: Answer("The file", Raw("application/gzip"), {"ETag": "names this very file"}),
        206: Answer("A part of the file", Raw("application/gzip")),
        304: Answer("The file is the one named by If-None-Match"),
        416: Answer("The range lies outside the file", Raw("application/json")),
    },
    errors=("malformed", "not_found"),
    parameters=(
        Parameter("scope", "query", {"type": "string"}, required=True),
        Parameter("Range", "header", {"type": "string"}, text="such as `bytes=65536-`"),
        Parameter("If-Range", "header", {"type": "string"}, text="ETag of the file begun"),
    ),
)
def snapshot() -> Response:
    """Return a whole scope, to begin with or to begin again."""
    settings = _settings()
    scope = request.args.get("scope")
    if not scope:
        raise Malformed("malformed", fields={"scope": [checks.REQUIRED]})
    folder = settings.home / "snapshots"
    path, etag = snapshot_file(
        folder, settings.secret_key, g.actor, scope, clock.now(), request.if_range.etag
    )
    return send_file(path, mimetype="application/gzip", etag=etag, max_age=0)


def _limit() -> int:
    given = request.args.get("limit", str(DEFAULT_ROWS))
    if not given.isascii() or not given.isdigit() or int(given) < 1:
        raise Malformed("malformed", fields={"limit": [checks.NOT_WHOLE]})
    return min(int(given[:9]), MOST_ROWS)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["xuncheng_settings"]
    return settings
