"""The documents hold together: links lead somewhere, and no machine of ours shows through."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TEXT = {".py", ".md", ".toml", ".txt", ".kv", ".html", ".conf", ".service", ".spec", ".example"}


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).exists()]


PAGES = [path for path in _tracked() if path.suffix == ".md"]


def _anchors(page: Path) -> set[str]:
    """Return the addresses of a page's headings as GitHub makes them."""
    headings = _HEADING.findall(page.read_text())
    return {re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    broken = []
    for target in _LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name) if name else page
        if not other.exists() or (anchor and anchor not in _anchors(other)):
            broken.append(target)
    assert broken == []


def test_no_path_of_one_machine_is_written_down():
    """A path below somebody's home works on one machine only."""
    pattern = re.compile(r"(?<![\w.])/(?:work|root|home/[a-z]+)/[\w.-]+")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in _tracked()
        if path.suffix in _TEXT or path.parent.name in ("scripts", ".ci")
        for match in pattern.finditer(path.read_text(errors="replace"))
    ]
    assert found == []


def test_the_changelog_has_a_place_for_what_comes():
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## (Unreleased|\d+\.\d+\.\d+)", text, re.MULTILINE)
