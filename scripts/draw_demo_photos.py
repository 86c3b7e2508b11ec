"""Draw the demo's pictures: what is wrong in a street, put into photos of real streets.

    .venv/bin/python scripts/draw_demo_photos.py

Writes server/demo/photos/<scene>-<moment>-<n>.jpg. The streets are photos of tests/photos (see the
README there for author and licence); the same street without the trouble is the picture "after".
"""

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

ROOT = Path(__file__).resolve().parent.parent
STREETS = ROOT / "tests" / "photos"
OUT = ROOT / "server" / "demo" / "photos"
FONT = ROOT / "mobile" / "ui" / "fonts" / "bold.ttf"
SIZE = (800, 600)
WORKING = (1920, 1440)  # drawn larger, then reduced: smooth edges

Colour = tuple[int, int, int]
Draw = ImageDraw.ImageDraw
Trouble = Callable[[Draw, random.Random], None]


def shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (max(0, min(255, round(each * factor))) for each in colour)
    return red, green, blue


def _box(draw: Draw, x: float, y: float, w: float, h: float, colour: Colour) -> None:
    """A crate seen from the front and a little from above; y is where it stands."""
    lid = h * 0.22
    draw.rectangle((x, y - h, x + w, y), fill=colour)
    slant = w * 0.14
    top = [(x, y - h), (x + slant, y - h - lid), (x + w + slant, y - h - lid), (x + w, y - h)]
    draw.polygon(top, fill=shade(colour, 1.25))
    side = [(x + w, y - h), (x + w + slant, y - h - lid), (x + w + slant, y - lid), (x + w, y)]
    draw.polygon(side, fill=shade(colour, 0.65))
    draw.line((x, y - h / 2, x + w, y - h / 2), fill=shade(colour, 0.85), width=2)


