"""Collect the app's Chinese words and bring the English catalogue up to date.

    python scripts/app_words.py          # add new words to mobile.po, drop unused ones, compile
    python scripts/app_words.py --check  # say which words have no English; exit status 1

Every Chinese string of `mobile/ui` counts (docstrings do not), with the messages of
`sync.errors` and `sync.checks` and the names of the ports: all of them can come to a screen.
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "mobile" / "translations" / "en" / "LC_MESSAGES" / "mobile.po"
CHINESE = re.compile(r"[一-鿿]")
IN_KV = re.compile(r"tr\(\s*'((?:[^'\\]|\\.)*)'")
SOURCES = ("mobile/ui", "mobile/capture/forms.py", "mobile/device/desktop",
           "mobile/device/android", "sync/errors.py", "sync/checks.py")  # fmt: skip


def _docstrings(tree: ast.AST) -> set[int]:
    """Return the ids of the string nodes that stand alone as statements."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def words_of_python(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documents = _docstrings(tree)
    inside_f = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
        for part in node.values
    }  # fmt: skip
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) not in documents | inside_f and CHINESE.search(node.value):
            yield node.value


def words_of_kv(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield from (found for found in IN_KV.findall(line) if CHINESE.search(found))


def all_words() -> dict[str, list[tuple[str, int]]]:
    """Return every word with the files in which it stands."""
    found: dict[str, list[tuple[str, int]]] = {}
    for source in SOURCES:
        place = ROOT / source
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            if file.suffix not in (".py", ".kv") or not file.exists():
                continue
            reader = words_of_python if file.suffix == ".py" else words_of_kv
            for word in reader(file):
                where = (file.relative_to(ROOT).as_posix(), 0)
                if where not in found.setdefault(word, []):
                    found[word].append(where)
    found.setdefault("、", [("mobile/ui/wording.py", 0)])
    return found


def old_catalogue() -> Catalog:
    if not PO.exists():
        return Catalog(locale="en")
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def fresh_catalogue() -> Catalog:
    """Return the catalogue of the words that are there now, with the English known so far."""
    old = old_catalogue()
    new = Catalog(locale="en", project="xuncheng", fuzzy=False, header_comment="# The app's words.")
    for word, places in sorted(all_words().items()):
        known = old.get(word)
        new.add(word, known.string if known else "", locations=places)
    return new


def missing(catalogue: Catalog) -> list[str]:
    return [str(message.id) for message in catalogue if message.id and not message.string]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    catalogue = fresh_catalogue()
    if not options.check:
        PO.parent.mkdir(parents=True, exist_ok=True)
        with PO.open("wb") as file:
            write_po(file, catalogue, width=100, sort_output=True, include_lineno=False)
        with PO.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)
    for word in missing(catalogue):
        sys.stdout.write(f"no English: {word}\n")
    sys.exit(1 if missing(catalogue) else 0)


if __name__ == "__main__":
    main()
