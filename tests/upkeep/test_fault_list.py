"""Every fault of the list has its row, and every test that a row names exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "fault-list.md"
FAULTS = """
answer lost after commit
same batch twice at once
same id other content
cut mid-request
cut mid-answer
server killed before and after commit
client killed at every commit
disk full on the device: row
disk full on the device: photo
disk full on the device: page
disk full on the server: database
disk full on the server: photo store
record changed while pages are read
push racing pull on one record
local edit between send and receipt
update before create, create never comes
delete against edit
two devices, same field
two devices, different fields
one poison change among 199 good
one change over the size limit
401 in mid-sync
token expiring during a photo
429/503 with seconds, date, absurd, missing `Retry-After`
captive portal
officer moved with pending work, and moved back
record moved between scopes
bootstrap interrupted at each step
cursor older than the tombstones with a full outbox
server restored from yesterday's backup
device restored from a backup (repeated `n`)
user switch with a full outbox
clock +10 years
clock −10 years
clock jump in mid-sync
old app, new server
new app, old server
corrupt row in a page
digest mismatch
device database corrupted
two PATCHes at the same offset
bit flip under checksum
photo file changed or gone between chunks
zero-byte photo
upload expired at 99 %
gzip bomb
truncated gzip
300 devices at once after a day offline
two rounds started at once on one device
bulk import of 100,000 rows during polling
""".strip().splitlines()
_ROW = re.compile(r"^\| (?P<fault>.+?) \| (?P<proof>.+) \|$", re.MULTILINE)
_PART = re.compile(r"`(?P<file>tests/[\w/]+\.py)`: (?P<tests>(?:`test_\w+`(?:, )?)+)")


def rows() -> dict[str, str]:
    found = {match["fault"]: match["proof"] for match in _ROW.finditer(PAGE.read_text())}
    return {fault: proof for fault, proof in found.items() if fault not in ("fault", "---")}


def named(proof: str) -> list[tuple[Path, str]]:
    """Return (file, function) of each test that a row names."""
    return [
        (ROOT / part["file"], test)
        for part in _PART.finditer(proof)
        for test in re.findall(r"`(test_\w+)`", part["tests"])
    ]


def functions_of(path: Path) -> set[str]:
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_page_has_a_row_for_every_fault_and_no_other():
    assert list(rows()) == FAULTS


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_proved_by_tests_that_exist(fault: str):
    proof = rows()[fault]
    tests = named(proof)
    assert tests
    assert len(tests) == len(re.findall(r"`test_\w+`", proof))
    missing = [f"{path.name}: {test}" for path, test in tests if test not in functions_of(path)]
    assert missing == []


def test_every_test_of_a_fault_stands_on_the_page():
    """A test that no row names, and whose file is not described beside the list, is forgotten."""
    rows_, _, beside = PAGE.read_text().partition("Beside the list")
    forgotten = [
        f"{path.name}: {name}"
        for path in (ROOT / "tests" / "faults").glob("test_*.py")
        for name in functions_of(path)
        if name.startswith("test_") and f"`{name}`" not in rows_ and path.name not in beside
    ]
    assert forgotten == []
