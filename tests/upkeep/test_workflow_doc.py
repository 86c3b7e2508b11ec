"""`docs/workflow.md` is what the table says."""

import subprocess
import sys
from pathlib import Path

from server.cases.workflow import MOVE_NAMES, MOVES, STATE_NAMES, Move, State

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "workflow.md"


def test_the_page_is_what_the_command_prints():
    printed = subprocess.run(
        [sys.executable, "-m", "server", "workflow"], cwd=ROOT, capture_output=True, check=True
    )
    assert PAGE.read_bytes() == printed.stdout, "run: python -m server workflow > docs/workflow.md"


def test_every_state_and_move_is_on_the_page_with_its_chinese_name():
    page = PAGE.read_text()
    assert all(f"`{state}` | {STATE_NAMES[state].zh}" in page for state in State)
    assert all(f"`{move}` {MOVE_NAMES[move].zh}" in page for move in Move)


def test_every_move_of_the_table_is_a_line():
    lines = PAGE.read_text().splitlines()
    for (state, move), rule in MOVES.items():
        found = [line for line in lines if line.startswith(f"| `{state}` | `{move}` ")]
        assert len(found) == 1
        assert all(role in found[0] for role in rule.roles)
