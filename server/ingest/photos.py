"""Asking which photos are held, and reading them (`docs/photos.md`)."""

from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Flask, Response, g, request
from marshmallow import Schema, fields

from server import clock
from server.accounts.auth import requires_token
from server.accounts.schemas import Envelope
from server.cases.photo_access import may_see
from server.cases.publishing import refresh_photos
from server.db import db
from server.describe import Answer, Parameter, Raw, describes
from server.errors import error_json
from server.ingest.taking_in import photos_of_waiting
from server.photos.holdings import holdings
from server.photos.serving import ORIGINAL, SIZES, photo_response
from server.receive import request_loaded
from server.respond import json_response
from sync.checks import is_sha256
from sync.errors import Refused
from sync.fields import Several, Sha256
from sync.messages import MAX_HAVE
from sync.schemas import StrictSchema

bp = Blueprint("photos", __name__, url_prefix="/api/v1/photos")


@dataclass(frozen=True)
class Have:
    sha256: tuple[str, ...]


class HaveSchema(StrictSchema):
    makes = Have
    sha256 = Several(Sha256(required=True), most=MAX_HAVE, required=True)


class RefusedPhoto(Schema):
    sha256 = fields.String(required=True)
    error = fields.Dict(required=True)


class HaveAnswer(Envelope):
    verified = fields.List(fields.String(), required=True)
    refused = fields.List(fields.Nested(RefusedPhoto), required=True)
    missing = fields.List(fields.String(), required=True)
    inspecting = fields.List(fields.String(), required=True)


_HAVE = HaveSchema()


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.post("/have")
@requires_token()
@describes(
    "Ask which of one's photos the server holds",
    tag="photos",
    body=HaveSchema,
    answers={200: Answer("Each hash by its state", HaveAnswer)},
    errors=("malformed", "too_large", "unsupported_type"),
)
def have() -> Response:
    """Say which photos are held, refused or missing."""
    given = cast(Have, request_loaded(_HAVE))
    now = clock.now()
    waiting = photos_of_waiting(db.session(), g.actor.person_id)
    found = holdings(g.actor, given.sha256, now, refresh_photos, waiting)
    refused = [
        {"sha256": sha256, "error": error_json(Refused(code))}
        for sha256, code in found.refused.items()
    ]
    body = {"verified": found.verified, "refused": refused, "missing": found.missing}
    return json_response(body | {"inspecting": found.inspecting}, now=now)


@bp.get("/<sha256>")
@requires_token()
@describes(
    "Read a photo",
    tag="photos",
    answers={
        200: Answer("The photo", Raw("image/*"), {"ETag": "never changes for one address"}),
        206: Answer("The range of the original that was asked for", Raw("image/*")),
        304: Answer("The copy that the caller has is still good"),
    },
    errors=(
        "not_found",
        "invalid",
        "photo_wrong_type",
        "photo_truncated",
        "photo_too_many_pixels",
        "photo_unreadable",
    ),
    parameters=(
        Parameter("size", "query", {"type": "string", "enum": [*SIZES, ORIGINAL]}),
        Parameter("Range", "header", {"type": "string"}, text="originals only"),
    ),
)
def read(sha256: str) -> Response:
    """Give a photo that a visible record names: `screen` when no size is said."""
    if not is_sha256(sha256) or not may_see(db.session(), g.actor, sha256):
        raise Refused("not_found")
    size = request.args.get("size", "screen")
    return photo_response(sha256, size, g.actor, clock.now(), refresh_photos)
