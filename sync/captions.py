"""What is written on the watermarked copy of a photo, and how large: the same on both sides."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Caption:
    """Who, when, where, which record. `taken_at` is shown in the zone that it carries."""

    person: str
    taken_at: datetime
    place: str
    record: str

    def lines(self) -> tuple[str, ...]:
        when = self.taken_at.strftime("%Y-%m-%d %H:%M:%S")
        return tuple(line for line in (f"{self.person}  {when}", self.place, self.record) if line)


@dataclass(frozen=True)
class Band:
    """The dark band at the foot of a picture, in pixels; text starts `text_px` from the left."""

    text_px: int
    line_px: int
    height_px: int

    @classmethod
    def under(cls, width: int, height: int, lines: int) -> "Band":
        """Return the band for a picture of this size."""
        text = max(14, round(max(width, height) / 50))
        line = round(text * 1.45)
        return cls(text, line, line * lines + text)

    def top_of(self, line: int) -> int:
        """Return how far below the band's upper edge a line (from 0) begins."""
        return self.text_px // 2 + line * self.line_px
