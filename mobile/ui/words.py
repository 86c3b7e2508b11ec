"""The app's words: Chinese is the source, other languages come from gettext catalogues."""

import gettext
from pathlib import Path

from sync.errors import CATALOGUE, XunchengError

FOLDER = Path(__file__).resolve().parent.parent / "translations"
LANGUAGES = {"zh": "简体中文", "en": "English"}


class _Words:
    def __init__(self) -> None:
        self.language = "zh"
        self.catalogue: gettext.NullTranslations = gettext.NullTranslations()


_words = _Words()


def use_language(language: str) -> None:
    """Switch to a key of `LANGUAGES`. Screens are built again by the app afterwards."""
    _words.language = language
    if language == "zh":
        _words.catalogue = gettext.NullTranslations()
    else:
        _words.catalogue = gettext.translation("mobile", FOLDER, [language])


def language() -> str:
    return _words.language


def tr(text: str, /, **values: object) -> str:
    """Return `text` in the person's language, with `{name}` places filled from `values`."""
    said = _words.catalogue.gettext(text) if text else ""
    return said.format(**values) if values else said


def pick(chinese: str, english: str) -> str:
    """Choose between the two names that catalogue rows carry."""
    return english if _words.language == "en" and english else chinese


def error_words(error: XunchengError) -> str:
    """Say what went wrong and, when the error knows it, what to do."""
    said = tr(CATALOGUE[error.code].message)
    return f"{said}\n{tr(error.hint)}" if error.hint else said


def code_words(code: str, fallback: str = "") -> str:
    """Say what a stable code means; a message stands for itself."""
    known = CATALOGUE.get(code)
    return tr(known.message) if known else tr(fallback or code)
