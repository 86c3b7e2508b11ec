"""The app: from the start of its process to the first frame on the screen."""

import subprocess
import sys
import time

from bench.figures import Figure, percentile
from bench.stage import folder
from tests.server_process import ROOT

STARTS = 5


def measure_app_start() -> list[Figure]:
    """Start the app in a window of 720 × 1560 pixels without a display, five times after one."""
    with folder() as place:
        (place / "pictures").mkdir()
        times = [_start(str(place)) for _ in range(1 + STARTS)]
    return [
        Figure("app start to first frame, first time", times[0], "s"),
        Figure("app start to first frame, again, p50", percentile(times[1:], 0.5), "s"),
    ]


def _start(place: str) -> float:
    command = [sys.executable, "-m", "bench.first_frame", place]
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        spent = time.perf_counter() - started
    if line != "first frame\n":
        raise RuntimeError("the app ended before its first frame")
    return spent
