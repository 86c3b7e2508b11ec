"""Words and icons."""

from typing import Any

from kivy.properties import NumericProperty, StringProperty
from kivy.uix.label import Label

from mobile.ui.kv import load_beside

# Signs that may not begin a line (GB/T 15834, 5.1).
NEVER_FIRST = frozenset("，。、；：？！）》〉」』”’…·,.;:?!)")


class Words(Label):
    """Text that takes the height it needs. `lines` above zero shortens it to that many."""

    lines = NumericProperty(0)

    def texture_update(self, *args: Any) -> None:
        width = (self.text_size or (None,))[0]
        if self.lines == 0 and width:
            self._label.text = broken(self.text, width, self._width_of)
        super().texture_update(*args)

    def _width_of(self, text: str) -> float:
        return float(self._label.get_extents(text)[0])


def broken(text: str, width: float, width_of: Any) -> str:
    """Break a text so that no line begins with a closing sign.

    Kivy breaks Chinese after any character. Only a line that would begin with such a sign is
    broken here, one character earlier; everything else is left to Kivy.
    """
    if not any(char in NEVER_FIRST for char in text) or width_of(text) <= width:
        return text
    return "\n".join(_broken_line(line, width, width_of) for line in text.split("\n"))


def _broken_line(line: str, width: float, width_of: Any) -> str:
    done, start = [], 0
    while start < len(line) and width_of(line[start:]) > width:
        end = _fitting(line, start, width, width_of)
        if " " in line[start:end]:
            break  # words of a language with spaces: Kivy breaks between them
        while end - start > 1 and end < len(line) and line[end] in NEVER_FIRST:
            end -= 1
        done.append(line[start:end])
        start = end
    return "\n".join([*done, line[start:]])


def _fitting(line: str, start: int, width: float, width_of: Any) -> int:
    """Return where the longest piece ends that begins at `start` and fits, one sign at least."""
    low, high = start + 1, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        if width_of(line[start:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


class Heading(Words):
    """Bold text; falls back to the text face for characters that the bold one lacks."""


class Icon(Label):
    """One icon, by its Material Design name."""

    name = StringProperty("")


load_beside(__file__)
