"""What tus 1.0.0 requests say in their headers, parsed. Pure: no request, no clock.

https://tus.io/protocols/resumable-upload: core, creation, creation-with-upload, checksum,
termination and expiration. Header names stand as fields in the errors.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import Headers

from sync.checks import NOT_SHA256, is_sha256
from sync.errors import Malformed, Refused
from sync.messages import MAX_PHOTO_BYTES

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "checksum", "termination", "expiration")
CHECKSUMS = ("sha1", "sha256", "md5")
PIECE_TYPE = "application/offset+octet-stream"

NOT_A_SIZE = "应为不小于零的整数"
NO_DEFERRED_LENGTH = "创建上传时必须给出文件大小（Upload-Length）"
NO_CONCATENATION = "不支持拼接上传"
NOT_METADATA = "应为“名称 base64值”，以逗号分隔"
NOT_CHECKSUM = "应为“算法 base64值”，算法为 sha1、sha256 或 md5"
NOT_PIECE_TYPE = "内容类型应为 application/offset+octet-stream"
NO_ENCODING = "照片分片不能再压缩"
NOT_A_METHOD = "应为 PATCH、HEAD 或 DELETE"
MESSAGES = (
    NOT_A_SIZE,
    NO_DEFERRED_LENGTH,
    NO_CONCATENATION,
    NOT_METADATA,
    NOT_CHECKSUM,
    NOT_PIECE_TYPE,
    NO_ENCODING,
    NOT_A_METHOD,
)

_NUMBER = re.compile(r"[0-9]{1,18}")
_NAME_LENGTH, _TYPE_LENGTH = 256, 64


@dataclass(frozen=True)
class Creation:
    """What an upload is going to be. All but `length` (bytes) may be missing."""

    length: int
    sha256: str | None = None
    filename: str | None = None
    filetype: str | None = None


@dataclass(frozen=True)
class Checksum:
    """The hash that one piece must have."""

    algorithm: str
    digest: bytes

    def start(self) -> Any:
        """Return a fresh hash object of the algorithm."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


def read_version(headers: Headers) -> None:
    """Raise `Refused("unsupported_tus")` unless the request speaks tus 1.0.0."""
    if headers.get("Tus-Resumable") != VERSION:
        raise Refused("unsupported_tus")


def read_creation(headers: Headers) -> Creation:
    """Return what is to be uploaded.

    Raises `malformed`, `photo_empty`, `photo_too_large` before anything has been stored.
    """
    if "Upload-Defer-Length" in headers:
        raise _malformed("Upload-Defer-Length", NO_DEFERRED_LENGTH)
    if "Upload-Concat" in headers:
        raise _malformed("Upload-Concat", NO_CONCATENATION)
    if "Upload-Length" not in headers:
        raise _malformed("Upload-Length", NO_DEFERRED_LENGTH)
    length = _number(headers, "Upload-Length")
    if length == 0:
        raise Refused("photo_empty")
    if length > MAX_PHOTO_BYTES:
        raise Refused("photo_too_large")
    said = _metadata(headers.get("Upload-Metadata", ""))
    return Creation(
        length,
        _hash(said.get("sha256")),
        file_label(said.get("filename")),
        type_label(said.get("filetype")),
    )


def read_offset(headers: Headers) -> int:
    """Return the place of a piece in bytes. Raises `malformed`."""
    return _number(headers, "Upload-Offset")


def read_piece_type(headers: Headers) -> None:
    """Raise `Refused("unsupported_type")` unless the body is a bare piece."""
    given = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if given != PIECE_TYPE:
        raise Refused("unsupported_type", fields={"Content-Type": [NOT_PIECE_TYPE]})
    if headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Refused("unsupported_type", fields={"Content-Encoding": [NO_ENCODING]})


def read_checksum(headers: Headers) -> Checksum | None:
    """Return the hash that the piece claims, or None. Raises `malformed`."""
    text = headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _, value = text.strip().partition(" ")
    algorithm = algorithm.lower()
    digest = _base64(value.strip())
    if algorithm not in CHECKSUMS or digest is None:
        raise _malformed("Upload-Checksum", NOT_CHECKSUM)
    checksum = Checksum(algorithm, digest)
    if len(digest) != checksum.start().digest_size:
        raise _malformed("Upload-Checksum", NOT_CHECKSUM)
    return checksum


def write_metadata(creation: Creation) -> str:
    """Return `creation` as an Upload-Metadata header; empty when nothing was said."""
    said = {
        "sha256": creation.sha256,
        "filename": creation.filename,
        "filetype": creation.filetype,
    }
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}"
        for key, value in said.items()
        if value is not None
    )


def _malformed(header: str, message: str) -> Malformed:
    return Malformed("malformed", fields={header: [message]})


def _number(headers: Headers, header: str) -> int:
    text = headers.get(header, "")
    if _NUMBER.fullmatch(text) is None:
        raise _malformed(header, NOT_A_SIZE)
    return int(text)


def _metadata(text: str) -> dict[str, str]:
    said: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = pair.partition(" ")
        decoded = _base64(value.strip())
        if decoded is None or key in said:
            raise _malformed("Upload-Metadata", NOT_METADATA)
        said[key] = decoded.decode("utf-8", errors="replace")
    return said


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _hash(text: str | None) -> str | None:
    if not text:
        return None
    if not is_sha256(text.lower()):
        raise _malformed("Upload-Metadata", NOT_SHA256)
    return text.lower()


def file_label(text: str | None) -> str | None:
    """Return the last part of a file name, without control characters. It never names a file."""
    last = re.split(r"[/\\]", text or "")[-1]
    return "".join(letter for letter in last if letter.isprintable())[:_NAME_LENGTH] or None


def type_label(text: str | None) -> str | None:
    """Return a claimed media type, without control characters. It is never believed."""
    return "".join(letter for letter in text or "" if letter.isprintable())[:_TYPE_LENGTH] or None
