"""Bake the nine-patch shadow that every card of the app lies on.

A blurred shadow drawn per frame costs milliseconds; a stretched picture costs nothing. Run it
only when the look changes: `python scripts/shadow.py`.
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

TARGET = Path(__file__).resolve().parent.parent / "mobile" / "ui" / "widgets" / "shadow.png"
SIZE, MARGIN, RADIUS, BLUR, STRENGTH = 160, 40, 28, 14, 34
TINT = (28, 44, 72)


def main() -> None:
    alpha = Image.new("L", (SIZE, SIZE), 0)
    box = (MARGIN, MARGIN, SIZE - MARGIN, SIZE - MARGIN)
    ImageDraw.Draw(alpha).rounded_rectangle(box, RADIUS, fill=STRENGTH)
    alpha = alpha.filter(ImageFilter.GaussianBlur(BLUR))
    picture = Image.new("RGBA", (SIZE, SIZE), (*TINT, 0))
    picture.putalpha(alpha)
    picture.save(TARGET)


if __name__ == "__main__":
    main()
