"""EXIF is read in bounded time, whatever the bytes are; what it says is true or unknown."""

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from server.photos.exif import Exif, read_exif
from tests.hostile_pictures import entry, exif_block

ZONE = ZoneInfo("Asia/Shanghai")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_directory_that_points_into_itself_is_read_once() -> None:
    loop = exif_block(entry(0x8769, 4, 1, 8) + entry(0x8825, 4, 1, 8) + b"\x08\x00\x00\x00", 2)
    assert read_exif(loop, ZONE) == Exif()


def test_a_count_of_billions_costs_nothing() -> None:
    started = time.monotonic()
    for kind in range(14):
        block = exif_block(entry(0x010F, kind, 0xFFFFFFFF, 8), 0xFFFF)
        assert read_exif(block, ZONE) == Exif()
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "block", [b"", b"Exif\x00\x00", b"II*\x00", b"MM\x00*\xff\xff\xff\xff", b"Exif\x00\x00II"]
)
def test_a_broken_block_says_nothing(block: bytes) -> None:
    assert read_exif(block, ZONE) == Exif()


def _with_position(lat, lon, sides: str = "NE") -> bytes:
    exif = Image.Exif()
    exif[0x8825] = {1: sides[0], 2: lat, 3: sides[1], 4: lon}
    return exif.tobytes()


@pytest.mark.parametrize(
    ("lat", "lon", "sides", "place"),
    [
        ((27, 6, 49.68), (114, 59, 11.04), "NE", (27.1138, 114.9864)),
        ((27, 6, 49.68), (114, 59, 11.04), "SW", (-27.1138, -114.9864)),
        ((0, 0, 0), (0, 0, 0), "NE", (None, None)),
        ((95, 0, 0), (114, 0, 0), "NE", (None, None)),
        ((27, 0, 0), (181, 0, 0), "NE", (None, None)),
        ((27, 0, 0), (114, 0, 0), "XE", (None, None)),
        ((IFDRational(0, 0), 0, 0), (114, 0, 0), "NE", (None, None)),
    ],
)
def test_a_position_is_true_or_unknown(lat, lon, sides, place) -> None:
    found = read_exif(_with_position(lat, lon, sides), ZONE)
    assert (found.lat, found.lon) == (pytest.approx(place[0], abs=1e-5), pytest.approx(place[1]))


@pytest.mark.parametrize(
    ("written", "offset", "instant"),
    [
        ("2026:09:18 16:30:00", None, "2026-09-18T16:30:00+08:00"),
        ("2026:09:18 16:30:00", "+00:00", "2026-09-18T16:30:00+00:00"),
        ("2026:09:18 16:30:00", "-05:30", "2026-09-18T16:30:00-05:30"),
        ("2026:09:18 16:30:00", "+99:99", "2026-09-18T16:30:00+08:00"),
        ("0000:00:00 00:00:00", None, None),
        ("2026:13:40 16:30:00", None, None),
        ("    :  :     :  :  ", None, None),
        ("0001:01:01 00:00:00", "+14:00", None),
    ],
)
def test_a_capture_time_is_true_or_unknown(written, offset, instant) -> None:
    exif = Image.Exif()
    exif[0x8769] = {0x9003: written} | ({0x9011: offset} if offset else {})
    found = read_exif(exif.tobytes(), ZONE).taken_at
    assert found == (_instant(instant) if instant else None)
