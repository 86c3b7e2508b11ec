"""The app in a window on a desk: shaped like a phone, small enough for an office screen.

Must be called before anything imports Kivy's window.
"""

import os

WIDTH, HEIGHT = 400, 720


def prepare() -> None:
    """Set Kivy up for a phone-shaped window that the mouse works as one finger would."""
    # Kivy's own command line would swallow ours; its log goes where the program's goes.
    os.environ.update(KIVY_NO_ARGS="1", KIVY_LOG_MODE="PYTHON", KIVY_NO_FILELOG="1")
    from kivy.config import Config

    Config.set("graphics", "width", str(WIDTH))
    Config.set("graphics", "height", str(HEIGHT))
    Config.set("graphics", "minimum_width", str(WIDTH * 4 // 5))
    Config.set("graphics", "minimum_height", str(HEIGHT * 4 // 5))
    Config.set("input", "mouse", "mouse,disable_multitouch")
    Config.set("kivy", "exit_on_escape", "0")  # Escape is the way back
