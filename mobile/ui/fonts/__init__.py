"""The app's typefaces. Kivy has no glyph fallback, so every face holds Chinese and Latin."""

import json
from functools import cache
from pathlib import Path

from kivy.core.text import LabelBase

FOLDER = Path(__file__).parent


def register() -> None:
    """Register the faces: `UI` (GBK), `Medium`, `Heading` (GB2312), `Icons`.

    `Roboto` is Kivy's default: registering over it lets stock widgets show Chinese too.
    """
    text, bold = str(FOLDER / "text.ttf"), str(FOLDER / "bold.ttf")
    for name in ("UI", "Roboto"):
        LabelBase.register(name, text, fn_bold=bold)
    LabelBase.register("Medium", str(FOLDER / "medium.ttf"))
    LabelBase.register("Heading", bold)
    LabelBase.register("Icons", str(FOLDER / "icons.ttf"))


@cache
def _codes() -> dict[str, int]:
    codes: dict[str, int] = json.loads((FOLDER / "icons.json").read_text())
    return codes


def icon(name: str) -> str:
    """Return the character of an icon; the empty name is no icon. Unknown names are an error."""
    return chr(_codes()[name]) if name else ""


def heading_face(text: str) -> str:
    """Return the face for a heading: bold when it has every character, else the GBK text face."""
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return "UI" if any(ord(char) > 0x2E7F for char in _outside(text)) else "Heading"
    return "Heading"


def _outside(text: str) -> list[str]:
    return [char for char in text if not _in_gb2312(char)]


def _in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
