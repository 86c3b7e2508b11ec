"""Photo uploads by tus 1.0.0 (`docs/photos.md`): each request is checked whole, then handed on."""

from contextlib import suppress

from flask import Blueprint, Flask, Response, current_app, g, request, url_for
from werkzeug.http import http_date

from server import clock
from server.accounts.auth import requires_token
from server.cases.publishing import refresh_photos
from server.config import Settings
from server.describe import Answer, Parameter, Raw, describes
from server.photos import tus
from server.photos.store import photo_store
from server.photos.uploads import (
    Piece,
    Place,
    Progress,
    create_upload,
    end_upload,
    find_upload,
    receive,
    receive_whole,
)
from sync.errors import Malformed, Refused, XunchengError
from sync.messages import MAX_PHOTO_BYTES

bp = Blueprint("photo_uploads", __name__, url_prefix="/api/v1/photos/uploads")

_PIECE = Raw(tus.PIECE_TYPE)
_VERSION = Parameter("Tus-Resumable", "header", {"type": "string", "enum": [tus.VERSION]}, True)
_NUMBER = {"type": "integer", "minimum": 0}
_CHECKSUM = Parameter("Upload-Checksum", "header", {"type": "string"}, text="`sha256 <base64>`")
_LENGTH = Parameter(
    "Upload-Length", "header", {**_NUMBER, "minimum": 1, "maximum": MAX_PHOTO_BYTES}, required=True
)
_METADATA = Parameter("Upload-Metadata", "header", {"type": "string"}, text="sha256, filename, …")
_OFFSET = Parameter("Upload-Offset", "header", _NUMBER, required=True)
_GONE = ("not_found", "upload_expired", "unsupported_tus")
_ON_PIECE = (
    "malformed",
    "too_large",
    "unsupported_type",
    "checksum_mismatch",
    "photo_hash_mismatch",
    "offset_mismatch",
    "upload_busy",
)
_PROGRESS = {
    "Upload-Offset": "bytes that are durable",
    "Upload-Expires": "when an unfinished upload is forgotten",
    "Photo-Sha256": "hash of the photo, once all of it is held",
}


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.after_request
def _speak_tus(response: Response) -> Response:
    response.headers["Tus-Resumable"] = tus.VERSION
    if response.status_code == 412:
        response.headers["Tus-Version"] = tus.VERSION
    return response


@bp.route("", methods=["OPTIONS"], provide_automatic_options=False)
@bp.route("/<uuid:upload_id>", methods=["OPTIONS"], provide_automatic_options=False)
@requires_token()
def capabilities(upload_id: object = None) -> Response:
    """Say what this server can do with uploads."""
    del upload_id  # the same for all of them
    response = Response(status=204)
    response.headers["Tus-Version"] = tus.VERSION
    response.headers["Tus-Extension"] = ",".join(tus.EXTENSIONS)
    response.headers["Tus-Max-Size"] = str(MAX_PHOTO_BYTES)
    response.headers["Tus-Checksum-Algorithm"] = ",".join(tus.CHECKSUMS)
    return response


@bp.post("")
@requires_token()
@describes(
    "Open the upload of a photo, with its first bytes or without",
    tag="photos",
    body=None,
    answers={201: Answer("Opened", headers={"Location": "address of the upload", **_PROGRESS})},
    errors=(*_ON_PIECE, "unsupported_tus", "photo_empty", "photo_too_large"),
    parameters=(_VERSION, _LENGTH, _METADATA, _CHECKSUM),
)
def create() -> Response:
    """Open an upload; a body, when there is one, is its first piece."""
    tus.read_version(request.headers)
    creation = tus.read_creation(request.headers)
    piece = _first_piece(creation.length)
    now = clock.now()
    if piece is not None and piece.size == creation.length:
        progress = receive_whole(_place(), g.actor, creation, piece, now, refresh_photos)
    else:
        progress = create_upload(g.actor, creation, now)
    if piece is not None and not progress.done:
        progress = _first_bytes(progress, piece)
    response = _answer(progress, 201)
    response.headers["Location"] = url_for(".append", upload_id=progress.id)
    return response


@bp.route("/<uuid:upload_id>", methods=["HEAD"])
@requires_token()
@describes(
    "Ask how much of an upload is durable",
    tag="photos",
    method="HEAD",
    answers={200: Answer("So much", headers={**_PROGRESS, "Upload-Length": "bytes in all"})},
    errors=_GONE,
    parameters=(_VERSION,),
)
def state(upload_id: object) -> Response:
    """Tell from where to go on."""
    tus.read_version(request.headers)
    return _state(str(upload_id))


