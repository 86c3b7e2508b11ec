"""Cursors: how far a device has come in each scope, as one opaque signed text (pure).

A device may give several, one per snapshot it has loaded; of a scope that stands in two of them the
earlier place counts, because a row sent twice does no harm and a row left out does.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from sync.errors import Refused

_SIGNATURE = 16  # bytes
_LONGEST = 65_536


@dataclass(frozen=True)
class Cursor:
    """The epoch that the places belong to, and the last number seen per scope."""

    epoch: str
    places: dict[str, int]


def write_cursor(secret: str, cursor: Cursor) -> str:
    """Return `cursor` as text for a URL."""
    body = orjson.dumps([cursor.epoch, cursor.places])
    return base64.urlsafe_b64encode(_sign(secret, body) + body).decode().rstrip("=")


def read_cursor(secret: str, text: str) -> Cursor:
    """Return what `text` says. Raises `Refused("bad_cursor")` when we did not write it."""
    if len(text) > _LONGEST or not text.isascii():
        raise Refused("bad_cursor")
    try:
        signed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Refused("bad_cursor") from None
    signature, body = signed[:_SIGNATURE], signed[_SIGNATURE:]
    if not hmac.compare_digest(signature, _sign(secret, body)):
        raise Refused("bad_cursor")
    epoch, places = orjson.loads(body)
    return Cursor(epoch, places)


def merge_cursors(secret: str, texts: Sequence[str], epoch: str) -> dict[str, int]:
    """Return the place per scope that the cursors together stand for.

    Raises `bad_cursor`, and `epoch_changed` when one is of another stretch of history.
    """
    places: dict[str, int] = {}
    for text in texts:
        cursor = read_cursor(secret, text)
        if cursor.epoch != epoch:
            raise Refused("epoch_changed")
        for scope, seq in cursor.places.items():
            places[scope] = min(seq, places.get(scope, seq))
    return places


def _sign(secret: str, body: bytes) -> bytes:
    return hmac.new(b"cursor:" + secret.encode(), body, hashlib.sha256).digest()[:_SIGNATURE]