def _fruit(draw: Draw, dice: random.Random, x: float, y: float, w: float, colour: Colour) -> None:
    for row in range(3):
        for n in range(int(w // 15)):
            cx, cy = x + 9 + n * 15 + row * 5, y - row * 9
            tone = shade(colour, dice.uniform(0.8, 1.15))
            draw.ellipse((cx - 9, cy - 9, cx + 9, cy + 9), fill=tone)
            draw.ellipse((cx - 4, cy - 6, cx, cy - 2), fill=shade(tone, 1.3))


def _wheel(draw: Draw, x: float, y: float, r: float) -> None:
    draw.ellipse((x - r, y - r, x + r, y + r), outline=(28, 28, 30), width=max(3, int(r * 0.2)))
    for n in range(6):
        angle = n * math.pi / 6
        dx, dy = math.cos(angle) * r * 0.85, math.sin(angle) * r * 0.85
        draw.line((x - dx, y - dy, x + dx, y + dy), fill=(120, 120, 122), width=1)
    draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=(60, 60, 62))


def _scooter(draw: Draw, x: float, y: float, size: float, colour: Colour) -> None:
    """An electric scooter seen from its side; (x, y) is where its front wheel stands."""
    r = size * 0.17
    back = x + size * 0.78
    _wheel(draw, x, y - r, r)
    _wheel(draw, back, y - r, r)
    body = [
        (x + size * 0.16, y - size * 0.2),
        (x + size * 0.5, y - size * 0.18),
        (x + size * 0.56, y - size * 0.42),
        (back + size * 0.12, y - size * 0.44),
        (back + size * 0.05, y - size * 0.16),
        (x + size * 0.3, y - size * 0.08),
    ]
    draw.polygon(body, fill=colour)
    draw.polygon([(px, py + size * 0.02) for px, py in body[2:5]], fill=shade(colour, 0.75))
    draw.rounded_rectangle(
        (x + size * 0.5, y - size * 0.5, back + size * 0.16, y - size * 0.42), 6, fill=(30, 30, 33)
    )
    front = (x + size * 0.05, y - size * 0.72)
    draw.line((x, y - r, *front), fill=shade(colour, 0.8), width=int(size * 0.06))
    draw.line((front[0] - 8, front[1], front[0] + 22, front[1] - 8), fill=(40, 40, 42), width=5)
    draw.ellipse((front[0] - 14, front[1] + 6, front[0] + 2, front[1] + 22), fill=(240, 236, 210))


def _car(draw: Draw, x: float, y: float, size: float, colour: Colour) -> None:
    h = size * 0.3
    draw.ellipse((x, y - 8, x + size, y + 14), fill=(35, 35, 36))
    draw.rounded_rectangle((x, y - h * 0.72, x + size, y - h * 0.12), int(h * 0.2), fill=colour)
    cabin = [
        (x + size * 0.16, y - h * 0.7),
        (x + size * 0.3, y - h * 1.16),
        (x + size * 0.7, y - h * 1.16),
        (x + size * 0.87, y - h * 0.7),
    ]
    draw.polygon(cabin, fill=shade(colour, 0.9))
    glass = (58, 74, 84)
    for left, right in ((0.2, 0.48), (0.52, 0.82)):
        slope = 0.1
        window = [
            (x + size * left, y - h * 0.72),
            (x + size * (left + slope if left < 0.5 else left), y - h * 1.08),
            (x + size * (right if right < 0.5 else right - slope), y - h * 1.08),
            (x + size * right, y - h * 0.72),
        ]
        draw.polygon(window, fill=glass)
    draw.line((x + 6, y - h * 0.45, x + size - 6, y - h * 0.45), fill=shade(colour, 1.2), width=3)
    for wheel in (0.2, 0.8):
        cx, r = x + size * wheel, h * 0.26
        draw.ellipse((cx - r, y - 2 * r, cx + r, y), fill=(24, 24, 26))
        draw.ellipse((cx - r / 2, y - 1.5 * r, cx + r / 2, y - r / 2), fill=(150, 152, 155))
    draw.rectangle((x + size - 14, y - h * 0.6, x + size - 2, y - h * 0.44), fill=(190, 40, 36))
    draw.rectangle((x + 2, y - h * 0.6, x + 16, y - h * 0.44), fill=(250, 244, 214))


def _bag(draw: Draw, dice: random.Random, x: float, y: float, r: float, colour: Colour) -> None:
    points = []
    for n in range(14):
        angle = n / 14 * 2 * math.pi
        away = r * dice.uniform(0.82, 1.08)
        points.append((x + math.cos(angle) * away, y - r * 0.8 + math.sin(angle) * away * 0.8))
    draw.polygon(points, fill=colour)
    for _ in range(4):
        fx, fy = x + dice.uniform(-r, r) * 0.5, y - r * dice.uniform(0.5, 1.2)
        draw.line((x, y - r * 1.5, fx, fy), fill=shade(colour, 1.35), width=3)
    draw.polygon(
        [(x - 6, y - r * 1.5), (x + 7, y - r * 1.5), (x + 13, y - r * 1.8), (x - 12, y - r * 1.8)],
        fill=shade(colour, 0.8),
    )


def _text(draw: Draw, x: float, y: float, text: str, size: int, colour: Colour) -> None:
    draw.text((x, y), text, font=ImageFont.truetype(str(FONT), size), fill=colour)


def vendor(draw: Draw, dice: random.Random) -> None:
    x, y = 1060 + dice.randrange(-120, 60), 1250
    draw.ellipse((x - 30, y - 26, x + 520, y + 44), fill=(58, 56, 54))
    _wheel(draw, x + 90, y - 40, 44)
    _wheel(draw, x + 400, y - 40, 44)
    draw.rectangle((x, y - 190, x + 500, y - 80), fill=(52, 96, 142))
    draw.rectangle((x, y - 190, x + 500, y - 172), fill=(196, 204, 210))
    for n, fruit in enumerate(((226, 122, 30), (190, 38, 40), (232, 190, 62))):
        _box(draw, x + 14 + n * 162, y - 188, 140, 34, (150, 112, 70))
        _fruit(draw, dice, x + 16 + n * 162, y - 232, 140, fruit)
    draw.line((x + 250, y - 180, x + 250, y - 620), fill=(176, 178, 180), width=12)
    rim = [(x - 110, y - 470), (x + 250, y - 660), (x + 610, y - 470)]
    draw.polygon(rim, fill=(196, 52, 44))
    for n in range(3):
        panel = x - 110 + n * 240
        draw.polygon(
            [(panel, y - 470), (x + 250, y - 660), (panel + 120, y - 470)], fill=(228, 196, 62)
        )
    _text(draw, x + 130, y - 158, "新鲜水果", 54, (250, 250, 246))
    for n in range(3):
        _box(draw, x + 560 + n * 16, y + 10 - n * 62, 120, 60, (170, 134, 86))


def bikes(draw: Draw, dice: random.Random) -> None:
    colours = [(178, 42, 44), (44, 92, 150), (40, 42, 46), (226, 224, 216), (62, 128, 92)]
    for n in range(6):
        size = 330 + n * 22
        x = 560 + n * 190 + dice.randrange(-20, 20)
        y = 1120 + n * 44
        draw.ellipse((x - 40, y - 16, x + size, y + 20), fill=(64, 62, 60))
        _scooter(draw, x, y, size, colours[(n + dice.randrange(5)) % 5])


def cars(draw: Draw, dice: random.Random) -> None:
    colour = dice.choice([(188, 190, 194), (52, 60, 70), (150, 36, 38)])
    _car(draw, 1010, 1230, 760, colour)
    _car(draw, 620, 1060, 420, (226, 228, 226))


def rubbish(draw: Draw, dice: random.Random) -> None:
    draw.ellipse((900, 1180, 1500, 1300), fill=(74, 70, 64))
    colours = [(30, 31, 34), (44, 52, 60), (206, 208, 204), (46, 92, 138), (150, 44, 44)]
    for n in range(15):
        x = 960 + (n % 6) * 82 + dice.randrange(-24, 24)
        _bag(draw, dice, x, 1190 + (n // 6) * 44, dice.randrange(44, 72), colours[n % 5])
    for _ in range(46):
        x, y = dice.randrange(820, 1640), dice.randrange(1220, 1340)
        w = dice.randrange(8, 34)
        tone = dice.choice([(228, 226, 218), (190, 60, 48), (70, 120, 170), (222, 196, 90)])
        draw.polygon([(x, y), (x + w, y - 6), (x + w - 4, y + 10), (x + 3, y + 12)], fill=tone)


def bin_(draw: Draw, dice: random.Random) -> None:
    x, y = 1120, 1230
    draw.ellipse((x - 40, y - 30, x + 360, y + 30), fill=(66, 64, 60))
    for n, colour in enumerate(((44, 110, 74), (52, 58, 66))):
        left = x + n * 180
        draw.polygon(
            [(left, y - 270), (left + 160, y - 270), (left + 146, y), (left + 14, y)], fill=colour
        )
        draw.rectangle((left - 8, y - 292, left + 168, y - 268), fill=shade(colour, 0.75))
        draw.line((left + 50, y - 250, left + 52, y - 20), fill=shade(colour, 1.25), width=6)
        for _ in range(6):
            tone = dice.choice([(32, 33, 36), (214, 214, 208), (62, 104, 150), (180, 54, 48)])
            _bag(draw, dice, left + dice.randrange(10, 150), y - 276, dice.randrange(30, 50), tone)
        _text(draw, left + 36, y - 170, "垃圾", 44, (240, 240, 236))
    for _ in range(9):
        tone = dice.choice([(34, 34, 38), (206, 206, 200), (188, 150, 96)])
        _bag(draw, dice, x + dice.randrange(-120, 470), y + 30, dice.randrange(26, 46), tone)


def clutter(draw: Draw, dice: random.Random) -> None:
    draw.ellipse((860, 1170, 1660, 1310), fill=(70, 67, 62))
    for n in range(9):
        w, h = dice.randrange(110, 190), dice.randrange(80, 140)
        tone = shade((172, 132, 84), dice.uniform(0.85, 1.15))
        _box(draw, 900 + (n % 4) * 170, 1170 + (n // 4) * 50, w, h, tone)
    sofa = (112, 60, 48)
    draw.rounded_rectangle((1330, 1050, 1640, 1260), 26, fill=sofa)
    draw.rounded_rectangle((1360, 1150, 1610, 1250), 20, fill=shade(sofa, 1.3))
    draw.rectangle((1330, 1110, 1366, 1280), fill=shade(sofa, 0.75))
    draw.rectangle((1604, 1110, 1640, 1280), fill=shade(sofa, 0.75))


def posters(draw: Draw, dice: random.Random) -> None:
    words = ("办证刻章", "高价回收", "疏通管道", "房屋出租", "开锁换锁", "无抵押贷款")
    for n in range(13):
        x = 1330 + (n % 4) * 128 + dice.randrange(-16, 16)
        y = 560 + (n // 4) * 172 + dice.randrange(-20, 20)
        paper = dice.choice([(244, 242, 232), (246, 226, 120), (236, 174, 168), (206, 226, 240)])
        draw.rectangle((x + 6, y + 6, x + 118, y + 156), fill=(96, 88, 76))
        draw.rectangle((x, y, x + 112, y + 150), fill=paper)
        _text(draw, x + 6, y + 12, words[n % 6][:4], 25, (176, 30, 30))
        for row in range(4):
            draw.line((x + 10, y + 60 + row * 18, x + 98, y + 60 + row * 18), fill=(90, 90, 92))
        _text(draw, x + 8, y + 124, "130 0000", 20, (36, 36, 40))


def drying(draw: Draw, dice: random.Random) -> None:
    draw.line((420, 610, 1640, 560), fill=(222, 222, 218), width=7)
    colours = [(232, 232, 228), (64, 96, 148), (196, 70, 74), (236, 200, 110), (90, 140, 110)]
    for n in range(9):
        x, top = 480 + n * 124, 612 - n * 5
        tone, w, h = colours[n % 5], dice.randrange(78, 112), dice.randrange(130, 250)
        sway = dice.randrange(-12, 12)
        draw.polygon(
            [(x, top), (x + w, top - 4), (x + w + sway, top + h), (x + sway, top + h + 8)],
            fill=tone,
        )
        draw.line(
            (x + w * 0.4, top + 8, x + w * 0.45 + sway, top + h), fill=shade(tone, 0.8), width=4
        )
        draw.rectangle((x + 6, top - 10, x + 14, top + 14), fill=(210, 130, 60))


def wires(draw: Draw, dice: random.Random) -> None:
    for n in range(5):
        start, end = (1500 + n * 26, 150 + n * 30), (760 + n * 60, 960 + n * 10)
        points = []
        for step in range(31):
            t = step / 30
            sag = math.sin(t * math.pi) * (120 + n * 34)
            points.append(
                (start[0] + (end[0] - start[0]) * t, start[1] + (end[1] - start[1]) * t + sag)
            )
        tone = (196, 52, 44) if n == 1 else (30, 30, 32)
        draw.line(points, fill=tone, width=9 if n == 1 else 6, joint="curve")
    for n in range(3):
        _scooter(
            draw, 640 + n * 230, 1150 + n * 40, 340, [(44, 92, 150), (40, 42, 46), (178, 42, 44)][n]
        )
    draw.rounded_rectangle((800, 930, 910, 990), 8, fill=(240, 240, 236))
    dice.random()


def pothole(draw: Draw, dice: random.Random) -> None:
    def ring(r: float, fill: Colour) -> None:
        points = []
        for n in range(30):
            angle = n / 30 * 2 * math.pi
            away = r * dice.uniform(0.86, 1.1)
            points.append(
                (1010 + math.cos(angle) * away * 1.75, 1180 + math.sin(angle) * away * 0.6)
            )
        draw.polygon(points, fill=fill)

    for r, tone in (
        (230, (118, 112, 104)),
        (200, (84, 79, 73)),
        (160, (60, 56, 52)),
        (100, (46, 43, 41)),
    ):
        ring(r, tone)
    for _ in range(60):
        x, y, r = dice.randrange(600, 1440), dice.randrange(1080, 1310), dice.randrange(4, 17)
        tone = shade((128, 122, 112), dice.uniform(0.6, 1.2))
        draw.polygon(
            [(x, y), (x + r, y - r // 2), (x + r * 1.7, y + r // 3), (x + r // 2, y + r)], fill=tone
        )
    for _ in range(7):
        x, y = dice.randrange(760, 1260), 1180
        path = [(x, y)]
        for _ in range(6):
            x, y = x + dice.randrange(-60, 90), y + dice.randrange(-30, 40)
            path.append((x, y))
        draw.line(path, fill=(58, 55, 52), width=4)


def manhole(draw: Draw, dice: random.Random) -> None:
    draw.ellipse((860, 1110, 1240, 1270), fill=(52, 50, 48))
    draw.ellipse((886, 1122, 1216, 1252), fill=(14, 13, 13))
    draw.polygon([(1130, 1092), (1500, 1130), (1470, 1230), (1180, 1210)], fill=(72, 70, 69))
    for n in range(5):
        draw.line(
            (1180 + n * 58, 1112 + n * 5, 1216 + n * 54, 1206 + n * 4), fill=(96, 94, 92), width=5
        )
    x, y = 760, 1260
    draw.ellipse((x - 80, y - 26, x + 80, y + 22), fill=(40, 40, 42))
    draw.polygon(
        [(x - 62, y), (x + 62, y), (x + 14, y - 260), (x - 14, y - 260)], fill=(226, 88, 34)
    )
    for low, high in ((70, 118), (168, 206)):
        a, b = 62 - 48 * low / 260, 62 - 48 * high / 260
        draw.polygon(
            [(x - a, y - low), (x + a, y - low), (x + b, y - high), (x - b, y - high)],
            fill=(244, 244, 240),
        )
    dice.random()


def shopfront(draw: Draw, dice: random.Random) -> None:
    for n in range(4):
        x = 1210 + n * 150
        for row in range(3):
            _box(draw, x, 1200 + n * 30 - row * 84, 130, 80, shade((176, 138, 90), 0.9 + row * 0.1))
        _fruit(
            draw,
            dice,
            x + 4,
            930 + n * 30,
            130,
            dice.choice([(226, 122, 30), (190, 38, 40), (120, 160, 60)]),
        )
    draw.rectangle((1150, 560, 1840, 700), fill=(176, 34, 36))
    draw.rectangle((1150, 560, 1840, 574), fill=(236, 198, 90))
    _text(draw, 1210, 588, "庐陵生活超市", 92, (250, 244, 214))
    for n in range(3):
        _box(draw, 900 + n * 130, 1290, 110, 64, (64, 104, 150))


def sign(draw: Draw, dice: random.Random) -> None:
    draw.rectangle((1180, 300, 1204, 1040), fill=(120, 122, 124))
    draw.rectangle((1640, 300, 1664, 1040), fill=(120, 122, 124))
    draw.rectangle((1080, 170, 1770, 560), fill=(30, 82, 148))
    draw.rectangle((1094, 184, 1756, 546), fill=(236, 200, 64))
    _text(draw, 1130, 230, "盛大开业", 128, (186, 28, 30))
    _text(draw, 1150, 410, "全场五折 仅此三天", 66, (30, 50, 90))
    draw.polygon([(1610, 546), (1756, 546), (1756, 430)], fill=(206, 204, 198))
    dice.random()


def building(draw: Draw, dice: random.Random) -> None:
    draw.polygon(
        [(820, 1260), (1010, 1010), (1190, 1120), (1340, 1000), (1600, 1270)], fill=(176, 146, 98)
    )
    draw.polygon([(820, 1260), (1010, 1010), (1060, 1180), (900, 1264)], fill=(150, 122, 80))
    for _ in range(260):
        x, y = dice.randrange(860, 1560), dice.randrange(1100, 1260)
        draw.point((x, y), fill=(120, 98, 64))
    for n in range(5):
        x = 1100 + n * 150
        draw.rectangle((x, 560, x + 146, 1010), fill=(60, 120, 170) if n % 2 else (228, 232, 234))
        draw.line((x, 560, x, 1010), fill=(40, 60, 80), width=4)
    _text(draw, 1150, 700, "施工围挡", 96, (190, 40, 40))
    for n in range(10):
        _box(draw, 640 + (n % 5) * 52, 1290 - (n // 5) * 34, 48, 28, (158, 74, 52))


TROUBLES: dict[str, tuple[Trouble, Sequence[str]]] = {
    "vendor": (vendor, ("gps_DSCN0027.jpg", "gps_DSCN0025.jpg")),
    "bikes": (bikes, ("gps_DSCN0027.jpg",)),
    "cars": (cars, ("gps_DSCN0025.jpg",)),
    "rubbish": (rubbish, ("gps_DSCN0012.jpg", "gps_DSCN0021.jpg")),
    "bin": (bin_, ("gps_DSCN0021.jpg",)),
    "clutter": (clutter, ("gps_DSCN0025.jpg",)),
    "posters": (posters, ("gps_DSCN0025.jpg",)),
    "drying": (drying, ("gps_DSCN0012.jpg",)),
    "wires": (wires, ("gps_DSCN0025.jpg",)),
    "pothole": (pothole, ("gps_DSCN0025.jpg",)),
    "manhole": (manhole, ("gps_DSCN0027.jpg",)),
    "shopfront": (shopfront, ("gps_DSCN0025.jpg",)),
    "sign": (sign, ("gps_DSCN0027.jpg",)),
    "building": (building, ("gps_DSCN0027.jpg",)),
}


# What of each photo is used, as shares of its width and height: (left, top, right, bottom).
CUTS = {"gps_DSCN0027.jpg": (0.2, 0.0, 0.9, 0.7)}
WHOLE = (0.0, 0.0, 0.95, 0.95)


def street(name: str, dice: random.Random) -> Image.Image:
    """A street at working size, cut a little differently each time."""
    left, top, right, bottom = CUTS.get(name, WHOLE)
    dx, dy = dice.uniform(0, 0.05), dice.uniform(0, 0.005)
    with Image.open(STREETS / name) as opened:
        photo = opened.convert("RGB")
    w, h = photo.size
    cut = photo.crop(((left + dx) * w, (top + dy) * h, (right + dx) * w, (bottom + dy) * h))
    return cut.resize(WORKING, Image.Resampling.LANCZOS)


def with_trouble(ground: Image.Image, trouble: Trouble, dice: random.Random) -> Image.Image:
    """Put the trouble into the street: in its light, with the grain of a photo."""
    layer = Image.new("RGBA", ground.size, (0, 0, 0, 0))
    trouble(ImageDraw.Draw(layer), dice)
    colours, mask = layer.convert("RGB"), layer.getchannel("A")
    grain = Image.effect_noise(ground.size, 26).convert("RGB")
    colours = ImageChops.overlay(colours, grain)
    light = ground.filter(ImageFilter.GaussianBlur(60))
    colours = Image.blend(colours, ImageChops.overlay(colours, light), 0.45)
    shadow = mask.filter(ImageFilter.GaussianBlur(14)).point(lambda value: int(value * 0.4))
    dark = Image.composite(Image.new("RGB", ground.size, (20, 18, 16)), ground, shadow)
    edge = mask.filter(ImageFilter.GaussianBlur(1.6))
    return Image.composite(colours.filter(ImageFilter.GaussianBlur(1.1)), dark, edge)


def save(picture: Image.Image, name: str) -> None:
    small = picture.resize(SIZE, Image.Resampling.LANCZOS)
    small.save(OUT / name, quality=52, optimize=True, progressive=True)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for scene, (trouble, grounds) in TROUBLES.items():
        for n, ground in enumerate(grounds, 1):
            dice = random.Random(f"{scene}/{n}")
            save(with_trouble(street(ground, dice), trouble, dice), f"{scene}-before-{n}.jpg")
            save(street(ground, dice), f"{scene}-after-{n}.jpg")


if __name__ == "__main__":
    main()
