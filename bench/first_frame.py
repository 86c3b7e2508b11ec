"""Run by `bench.app_start` in a process of its own: the officer's app up to its first frame."""

import sys
from pathlib import Path

from mobile.ui import offscreen

offscreen.prepare()  # Kivy reads its settings when it is imported

from kivy.core.window import Window

from mobile.device.devices import desktop_devices
from mobile.store.home import DeviceHome
from mobile.ui.app import OfficerApp


def main(folder: Path) -> None:
    home = DeviceHome(folder)
    app = OfficerApp(home, desktop_devices(home, folder / "pictures"))

    def shown(*_: object) -> None:
        sys.stdout.write("first frame\n")
        sys.stdout.flush()
        app.stop()

    Window.bind(on_flip=shown)
    app.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
