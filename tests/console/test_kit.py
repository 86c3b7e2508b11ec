"""Vendored files are the published ones, each with its licence; templates name only own files."""

import hashlib
import re
from pathlib import Path

CONSOLE = Path(__file__).parent.parent.parent / "server" / "console"
VENDOR = CONSOLE / "static" / "vendor"


def test_vendored_files_are_as_published() -> None:
    for line in (VENDOR / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


def test_every_vendored_folder_has_its_licence() -> None:
    folders = [folder for folder in VENDOR.iterdir() if folder.is_dir()]
    assert folders and all((folder / "LICENSE").is_file() for folder in folders)


def test_templates_and_styles_name_no_other_host() -> None:
    files = [*CONSOLE.rglob("*.html"), *(CONSOLE / "static" / "css").glob("*.css")]
    for file in files:
        assert not re.search(r"(?:https?:)?//\w+\.\w", file.read_text()), file.name
