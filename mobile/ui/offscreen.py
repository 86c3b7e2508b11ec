"""A window without a display: for tests, for screenshots and for the played day.

Must be called before anything imports Kivy's window.
"""

import os
import sys
import tempfile
from pathlib import Path

WIDTH, HEIGHT, DENSITY = 720, 1560, 2
_prepared = False


def prepare(home: Path | None = None) -> None:
    """Set Kivy up off-screen as a phone of 720 × 1560 pixels at density 2.

    `home` is Kivy's own folder (a new temporary one when absent), so that nothing of the
    developer's settings leaks in. Once is enough: a second call changes nothing. Raises
    `RuntimeError` when Kivy has a window of another kind already.
    """
    global _prepared  # noqa: PLW0603  one process has one window
    if _prepared:
        return
    if "kivy.core.window" in sys.modules:
        raise RuntimeError("prepare() comes before the first import of Kivy's window")
    os.environ.update(
        SDL_VIDEODRIVER="offscreen", KIVY_NO_ARGS="1", KIVY_LOG_MODE="PYTHON",
        KIVY_NO_FILELOG="1", KIVY_CLIPBOARD="sdl2", KIVY_METRICS_DENSITY=str(DENSITY),
        KIVY_HOME=str(home or tempfile.mkdtemp(prefix="xuncheng-kivy-")),
    )  # fmt: skip
    from kivy.config import Config

    wanted = {"width": WIDTH, "height": HEIGHT, "multisamples": 0, "maxfps": 0, "vsync": 0,
              "resizable": 0}  # fmt: skip
    for name, value in wanted.items():
        Config.set("graphics", name, str(value))
    for name, _ in list(Config.items("input")):
        Config.remove_option("input", name)
    _prepared = True
