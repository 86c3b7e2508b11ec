"""What a device or an operator may ask without signing in: hello, health, readiness, the API."""

from importlib.metadata import PackageNotFoundError, version

from flask import Blueprint, Flask, Response, current_app
from marshmallow import Schema, fields
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server import clock
from server.accounts.schemas import Envelope
from server.db import db
from server.describe import Answer, describes, openapi_document
from server.photos.store import photo_store
from server.respond import json_response
from sync.errors import XunchengError
from sync.messages import (
    MAX_HAVE,
    MAX_PHOTO_BYTES,
    MAX_PUSH_BYTES,
    MAX_PUSH_CHANGES,
    PROTOCOL,
)

OLDEST_APP = "1.0.0"
LIMITS = {
    "push_changes": MAX_PUSH_CHANGES,
    "push_bytes": MAX_PUSH_BYTES,
    "photo_bytes": MAX_PHOTO_BYTES,
    "have": MAX_HAVE,
}

bp = Blueprint("health", __name__)


class HelloAnswer(Envelope):
    protocols = fields.List(fields.Integer(), required=True)
    min_app_version = fields.String(required=True)
    limits = fields.Nested(
        Schema.from_dict({name: fields.Integer(required=True) for name in LIMITS}, name="Limits"),
        required=True,
    )


class OpenApiAnswer(Schema):
    openapi = fields.String(required=True)
    info = fields.Dict(required=True)
    paths = fields.Dict(required=True)
    components = fields.Dict()
    tags = fields.List(fields.Dict())


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/api/v1/hello")
@describes(
    "Ask what this server speaks, and its limits",
    tag="service",
    answers={200: Answer("Protocols, the oldest app it takes, limits", HelloAnswer)},
    signed_in=False,
)
def hello() -> Response:
    """Tell a device whether it can talk with this server, before anybody signs in."""
    body = {"protocols": [PROTOCOL], "min_app_version": OLDEST_APP, "limits": LIMITS}
    return json_response(body, now=clock.now())


@bp.get("/api/v1/openapi.json")
@describes(
    "Fetch this document",
    tag="service",
    answers={200: Answer("OpenAPI 3", OpenApiAnswer)},
    signed_in=False,
)
def openapi() -> Response:
    """Describe the API as it is running."""
    document = openapi_document(current_app, _version())  # type: ignore[arg-type]
    return json_response(document, now=clock.now())


@bp.get("/healthz")
def healthz() -> Response:
    """Say that the process is up; asks nothing of anybody else."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def readyz() -> Response:
    """Say whether database and photo store can be reached: 200, or 503 naming which cannot."""
    missing = [
        name for name, works in (("database", _database), ("photos", _photos)) if not works()
    ]
    now = clock.now()
    if not missing:
        return json_response({"ready": True}, now=now)
    return json_response({"ready": False, "missing": missing}, 503, now=now)


def _database() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return True


def _photos() -> bool:
    try:
        photo_store().check()
    except (OSError, XunchengError):
        return False
    return True


def _version() -> str:
    try:
        return version("xuncheng")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return OLDEST_APP
