"""JSON answers. Every one carries `server_time` and `epoch` (`docs/protocol.md`)."""

from datetime import datetime
from typing import Any

import orjson
from flask import Response

from server.feed.epoch import current_epoch


def json_response(body: dict[str, Any], status: int = 200, *, now: datetime) -> Response:
    """Return `body` in the envelope; `now` is the instant that the answer speaks for."""
    envelope = {"server_time": now.isoformat(timespec="milliseconds"), "epoch": current_epoch()}
    return Response(orjson.dumps(body | envelope), status, mimetype="application/json")
