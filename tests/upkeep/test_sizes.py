"""No file and no function grows beyond what a reader can hold. The tail is what hurts."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 500
LONGEST_FUNCTION = 60


def _modules() -> list[Path]:
    folders = ("sync", "server", "mobile", "bench", "scripts", "tests")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if "versions" not in path.parts]


def test_no_module_is_longer_than_a_sitting():
    lengths = {path: len(path.read_text().splitlines()) for path in _modules()}
    assert {str(path): n for path, n in lengths.items() if n > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in _modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []
