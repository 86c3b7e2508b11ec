"""Opening bytes as a picture, however hostile they are, and making the sizes that are shown.

Limits: four formats, told by their first bytes and not by what anybody claims; at most 51 million
pixels, checked before one of them is unpacked; whole files only. Copies are encoded anew without
any metadata, upright.
"""

import io
import struct
import warnings
from dataclasses import dataclass
from datetime import UTC, tzinfo

import pillow_heif
from PIL import Image, UnidentifiedImageError

from server.photos.exif import Exif, read_exif
from sync.errors import Refused

MAX_PIXELS = 51_000_000  # the 50-megapixel sensors of phones make 8192 × 6144
SCREEN_PX, THUMB_PX = 1920, 320
_SCREEN_QUALITY, _THUMB_QUALITY = 82, 80
_MAX_PROFILE = 16_384
_MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "HEIF": "image/heic",
}
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
# What decoders raise on damaged data, Pillow's own and those of the libraries below it.
_DAMAGED = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    RuntimeError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Picture:
    """A picture as opened: size upright in pixels, what its camera wrote, and JPEG copies."""

    type: str
    width: int
    height: int
    exif: Exif
    screen: bytes
    thumb: bytes


def open_picture(data: bytes, zone: tzinfo) -> Picture:
    """Open `data` and make its copies; capture times without an offset are in `zone`.

    Raises `Refused`: `photo_empty`, `photo_wrong_type`, `photo_truncated`, `photo_too_many_pixels`.
    """
    kind = picture_kind(data)
    if kind == "HEIF" and not _is_whole_heif(data):
        raise Refused("photo_truncated")
    try:
        return _open(data, kind, zone)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused("photo_too_many_pixels") from error
    except UnidentifiedImageError as error:
        # The first bytes are those of a picture, the rest is missing or damaged.
        raise Refused("photo_truncated", detail=str(error)) from error
    except _DAMAGED as error:
        raise Refused("photo_truncated", detail=str(error)) from error


def picture_kind(data: bytes) -> str:
    """Return JPEG, PNG, WEBP or HEIF. Raises `photo_empty`, `photo_wrong_type`."""
    if not data:
        raise Refused("photo_empty")
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIF"
    raise Refused("photo_wrong_type")


def _open(data: bytes, kind: str, zone: tzinfo) -> Picture:
    with Image.open(io.BytesIO(data), formats=[kind]) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise Refused("photo_too_many_pixels")
        image.draft("RGB", (SCREEN_PX, SCREEN_PX))  # JPEG only: unpack at half size or less
        image.load()
        exif = read_exif(_exif_block(image), zone)
        # libheif turns the picture upright by itself and leaves the camera's word standing.
        turn = None if kind == "HEIF" else _TURNS.get(exif.orientation)
        screen = _upright(image, turn)
    if turn is not None and exif.orientation >= 5:
        width, height = height, width
    thumb = screen.copy()
    thumb.thumbnail((THUMB_PX, THUMB_PX))
    return Picture(
        type=_MEDIA_TYPES[kind],
        width=width,
        height=height,
        exif=exif,
        screen=encode_jpeg(screen, _SCREEN_QUALITY),
        thumb=encode_jpeg(thumb, _THUMB_QUALITY),
    )


def upright_screen(data: bytes) -> Image.Image:
    """Return a picture that has been accepted before, upright, at most 1920 px, RGB."""
    kind = picture_kind(data)
    with Image.open(io.BytesIO(data), formats=[kind]) as image:
        image.draft("RGB", (SCREEN_PX, SCREEN_PX))
        image.load()
        orientation = 1 if kind == "HEIF" else read_exif(_exif_block(image), UTC).orientation
        return _upright(image, _TURNS.get(orientation))


def encode_jpeg(image: Image.Image, quality: int) -> bytes:
    """Return `image` as JPEG bytes without metadata but a small colour profile."""
    profile = image.info.get("icc_profile") or b""
    target = io.BytesIO()
    image.save(
        target,
        "JPEG",
        quality=quality,
        icc_profile=profile if len(profile) <= _MAX_PROFILE else None,
        exif=b"",
    )
    return target.getvalue()


def _exif_block(image: Image.Image) -> bytes:
    block = image.info.get("exif")
    return block if isinstance(block, bytes) else b""


def _upright(image: Image.Image, turn: Image.Transpose | None) -> Image.Image:
    """Return `image` at most 1920 px long, RGB on white, turned; it may be changed by that."""
    profile = image.info.get("icc_profile") if image.mode == "RGB" else None
    small = _on_white(image)
    small.thumbnail((SCREEN_PX, SCREEN_PX))
    if turn is not None:
        small = small.transpose(turn)
    small.info = {"icc_profile": profile} if profile else {}
    return small


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    if image.mode.startswith("I"):  # 16-bit greys: keep the upper eight bits
        image = image.point(lambda level: level / 256).convert("L")
    return image.convert("RGB")


def _is_whole_heif(data: bytes) -> bool:
    """Say whether every box of the file ends inside it (ISO 14496-12); decoders do not mind."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 0:  # up to the end, whatever that is
            return True
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8 or at + size > len(data):
            return False
        at += size
    return at == len(data)
