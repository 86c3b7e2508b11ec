"""Photos for pages: the sizes and the original, for whoever may read a case that names them."""

from flask import Response

from server import clock
from server.cases.photo_access import may_see
from server.cases.publishing import refresh_photos
from server.console.blueprint import bp
from server.console.visitor import requires, visitor
from server.db import db
from server.photos.serving import photo_response
from sync.errors import Refused


@bp.get("/photos/<sha256>/<size>")
@requires()
def photo(sha256: str, size: str) -> Response:
    """Answer with a photo as `thumb`, `screen` or `original`."""
    if not may_see(db.session(), visitor(), sha256):
        raise Refused("not_found")
    return photo_response(sha256, size, visitor(), clock.now(), refresh_photos)
