"""A name in the app's two languages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Name:
    """Chinese first; English falls back to it."""

    zh: str
    en: str = ""

    def in_language(self, language: str) -> str:
        """Return the name for `zh…` or `en…`."""
        return self.en if language.startswith("en") and self.en else self.zh
