"""What can be known of the phone's package without an Android SDK: the spec, and what goes in."""

import ast
import re
import sys
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path

import pytest

from mobile.version import APP_VERSION

ROOT = Path(__file__).parents[2]
SPEC = ConfigParser(interpolation=None)
SPEC.read(ROOT / "buildozer.spec", encoding="utf-8")
APP = SPEC["app"]
# Part of python-for-android itself, there on every device.
OF_ANDROID = {"android", "jnius"}
# Imported where they are there; the app says so and goes on without them.
OPTIONAL = {"pillow_heif"}
DESKTOP_ONLY = {"mobile/__main__.py", "mobile/play_day.py", "mobile/ui/offscreen.py",
                "mobile/ui/hand.py"}  # fmt: skip
MODULE_OF = {"pillow": "PIL", "pyjnius": "jnius"}


def listed(name: str) -> list[str]:
    return [part.strip() for part in APP[name].split(",") if part.strip()]


def packaged(path: Path) -> bool:
    """Say whether buildozer takes a file along."""
    name = path.relative_to(ROOT).as_posix()
    excluded = any(name.startswith(f"{folder}/") for folder in listed("source.exclude_dirs"))
    wanted = any(fnmatch(name, pattern) for pattern in listed("source.include_patterns"))
    return wanted and not excluded and path.suffix[1:] in listed("source.include_exts")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_everything_the_app_is_made_of_goes_along() -> None:
    ignored = {".pyc", ".po", ".pot", ".md", ".ttx"}
    parts = [path for folder in ("mobile", "sync") for path in (ROOT / folder).rglob("*.*")]
    left_out = [path for path in parts if path.suffix not in ignored and not packaged(path)]
    assert left_out == []


def test_what_the_app_imports_is_required_of_the_package() -> None:
    required = {re.split(r"[=<>]", part)[0] for part in listed("requirements")}
    there = {MODULE_OF.get(name, name) for name in required} | OF_ANDROID | OPTIONAL
    known = there | set(sys.stdlib_module_names) | {"mobile", "sync"}
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in ("mobile", "sync")
        for path in (ROOT / folder).rglob("*.py")
        if path.relative_to(ROOT).as_posix() not in DESKTOP_ONLY
        for name in imports(path) - known
    }
    assert missing == set()


@pytest.mark.parametrize("name", ["orjson", "zstandard", "msgpack", "msgspec"])
def test_what_has_no_recipe_stays_off_the_phone(name: str) -> None:
    assert name not in APP["requirements"]


def test_pinned_requirements_are_those_of_the_desktop() -> None:
    pins = (ROOT / "requirements-mobile.txt").read_text()
    pinned = [part for part in listed("requirements") if "==" in part]
    assert pinned
    assert [part for part in pinned if part not in pins] == []


def test_the_service_may_send_in_the_foreground() -> None:
    name, entry, kind, what = APP["services"].split(":")
    assert (ROOT / entry).exists()
    assert (kind, what) == ("foreground", "foregroundServiceType=dataSync")
    assert f"Service{name}" in (ROOT / "main.py").read_text()
    needed = {"FOREGROUND_SERVICE", "FOREGROUND_SERVICE_DATA_SYNC", "POST_NOTIFICATIONS"}
    assert needed <= set(listed("android.permissions"))


def test_every_permission_the_code_asks_for_is_declared() -> None:
    code = "".join(path.read_text() for path in (ROOT / "mobile/device/android").glob("*.py"))
    asked = set(re.findall(r"Permission\.([A-Z_]+)", code))
    assert asked <= set(listed("android.permissions"))


def test_the_package_has_the_apps_version() -> None:
    source = (ROOT / "mobile" / "version.py").read_text()
    found = re.search(APP["version.regex"], source)
    assert found is not None
    assert found[1] == APP_VERSION
