"""Reading the few EXIF facts that matter, in bounded time whatever the bytes are. Pure.

Cameras write broken blocks: directories that point into themselves, counts of billions, positions
of zero. Here nothing is followed but the two directories that hold time and place, each entry is
looked at once, and what cannot be read is unknown, never an error. Source: Exif 2.32, TIFF 6.0.
"""

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_PREFIX = b"Exif\x00\x00"
_MAX_ENTRIES = 512
_MAX_TEXT = 256
_ORIENTATION, _MAKE, _MODEL, _EXIF_IFD, _GPS_IFD = 0x0112, 0x010F, 0x0110, 0x8769, 0x8825
_TAKEN, _TAKEN_ZONE = 0x9003, 0x9011
_LAT_REF, _LAT, _LON_REF, _LON = 1, 2, 3, 4
_ASCII, _SHORT, _LONG, _RATIONAL = 2, 3, 4, 5
_SIZES = {_ASCII: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8}
_WHEN = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_ZONE = re.compile(r"([+-])(\d\d):(\d\d)")


@dataclass(frozen=True)
class Exif:
    """What a camera wrote. Position in degrees, WGS-84; `orientation` is 1 to 8."""

    orientation: int = 1
    taken_at: datetime | None = None
    lat: float | None = None
    lon: float | None = None
    make: str | None = None
    model: str | None = None

    def as_json(self) -> dict[str, str | int]:
        """Return what is worth keeping beside the columns of time and place."""
        said = {"orientation": self.orientation, "make": self.make, "model": self.model}
        return {name: value for name, value in said.items() if value is not None}


def read_exif(block: bytes, zone: tzinfo) -> Exif:
    """Read an EXIF block; a capture time without an offset is taken to be in `zone`."""
    tiff = _Tiff.of(block.removeprefix(_PREFIX))
    if tiff is None:
        return Exif()
    main = tiff.directory(tiff.first)
    detail = tiff.directory(tiff.whole(main, _EXIF_IFD))
    lat, lon = _position(tiff, tiff.directory(tiff.whole(main, _GPS_IFD)))
    orientation = tiff.whole(main, _ORIENTATION)
    return Exif(
        orientation=orientation if 1 <= orientation <= 8 else 1,
        taken_at=_moment(tiff.text(detail, _TAKEN), tiff.text(detail, _TAKEN_ZONE), zone),
        lat=lat,
        lon=lon,
        make=tiff.text(main, _MAKE),
        model=tiff.text(main, _MODEL),
    )


@dataclass(frozen=True)
class _Entry:
    kind: int
    count: int
    at: int  # where its value lies, from the start of the block


class _Tiff:
    """Bounded reads from a TIFF block: outside it there is nothing."""

    def __init__(self, data: bytes, order: str) -> None:
        self._data = data
        self._order = order
        self.first = self._number("L", 4)

    @classmethod
    def of(cls, data: bytes) -> "_Tiff | None":
        order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(data[:4])
        return None if order is None else cls(data, order)

    def directory(self, at: int) -> Mapping[int, _Entry]:
        """Return the entries of the directory at `at`; none when there is no such place."""
        if at < 8 or at + 2 > len(self._data):
            return {}
        found: dict[int, _Entry] = {}
        for place in range(min(self._number("H", at), _MAX_ENTRIES)):
            entry = at + 2 + place * 12
            if entry + 12 > len(self._data):
                break
            tag, kind, count = struct.unpack_from(f"{self._order}HHL", self._data, entry)
            if kind not in _SIZES:
                continue
            size = _SIZES[kind] * count
            where = entry + 8 if size <= 4 else self._number("L", entry + 8)
            if where + size <= len(self._data):
                found.setdefault(tag, _Entry(kind, count, where))
        return found

    def whole(self, directory: Mapping[int, _Entry], tag: int) -> int:
        entry = directory.get(tag)
        if entry is None or entry.count != 1 or entry.kind not in (_SHORT, _LONG):
            return 0
        return self._number("H" if entry.kind == _SHORT else "L", entry.at)

    def text(self, directory: Mapping[int, _Entry], tag: int) -> str | None:
        entry = directory.get(tag)
        if entry is None or entry.kind != _ASCII:
            return None
        raw = self._data[entry.at : entry.at + min(entry.count, _MAX_TEXT)]
        text = raw.split(b"\x00")[0].decode("utf-8", errors="replace")
        return "".join(letter for letter in text if letter.isprintable()).strip() or None

    def rationals(self, directory: Mapping[int, _Entry], tag: int) -> list[float] | None:
        """Return up to three fractions, or None when one has no value."""
        entry = directory.get(tag)
        if entry is None or entry.kind != _RATIONAL or not 1 <= entry.count <= 3:
            return None
        values = []
        for place in range(entry.count):
            top, bottom = struct.unpack_from(f"{self._order}LL", self._data, entry.at + place * 8)
            if bottom == 0:
                return None
            values.append(top / bottom)
        return values

    def _number(self, form: str, at: int) -> int:
        try:
            return int(struct.unpack_from(f"{self._order}{form}", self._data, at)[0])
        except struct.error:
            return 0


def _position(tiff: _Tiff, gps: Mapping[int, _Entry]) -> tuple[float, float] | tuple[None, None]:
    lat = _degrees(tiff.rationals(gps, _LAT), tiff.text(gps, _LAT_REF), ("N", "S"), 90)
    lon = _degrees(tiff.rationals(gps, _LON), tiff.text(gps, _LON_REF), ("E", "W"), 180)
    # 0, 0 is what a camera without a fix writes, not a place off Ghana.
    if lat is None or lon is None or (lat == 0 and lon == 0):
        return None, None
    return lat, lon


def _degrees(
    parts: list[float] | None, side: str | None, sides: tuple[str, str], most: int
) -> float | None:
    if parts is None or side not in sides:
        return None
    value = math.fsum(part / 60.0**place for place, part in enumerate(parts))
    if value > most:
        return None
    return round(-value if side == sides[1] else value, 7)


def _moment(text: str | None, offset: str | None, zone: tzinfo) -> datetime | None:
    found = _WHEN.fullmatch(text or "")
    if found is None:
        return None
    try:
        local = datetime(*map(int, found.groups()), tzinfo=_zone(offset) or zone)  # type: ignore[arg-type, misc]
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(offset: str | None) -> tzinfo | None:
    found = _ZONE.fullmatch(offset or "")
    if found is None:
        return None
    sign, hours, minutes = found.groups()
    distance = timedelta(hours=int(hours), minutes=int(minutes))
    if distance > timedelta(hours=14):
        return None
    return timezone(-distance if sign == "-" else distance)
