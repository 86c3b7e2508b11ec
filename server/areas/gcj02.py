"""WGS-84 to GCJ-02 and back, for tile servers that draw in GCJ-02. Pure.

Points are stored in WGS-84 and converted at the map's edge only (architecture, decision 9). The
polynomial is the widely published one; it holds within China and to about a metre.
"""

import math

_A = 6_378_245.0  # Krasovsky 1940: semi-major axis in metres
_EE = 0.006_693_421_622_965_943  # and its eccentricity squared
_CHINA = (0.8293, 55.8271, 72.004, 137.8347)  # south, north, west, east


def to_gcj02(lat: float, lon: float) -> tuple[float, float]:
    """Return the GCJ-02 point (lat, lon in degrees) of a WGS-84 one; outside China unchanged."""
    if not in_china(lat, lon):
        return lat, lon
    north, east = _shift(lat, lon)
    return lat + north, lon + east


def to_wgs84(lat: float, lon: float) -> tuple[float, float]:
    """Return the WGS-84 point of a GCJ-02 one, good to about a millimetre."""
    if not in_china(lat, lon):
        return lat, lon
    guess_lat, guess_lon = lat, lon
    # The shift varies by some 1e-4 per degree, so each round gains four digits.
    for _ in range(4):
        there_lat, there_lon = to_gcj02(guess_lat, guess_lon)
        guess_lat, guess_lon = guess_lat + lat - there_lat, guess_lon + lon - there_lon
    return guess_lat, guess_lon


def in_china(lat: float, lon: float) -> bool:
    """Say whether a point lies in the box in which GCJ-02 is shifted at all."""
    south, north, west, east = _CHINA
    return south <= lat <= north and west <= lon <= east


def _shift(lat: float, lon: float) -> tuple[float, float]:
    x, y = lon - 105.0, lat - 35.0
    radians = math.radians(lat)
    magic = 1 - _EE * math.sin(radians) ** 2
    meridian = _A * (1 - _EE) / magic**1.5
    parallel = _A / math.sqrt(magic) * math.cos(radians)
    return math.degrees(_north_m(x, y) / meridian), math.degrees(_east_m(x, y) / parallel)


def _north_m(x: float, y: float) -> float:
    smooth = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    return smooth + _ripple(x) + _waves(y, (20, 1), (40, 3), (160, 12), (320, 30))


def _east_m(x: float, y: float) -> float:
    smooth = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    return smooth + _ripple(x) + _waves(x, (20, 1), (40, 3), (150, 12), (300, 30))


def _waves(value: float, *waves: tuple[float, float]) -> float:
    """Sum two thirds of (height in metres)·sin(value·π / half a wave in degrees)."""
    return 2 / 3 * sum(height * math.sin(value * math.pi / half) for height, half in waves)


def _ripple(x: float) -> float:
    return _waves(x, (20, 1 / 6), (20, 1 / 2))
