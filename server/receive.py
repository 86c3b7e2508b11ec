"""Reading the bodies of requests: bounded, gzip or plain, JSON only."""

import zlib

import orjson
from flask import request
from marshmallow import Schema

from sync.errors import Malformed, Refused
from sync.messages import Json
from sync.schemas import load

_PIECE = 65_536


def request_json(most_bytes: int) -> Json:
    """Return the request's JSON object, of at most `most_bytes` once unpacked.

    Raises `too_large`, `unsupported_type` (a Content-Encoding other than gzip), `malformed`.
    """
    try:
        found = orjson.loads(request_bytes(most_bytes))
    except orjson.JSONDecodeError as error:
        raise Malformed("malformed", detail=str(error)) from None
    if not isinstance(found, dict):
        raise Malformed("malformed", fields={"": ["应为对象"]})
    return found


def request_loaded(schema: Schema, most_bytes: int = _PIECE) -> object:
    """Return the request's JSON loaded by `schema`. Raises as `request_json`, and `malformed`."""
    return load(schema, request_json(most_bytes))


def request_bytes(most: int) -> bytes:
    """Return the request's body, unpacked. A bomb is given up at `most` bytes, not after it."""
    if (request.content_length or 0) > most:
        raise Refused("too_large")
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        body = request.stream.read(most + 1)
        if len(body) > most:
            raise Refused("too_large")
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise Refused("unsupported_type")
    return _unpack(most)


def _unpack(most: int) -> bytes:
    inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    unpacked = bytearray()
    try:
        while piece := request.stream.read(_PIECE):
            unpacked += inflate.decompress(piece, most + 1 - len(unpacked))
            if len(unpacked) > most or inflate.unconsumed_tail:
                raise Refused("too_large")
    except zlib.error as error:
        raise Malformed("malformed", detail=f"gzip: {error}") from None
    if not inflate.eof or inflate.unused_data:
        raise Malformed("malformed", detail="gzip: cut short, or more than one member")
    return bytes(unpacked)
