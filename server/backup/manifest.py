"""What a backup holds: `manifest.json`, written last, so that a backup without it is not whole."""

from dataclasses import dataclass
from typing import Any

import orjson

from sync.errors import XunchengError

FORMAT = 1
NAME = "manifest.json"


@dataclass(frozen=True)
class Piece:
    """A file of the backup: its name there, SHA-256 (64 hex) and size in bytes."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """`photos` are originals, named by their hash.

    `missing`: hashes of photos that the database calls verified and the store did not have whole.
    `with_photos` is False when the photos were left to the store's own backup.
    """

    made_at: str
    kind: str  # sqlite | postgresql
    revision: str
    epoch: str
    database: Piece
    secret: Piece | None
    photos: tuple[Piece, ...]
    missing: tuple[str, ...]
    with_photos: bool

    def as_bytes(self) -> bytes:
        shape: dict[str, Any] = {"format": FORMAT} | vars(self)
        shape["database"] = vars(self.database)
        shape["secret"] = vars(self.secret) if self.secret else None
        shape["photos"] = [vars(photo) for photo in self.photos]
        return orjson.dumps(shape, option=orjson.OPT_INDENT_2)


def read_manifest(text: bytes) -> Manifest:
    """Return a manifest. Raises `XunchengError("backup_damaged")` for what is none of ours."""
    try:
        shape = orjson.loads(text)
        if shape.pop("format") != FORMAT:
            raise XunchengError("backup_damaged", detail="made by another version of the program")
        shape["database"] = Piece(**shape["database"])
        shape["secret"] = Piece(**shape["secret"]) if shape["secret"] else None
        shape["photos"] = tuple(Piece(**photo) for photo in shape["photos"])
        shape["missing"] = tuple(shape["missing"])
        return Manifest(**shape)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise XunchengError("backup_damaged", detail=f"{NAME}: {error}") from error
