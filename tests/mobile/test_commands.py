"""`python -m mobile`: what it lists, and the day that it plays against the real server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.server_process import ROOT, ServerProcess


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mobile", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_the_commands() -> None:
    listed = run("--help").stdout
    assert "run" in listed
    assert "play-day" in listed


@pytest.mark.timeout(400)
def test_a_day_is_played_through_the_real_app(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    pictures = tmp_path / "pictures"
    done = run(
        "play-day", "--server", server_process.url, "--home", str(tmp_path / "phone"),
        "--pictures", str(pictures),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    cases = re.findall(r"case (\S+): (\w+), (due [\d-]+ [\d:]+|no deadline)", done.stdout)
    assert [state for _, state, _ in cases] == ["dispatched", "closed", "dispatched"]
    assert [due.startswith("due") for _, _, due in cases] == [True, False, True]
    assert "0 records need attention" in done.stdout
    shots = sorted(pictures.glob("*.png"))
    assert len(shots) >= 10
    with Image.open(shots[-1]) as shot:
        assert shot.size == (720, 1560)


def test_without_a_server_the_day_ends_with_a_reason(tmp_path: Path) -> None:
    done = run(
        "play-day", "--server", "http://127.0.0.1:9", "--home", str(tmp_path / "phone"),
        "--pictures", str(tmp_path / "pictures"),
    )  # fmt: skip
    assert done.returncode == 1
    assert "http://127.0.0.1:9" in done.stdout


def test_the_window_on_a_desk_is_shaped_like_a_phone() -> None:
    asked = """
from mobile.ui import onscreen
onscreen.prepare()
from kivy.core.window import Window
print(*Window.size)
"""
    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=ROOT,
        env=os.environ | {"SDL_VIDEODRIVER": "offscreen", "KIVY_METRICS_DENSITY": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[-2:] == ["400", "720"]
