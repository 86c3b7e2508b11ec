"""`POST /api/v1/sync/push`."""

from flask import Blueprint, Flask, Response, g

from server import clock
from server.accounts.auth import requires_token
from server.describe import Answer, describes
from server.ingest.envelope import read_push
from server.ingest.push import receive
from server.ingest.schemas import PushAnswer, PushBody
from server.metrics import count_receipts
from server.receive import request_json
from server.respond import json_response
from sync.messages import MAX_PUSH_BYTES

bp = Blueprint("ingest", __name__, url_prefix="/api/v1")


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.post("/sync/push")
@requires_token()
@describes(
    "Send changes and get a receipt for each",
    tag="sync",
    body=PushBody,
    answers={200: Answer("A receipt per change, in their order", PushAnswer)},
    errors=("malformed", "out_of_range", "not_allowed", "too_large", "unsupported_type"),
)
def push() -> Response:
    """Take in changes. What is absent from the answer has not been acknowledged."""
    actor = g.actor
    now = clock.now()
    sent = read_push(request_json(MAX_PUSH_BYTES))
    receipts = receive(actor, sent, now, former_areas=g.former_areas)
    count_receipts(receipts)
    body = {"receipts": [receipt.as_json() for receipt in receipts]}
    return json_response(body, now=now)
