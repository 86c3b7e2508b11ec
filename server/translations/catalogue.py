"""Collecting texts and compiling the catalogue: `python -m server.translations.catalogue`.

`collect` adds what is new to the English catalogue and drops what is gone; `compile_all` writes the
binary catalogue that the server reads. Both are run by `make words`; a test fails when they were
not.
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
SOURCE = HERE / "en" / "LC_MESSAGES" / "messages.po"
COMPILED = SOURCE.with_suffix(".mo")


def collect() -> Catalog:
    """Return the texts found in the program, without translations, in the order of their files."""
    with (HERE / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    template = Catalog(project="xuncheng", fuzzy=False)
    places: dict[str | tuple[str, ...], set[str]] = {}
    found = extract_from_dir(ROOT, methods, options, directory_filter=_looked_into)
    for name, _line, text, _comments, _context in found:
        places.setdefault(text, set()).add(name)
    for text in sorted(places, key=lambda each: (sorted(places[each]), str(each))):
        template.add(text, locations=[(name, 0) for name in sorted(places[text])])
    return template


def present() -> Catalog:
    """Return the English catalogue as it is kept."""
    with SOURCE.open("rb") as file:
        return read_po(file, locale="en")


def compiled(catalogue: Catalog) -> bytes:
    """Return the binary form of a catalogue."""
    sink = io.BytesIO()
    write_mo(sink, catalogue)
    return sink.getvalue()


def renew() -> list[str]:
    """Bring both files up to date; return the texts that have no translation yet."""
    catalogue = present()
    made = catalogue.creation_date
    catalogue.update(collect(), no_fuzzy_matching=True)
    catalogue.creation_date = made  # the same texts give the same file, whenever it is made
    catalogue.obsolete.clear()
    with SOURCE.open("wb") as file:
        write_po(file, catalogue, omit_header=False, include_lineno=False, width=100)
    COMPILED.write_bytes(compiled(catalogue))
    return untranslated(catalogue)


def untranslated(catalogue: Catalog) -> list[str]:
    """Return the texts of a catalogue that have no translation."""
    return [str(message.id) for message in catalogue if message.id and not message.string]


def _looked_into(folder: str) -> bool:
    name = Path(folder).relative_to(ROOT).parts[:1]
    return name in ((), ("server",), ("sync",)) and not Path(folder).name.startswith((".", "__"))


if __name__ == "__main__":
    missing = renew()
    sys.stdout.write("".join(f"not translated: {text}\n" for text in missing))
    sys.exit(1 if missing else 0)
