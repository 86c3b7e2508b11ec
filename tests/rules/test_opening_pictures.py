"""Opening photos: real ones are accepted and stand upright, everything else is refused by name."""

import io
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from server.photos.exif import Exif
from server.photos.opening import open_picture
from sync.errors import Refused
from tests.hostile_pictures import NOT_PICTURES, encoded, png_bomb

ZONE = ZoneInfo("Asia/Shanghai")
SAMPLES = Path(__file__).parents[1] / "photos"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


# What the pictures say of themselves; Pillow's own EXIF reader agrees.
FACTS: dict[str, tuple[str, int, int, Exif]] = {
    "gps_DSCN0010.jpg": (
        "image/jpeg",
        640,
        480,
        Exif(
            1,
            _instant("2008-10-22T16:28:39+08:00"),
            43.4674483,
            11.8851267,
            "NIKON",
            "COOLPIX P6000",
        ),
    ),
    "gps_DSCN0012.jpg": (
        "image/jpeg",
        640,
        480,
        Exif(
            1,
            _instant("2008-10-22T16:29:49+08:00"),
            43.4671567,
            11.885395,
            "NIKON",
            "COOLPIX P6000",
        ),
    ),
    "gps_DSCN0021.jpg": (
        "image/jpeg",
        640,
        480,
        Exif(
            1,
            _instant("2008-10-22T16:38:20+08:00"),
            43.4670817,
            11.8845383,
            "NIKON",
            "COOLPIX P6000",
        ),
    ),
    "gps_DSCN0025.jpg": (
        "image/jpeg",
        640,
        480,
        Exif(
            1,
            _instant("2008-10-22T16:43:21+08:00"),
            43.468365,
            11.881635,
            "NIKON",
            "COOLPIX P6000",
        ),
    ),
    "gps_DSCN0027.jpg": (
        "image/jpeg",
        640,
        480,
        Exif(
            1,
            _instant("2008-10-22T16:44:01+08:00"),
            43.4684417,
            11.881515,
            "NIKON",
            "COOLPIX P6000",
        ),
    ),
    "invalid_image01088.jpg": ("image/jpeg", 425, 120, Exif()),
    "no_exif.jpg": ("image/jpeg", 322, 466, Exif()),
    "odd_gps_ifd.jpg": (
        "image/jpeg",
        1600,
        900,
        Exif(
            1,
            _instant("2012-06-23T06:55:49+08:00"),
            None,
            None,
            "Polyphony Digital Inc.",
            "Gran Turismo 5",
        ),
    ),
    "orientation_landscape_1.jpg": ("image/jpeg", 600, 450, Exif(1)),
    "orientation_landscape_3.jpg": ("image/jpeg", 600, 450, Exif(3)),
    "orientation_landscape_6.jpg": ("image/jpeg", 600, 450, Exif(6)),
    "orientation_landscape_8.jpg": ("image/jpeg", 600, 450, Exif(8)),
    "phone_iphone.heic": (
        "image/heic",
        2566,
        3313,
        Exif(
            1,
            _instant("2021-04-11T15:47:53-05:00"),
            39.0513444,
            -94.2887722,
            "Apple",
            "iPhone 11 Pro Max",
        ),
    ),
    "phone_iphone_hdr.jpg": (
        "image/jpeg",
        3264,
        2448,
        Exif(
            1,
            _instant("2015-04-10T20:12:23+08:00"),
            40.4469722,
            -3.7247528,
            "Apple",
            "iPhone 6",
        ),
    ),
    "phone_jolla.jpg": (
        "image/jpeg",
        3264,
        2448,
        Exif(1, _instant("2014-09-21T16:00:56+08:00"), None, None, "Jolla", "Jolla"),
    ),
}


