"""The commands that the documents name exist, and those that exist are documented."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from server.cli import main

ROOT = Path(__file__).parents[2]
COMMANDS = (ROOT / "docs/commands.md").read_text()
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if page.name != "CHANGELOG.md"
)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _help(module: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_server_command_is_documented():
    assert [name for name in sorted(main.commands) if f"`{name}" not in COMMANDS] == []


def test_every_part_with_commands_is_collected():
    collected = {command.callback.__module__ for command in main.commands.values()}
    parts = {f"server.{path.parent.name}.commands" for path in ROOT.glob("server/*/commands.py")}
    assert parts <= collected


@pytest.mark.parametrize("module", ["server", "mobile"])
def test_help_lists_what_can_be_done(module: str):
    listed = _help(module)
    section = COMMANDS.split(f"python -m {module}", 1)[1].split("\n## ")[0]
    documented = re.findall(rf"^\| `(?:python -m {module} )?([a-z][a-z-]+)", section, re.MULTILINE)
    assert documented
    assert [name for name in documented if name not in listed] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_names_only_commands_that_exist(page: Path):
    text = page.read_text()
    servers = set(re.findall(r"python -m server ([a-z][a-z-]+)", text))
    targets = set(re.findall(r"`make ([a-z][a-z-]*)", text))
    assert servers <= set(main.commands)
    assert targets <= TARGETS


def test_help_makes_nothing(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "server", "--help"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "XUNCHENG_HOME": str(tmp_path / "home")},
        capture_output=True,
        check=True,
    )
    assert b"serve" in done.stdout
    assert not list(tmp_path.iterdir())
