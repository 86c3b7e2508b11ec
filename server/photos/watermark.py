"""Copies for documents that say who took a photo, when, where and for which case."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from server.photos.opening import encode_jpeg, upright_screen
from server.photos.store import photo_store
from sync.captions import Band, Caption

FONT = Path(__file__).parent / "fonts" / "caption.ttf"
_QUALITY = 85
_SMALLEST_TEXT_PX = 8


def watermarked(sha256: str, caption: Caption) -> bytes:
    """Return a photo, upright and at most 1920 px, as JPEG with `caption` on a band at its foot.

    The copy is kept: the same words give the same bytes. Raises `FileNotFoundError` when the
    original is not held, and `Refused` as `opening.open_picture` when it is no picture.
    """
    lines = caption.lines()
    said = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    name = f"marked-{said}.jpg"
    store = photo_store()
    found = store.derived(sha256, name)
    if found is None:
        found = with_lines(store.read(sha256), lines)
        store.put_derived(sha256, name, found)
    return found


def with_lines(data: bytes, lines: Sequence[str]) -> bytes:
    """Return the picture `data` as JPEG with `lines` on a dark band at its foot."""
    picture = upright_screen(data)
    profile = picture.info
    band = Band.under(picture.width, picture.height, len(lines))
    overlay = Image.new("RGBA", (picture.width, band.height_px), (15, 23, 42, 150))
    draw = ImageDraw.Draw(overlay)
    face = _fitting(lines, band.text_px, picture.width - 2 * band.text_px)
    for place, line in enumerate(lines):
        draw.text((band.text_px, band.top_of(place)), line, (255, 255, 255, 255), face)
    picture.paste(overlay, (0, picture.height - band.height_px), overlay)
    picture.info = profile
    return encode_jpeg(picture, _QUALITY)


def _fitting(lines: Sequence[str], size: int, width: int) -> ImageFont.FreeTypeFont:
    """Return the font at `size`, or smaller until the longest line fits into `width` pixels."""
    face = ImageFont.truetype(str(FONT), size)
    longest = max((face.getlength(line) for line in lines), default=0)
    if longest <= width:
        return face
    return face.font_variant(size=max(_SMALLEST_TEXT_PX, int(size * width / longest)))
