"""UUIDv7 ids (RFC 9562 §5.7), made on the device; never used for ordering."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")

_random_bytes: Callable[[int], bytes] = os.urandom


@contextmanager
def random_from(source: Callable[[int], bytes]) -> Iterator[None]:
    """Take the random part of ids from `source` (so many bytes): one seed, the same ids again."""
    global _random_bytes  # noqa: PLW0603  the machine's randomness is one for the process, too
    before, _random_bytes = _random_bytes, source
    try:
        yield
    finally:
        _random_bytes = before


def uuid7(now_ms: int) -> str:
    """Return a new UUIDv7 as 36 lower-case characters.

    `now_ms` is the caller's clock in milliseconds since 1970-01-01 UTC.
    """
    random = int.from_bytes(_random_bytes(10), "big")
    value = (now_ms & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | random & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_uuid(text: object) -> bool:
    """Say whether `text` is a UUID written in canonical lower-case form."""
    return isinstance(text, str) and _UUID.match(text) is not None
