"""The pinned requirements agree with pyproject.toml, with each other, and with the imports."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SERVER = PROJECT["project"]["dependencies"]
MOBILE = PROJECT["dependency-groups"]["mobile"]
DEV = PROJECT["dependency-groups"]["dev"]


def _pins(name: str) -> dict[str, str]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    pins = [re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", line) for line in lines if line]
    assert all(pins), f"{name} has a line that is not an exact version"
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


@pytest.mark.parametrize(
    ("file", "loose"),
    [
        ("requirements.txt", SERVER),
        ("requirements-mobile.txt", MOBILE),
        ("requirements-dev.txt", [*SERVER, *MOBILE, *DEV]),
    ],
)
def test_every_constraint_has_a_pin_that_meets_it(file: str, loose: list[str]):
    pins = _pins(file)
    wrong = [
        text
        for text in loose
        if (asked := Requirement(text)) and not asked.specifier.contains(
            pins.get(canonicalize_name(asked.name), "0")
        )
    ]  # fmt: skip
    assert wrong == []


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-mobile.txt"])
def test_the_smaller_sets_are_cut_from_the_widest(file: str):
    assert _pins(file).items() <= _pins("requirements-dev.txt").items()


def _imported(folder: str) -> set[str]:
    """Return the distributions that the code in `folder` imports, as canonical names."""
    names: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    own = {"server", "mobile", "sync", "tests", "bench", "jnius", "android"}
    known = packages_distributions()
    third = names - sys.stdlib_module_names - own
    return {canonicalize_name(known.get(name, [name])[0]) for name in third}


def _named(loose: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in loose}


def test_the_server_declares_what_it_imports():
    assert _imported("server") | _imported("sync") <= _named(SERVER)


def test_the_app_declares_what_it_imports():
    assert _imported("mobile") | _imported("sync") <= _named(MOBILE)


def test_nothing_is_declared_that_the_server_never_imports():
    # Needed at run time without an import of ours: a driver by URL, time zones by name.
    by_name = {"psycopg", "tzdata", "jinja2"}
    assert _named(SERVER) - _imported("server") - _imported("sync") <= by_name