def _sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def _code(data: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        open_picture(data, ZONE)
    return refusal.value.code


# --- pictures


def test_every_sample_has_its_facts_stated() -> None:
    assert set(FACTS) == {path.name for path in SAMPLES.iterdir() if path.suffix != ".md"}


@pytest.mark.parametrize("name", FACTS)
def test_a_real_photo_is_accepted(name: str) -> None:
    kind, width, height, exif = FACTS[name]
    started = time.monotonic()
    picture = open_picture(_sample(name), ZONE)
    assert time.monotonic() - started < 10
    assert (picture.type, picture.width, picture.height) == (kind, width, height)
    assert picture.exif == exif
    for copy, longest in ((picture.screen, 1920), (picture.thumb, 320)):
        with Image.open(io.BytesIO(copy)) as opened:
            assert opened.format == "JPEG"
            assert max(opened.size) == min(longest, max(width, height))
            assert opened.width / opened.height == pytest.approx(width / height, rel=0.01)
            assert not opened.getexif()


@pytest.mark.parametrize("turned", [3, 6, 8])
def test_a_photo_stands_upright_whatever_its_exif_says(turned: int) -> None:
    """The samples show one scene, turned in the file and back by its orientation."""

    def colours(name: str) -> Image.Image:
        with Image.open(io.BytesIO(open_picture(_sample(name), ZONE).screen)) as screen:
            return screen.convert("L").resize((8, 6), Image.Resampling.BOX)

    upright = colours("orientation_landscape_1.jpg").tobytes()
    found = colours(f"orientation_landscape_{turned}.jpg").tobytes()
    assert max(abs(a - b) for a, b in zip(upright, found, strict=True)) < 25


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_orientations_are_undone(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded("JPEG", (80, 40), exif=exif)
    picture = open_picture(data, ZONE)
    assert (picture.width, picture.height) == ((80, 40) if orientation < 5 else (40, 80))
    with Image.open(io.BytesIO(picture.screen)) as screen:
        grey = screen.convert("L").resize((2, 2), Image.Resampling.BOX)
        dark = [index for index, level in enumerate(grey.tobytes()) if level < 100]
    # Indices of the dark half: 0 1 above, 2 3 below. The stored one is left, then it is turned.
    expected = {1: [0, 2], 2: [1, 3], 3: [1, 3], 4: [0, 2], 5: [0, 1], 6: [0, 1], 7: [2, 3]}
    assert dark == expected.get(orientation, [2, 3])


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "L"),
        ("PNG", "1"),
        ("PNG", "I;16"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("HEIF", "RGB"),
    ],
)
def test_every_mode_of_the_formats_becomes_a_plain_copy(kind: str, mode: str) -> None:
    picture = open_picture(encoded(kind, mode=mode), ZONE)
    with Image.open(io.BytesIO(picture.screen)) as screen:
        grey = screen.convert("L")
        assert grey.getpixel((100, 300)) < 30
        assert grey.getpixel((700, 300)) > 225


def test_what_is_transparent_is_white() -> None:
    clear = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(clear, "PNG")
    with Image.open(io.BytesIO(open_picture(clear.getvalue(), ZONE).thumb)) as thumb:
        assert thumb.getpixel((5, 5)) == (255, 255, 255)


# --- what is not a picture


@pytest.mark.parametrize("name", NOT_PICTURES)
def test_another_kind_of_file_is_refused_as_such(name: str) -> None:
    assert _code(NOT_PICTURES[name]) == "photo_wrong_type"


def test_an_empty_file_is_refused_as_such() -> None:
    assert _code(b"") == "photo_empty"


@pytest.mark.parametrize("name", ["gps_DSCN0010.jpg", "phone_jolla.jpg", "phone_iphone.heic"])
@pytest.mark.parametrize("kept", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_photo_is_refused_as_incomplete(name: str, kept: float) -> None:
    data = _sample(name)
    assert _code(data[: int(len(data) * kept)]) == "photo_truncated"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95])
def test_a_cut_picture_of_another_format_is_too(kind: str, kept: float) -> None:
    noise = Image.effect_noise((300, 300), 90)
    target = io.BytesIO()
    noise.save(target, kind)
    data = target.getvalue()
    assert _code(data[: int(len(data) * kept)]) == "photo_truncated"


def test_a_bomb_is_refused_without_unpacking_it() -> None:
    started = time.monotonic()
    assert len(png_bomb()) < 100_000
    assert _code(png_bomb()) == "photo_too_many_pixels"
    assert _code(png_bomb(7200)) == "photo_too_many_pixels"  # under Pillow's own doubled limit
    assert time.monotonic() - started < 2


def test_random_damage_never_ends_in_another_error() -> None:
    data = bytearray(_sample("gps_DSCN0010.jpg"))
    for place in range(0, 12_000, 37):
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        try:
            open_picture(bytes(damaged), ZONE)
        except Refused as refusal:
            assert refusal.code.startswith("photo_")
