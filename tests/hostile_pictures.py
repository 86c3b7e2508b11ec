"""Files that are not, or not quite, pictures; made here so that each says what it is."""

import io
import struct
import zipfile
import zlib

from PIL import Image


def encoded(kind: str, size: tuple[int, int] = (800, 600), mode: str = "RGB", **save) -> bytes:
    """Return a picture in the format `kind`, its left half black, its right half white."""
    picture = Image.new("L", size, 255)
    picture.paste(0, (0, 0, size[0] // 2, size[1]))
    if mode == "I;16":
        picture = picture.convert("I").point(lambda level: level * 256)
    elif mode == "CMYK":
        picture = picture.convert("RGB")
    target = io.BytesIO()
    picture.convert(mode).save(target, kind, **save)
    return target.getvalue()


def png_bomb(side: int = 20_000) -> bytes:
    """Return a small PNG that unpacks to `side` × `side` pixels."""
    rows = zlib.compress(bytes((side + 1) * 64), 9)

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))
        )

    header = struct.pack(">LLBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr("photo.jpg", b"\xff\xd8\xff" + bytes(1000))
    return target.getvalue()


def drawing() -> bytes:
    return b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'


def exif_block(entries: bytes, count: int) -> bytes:
    """Return an EXIF block: one little-endian directory that claims `count` entries."""
    return b"Exif\x00\x00" + b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", count) + entries


def entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHLL", tag, kind, count, value)


NOT_PICTURES = {
    "zip": archive(),
    "svg": drawing(),
    "html": b"<html><img src=x onerror=alert(1)></html>",
    "text": "不是照片".encode(),
    "gif": encoded("GIF"),
    "bmp": encoded("BMP"),
    "tiff": encoded("TIFF"),
    "avif brand": b"\x00\x00\x00\x1cftypavif" + bytes(100),
    "zeros": bytes(4096),
}