@bp.patch("/<uuid:upload_id>")
@requires_token()
@describes(
    "Send the next bytes of an upload",
    tag="photos",
    body=_PIECE,
    answers={204: Answer("Taken, and durable", headers=_PROGRESS)},
    errors=(*_GONE, *_ON_PIECE),
    parameters=(_VERSION, _OFFSET, _CHECKSUM),
)
def append(upload_id: object) -> Response:
    """Take a piece at its offset."""
    tus.read_version(request.headers)
    return _append(str(upload_id))


@bp.delete("/<uuid:upload_id>")
@requires_token()
@describes(
    "Give an upload up",
    tag="photos",
    answers={204: Answer("Forgotten; a photo that was complete stays")},
    errors=(*_GONE, "upload_busy"),
    parameters=(_VERSION,),
)
def end(upload_id: object) -> Response:
    """Forget an upload."""
    tus.read_version(request.headers)
    return _end(str(upload_id))


@bp.post("/<uuid:upload_id>")
@requires_token()
@describes(
    "The other methods, for clients that can only POST (`X-HTTP-Method-Override`)",
    tag="photos",
    body=_PIECE,
    answers={
        200: Answer("As HEAD", headers=_PROGRESS),
        204: Answer("As PATCH or DELETE", headers=_PROGRESS),
    },
    errors=(*_GONE, *_ON_PIECE),
    parameters=(
        _VERSION,
        Parameter(
            "X-HTTP-Method-Override",
            "header",
            {"type": "string", "enum": ["PATCH", "HEAD", "DELETE"]},
            required=True,
        ),
        Parameter("Upload-Offset", "header", _NUMBER),
        _CHECKSUM,
    ),
)
def overridden(upload_id: object) -> Response:
    """Do what the override says."""
    tus.read_version(request.headers)
    meant = {"PATCH": _append, "HEAD": _state, "DELETE": _end}
    method = request.headers.get("X-HTTP-Method-Override", "").upper()
    if method not in meant:
        raise Malformed("malformed", fields={"X-HTTP-Method-Override": [tus.NOT_A_METHOD]})
    return meant[method](str(upload_id))


def _append(upload_id: str) -> Response:
    tus.read_piece_type(request.headers)
    return _answer(_receive(upload_id, _piece(tus.read_offset(request.headers))), 204)


def _state(upload_id: str) -> Response:
    found = find_upload(g.actor, upload_id, clock.now())
    response = _answer(found, 200)
    response.headers["Upload-Length"] = str(found.length)
    said = tus.write_metadata(
        tus.Creation(found.length, found.sha256, found.filename, found.filetype)
    )
    if said:
        response.headers["Upload-Metadata"] = said
    return response


def _end(upload_id: str) -> Response:
    end_upload(_place(), g.actor, upload_id, clock.now())
    return Response(status=204)


def _receive(upload_id: str, piece: Piece) -> Progress:
    return receive(_place(), g.actor, upload_id, piece, clock.now(), refresh_photos)


def _first_bytes(progress: Progress, piece: Piece) -> Progress:
    try:
        return _receive(progress.id, piece)
    except XunchengError:
        # Nobody has been told its address: what cannot go on must not lie about.
        with suppress(XunchengError):
            end_upload(_place(), g.actor, progress.id, clock.now())
        raise


def _place() -> Place:
    settings: Settings = current_app.extensions["xuncheng_settings"]
    return Place(settings.home / "uploads", photo_store())


def _piece(offset: int) -> Piece:
    checksum = tus.read_checksum(request.headers)
    return Piece(offset, request.stream, request.content_length, checksum)


def _first_piece(length: int) -> Piece | None:
    """Return the piece in the body of a creation, or None when it has none."""
    if not request.content_length and "Transfer-Encoding" not in request.headers:
        return None
    tus.read_piece_type(request.headers)
    piece = _piece(0)
    if piece.size is not None and piece.size > length:
        raise Refused("too_large")
    return piece


def _answer(progress: Progress, status: int) -> Response:
    response = Response(status=status)
    response.headers["Upload-Offset"] = str(progress.offset)
    response.headers["Upload-Expires"] = http_date(progress.expires_at)
    response.headers["Cache-Control"] = "no-store"
    if progress.done and progress.sha256:
        response.headers["Photo-Sha256"] = progress.sha256
    return response
