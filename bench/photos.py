"""Photos: how fast the server takes them in, hashed and on disk."""

import hashlib
import os
import time
from functools import partial

from bench.figures import Figure
from bench.phones import Phone, all_at_once
from bench.stage import stage

CLIENTS = 8
PHOTOS_EACH = 20
PHOTO_BYTES = 3_000_000


def measure_photos() -> list[Figure]:
    """Upload 160 photos of 3 MB from 8 clients: each is hashed, fsynced and verified."""
    with stage() as place:
        phones = [Phone(place.port, f"officer{1 + number}") for number in range(CLIENTS)]
        work = [(phone, [_photo() for _ in range(PHOTOS_EACH)]) for phone in phones]
        _, seconds = all_at_once([partial(_upload, *pair) for pair in work])
    megabytes = CLIENTS * PHOTOS_EACH * PHOTO_BYTES / 1e6
    return [
        Figure("photos, hashed and fsynced, 8 clients", megabytes / seconds, "MB/s", "200 MB/s")
    ]


def _photo() -> tuple[bytes, str]:
    """Return bytes that begin as a JPEG does, all different, and their hash."""
    data = b"\xff\xd8\xff\xe0" + os.urandom(PHOTO_BYTES - 4)
    return data, hashlib.sha256(data).hexdigest()


def _upload(phone: Phone, photos: list[tuple[bytes, str]]) -> float:
    started = time.perf_counter()
    for data, sha256 in photos:
        phone.upload(data, sha256)
    return time.perf_counter() - started
