"""Pictures with Pillow: what a file is, and small upright copies of it.

Originals are only ever read. Where a picture cannot be opened (HEIC without pillow-heif, a
damaged file) the functions say so with False; the evidence itself is kept all the same.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from mobile.store.sealing import Seal, SealedWriter, open_file
from sync.captions import Band
from sync.errors import Refused

try:
    from pillow_heif import register_heif_opener
except ImportError:  # there is no recipe for it on the phone
    HEIC_OPENS = False
else:
    register_heif_opener()
    HEIC_OPENS = True

EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/heic": ".heic",
}
THUMB_PX = 256
SCREEN_PX = 1600
MOST_PIXELS = 50_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", *(("HEIF",) if HEIC_OPENS else ()))
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_FIRST_BYTES = 32


def media_type(picture: Path) -> str:
    """Return the media type by the file's first bytes, whatever its name says.

    Raises `Refused("photo_empty")` or `Refused("photo_wrong_type")`.
    """
    with picture.open("rb") as file:
        start = file.read(_FIRST_BYTES)
    if not start:
        raise Refused("photo_empty", detail=picture.name)
    if start.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "image/webp"
    if start[4:8] == b"ftyp" and start[8:12] in _HEIC_BRANDS:
        return "image/heic"
    raise Refused("photo_wrong_type", detail=picture.name)


def make_thumb(original: Path, target: Path, seal: Seal | None = None) -> bool:
    """Write an upright JPEG of at most 256 px; a named stand-in when it cannot be opened."""
    if _shrink(original, target, THUMB_PX, 80, seal):
        return True
    stand_in = Image.new("RGB", (THUMB_PX, THUMB_PX), (226, 232, 240))
    draw = ImageDraw.Draw(stand_in)
    draw.text((THUMB_PX / 2, THUMB_PX / 2), original.suffix[1:].upper(), (71, 85, 105), anchor="mm")
    _save(stand_in, target, 80, seal)
    return False


def make_screen(original: Path, target: Path, seal: Seal | None = None) -> bool:
    """Write an upright JPEG of at most 1600 px; return False when it cannot be opened."""
    return _shrink(original, target, SCREEN_PX, 85, seal)


def make_marked(
    screen: Path, target: Path, lines: Sequence[str], font: Path, seal: Seal | None = None
) -> None:
    """Write a copy of the screen picture with `lines` on a dark band at its foot."""
    with open_file(screen) as file, Image.open(file) as opened:
        picture = opened.convert("RGB")
    band = Band.under(picture.width, picture.height, len(lines))
    face = ImageFont.truetype(str(font), band.text_px)
    overlay = Image.new("RGBA", (picture.width, band.height_px), (15, 23, 42, 150))
    draw = ImageDraw.Draw(overlay)
    for place, line in enumerate(lines):
        draw.text((band.text_px, band.top_of(place)), line, (255, 255, 255, 255), face)
    picture.paste(overlay, (0, picture.height - band.height_px), overlay)
    _save(picture, target, 85, seal)


def _shrink(original: Path, target: Path, longest: int, quality: int, seal: Seal | None) -> bool:
    try:
        with _opened(original) as opened:
            opened.draft("RGB", (longest, longest))
            opened.thumbnail((longest, longest))
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False
    _save(upright, target, quality, seal)
    return True


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture of the formats we know, refusing one that is too large to be a photo."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with open_file(path) as file, Image.open(file, formats=_FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise Image.DecompressionBombError(f"{opened.size}")
            yield opened


def _save(picture: Image.Image, target: Path, quality: int, seal: Seal | None) -> None:
    """Write the whole file or none: a copy cut short by a kill must not be shown."""
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    packed = BytesIO()
    picture.save(packed, "JPEG", quality=quality)
    with part.open("wb") as file:
        writer = SealedWriter(file, seal)
        writer.write(packed.getvalue())
        writer.finish()
    part.rename(target)
