"""The digest by which device and server compare one scope without sending it.

Sum modulo 2^256 of SHA-256(entity \\n id \\n version) over the live rows, as 64 hex digits
(`docs/protocol.md`, Pull).
"""

import hashlib
from collections.abc import Iterable

_MODULUS = 1 << 256


def row_digest(entity: str, row_id: str, version: int) -> int:
    """Return the share of one live row as an integer below 2^256."""
    text = f"{entity}\n{row_id}\n{version}".encode()
    return int.from_bytes(hashlib.sha256(text).digest(), "big")


def add(total: int, share: int) -> int:
    return (total + share) % _MODULUS


def subtract(total: int, share: int) -> int:
    return (total - share) % _MODULUS


def as_hex(total: int) -> str:
    return f"{total:064x}"


def scope_digest(rows: Iterable[tuple[str, str, int]]) -> str:
    """Return the digest of (entity, id, version) rows as 64 hex digits."""
    return as_hex(sum(row_digest(*row) for row in rows) % _MODULUS)
