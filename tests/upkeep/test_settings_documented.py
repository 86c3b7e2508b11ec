"""docs/settings.md says everything about the settings that exist, and nothing about others."""

import re
from pathlib import Path

from server.config import FIELDS, PREFIX

ROOT = Path(__file__).parents[2]
_ROW = re.compile(rf"^\| `{PREFIX}([A-Z_]+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


def _documented() -> dict[str, str]:
    return {name: what for name, what, _ in _ROW.findall((ROOT / "docs/settings.md").read_text())}


def test_every_setting_has_a_row():
    assert sorted(_documented()) == sorted(FIELDS)


def test_the_row_says_what_the_program_says():
    wrong = {name for name, what in _documented().items() if FIELDS[name].split(";")[0] != what}
    assert not wrong


def test_nobody_else_reads_the_environment():
    readers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("server", "sync")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.(environ|getenv)", path.read_text())
    ]
    assert readers == ["server/config.py"]


def test_deployment_examples_use_existing_settings():
    used = {
        name
        for path in (ROOT / "deploy").rglob("*")
        if path.is_file()
        for name in re.findall(rf"{PREFIX}([A-Z_]+)", path.read_text())
    }
    assert used
    assert used <= set(FIELDS)
