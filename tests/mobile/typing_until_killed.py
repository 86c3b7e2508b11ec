"""Run as a process of its own: opens the app, photographs, types, says so, waits to be killed."""

import sys
import time
from pathlib import Path

from mobile.ui import offscreen

offscreen.prepare()

from mobile.store.home import DeviceHome
from tests.mobile.driver import Phone


def main(folder: Path, camera: Path) -> None:
    phone = Phone(DeviceHome(folder), camera)
    hand = phone.sign_in()
    hand.tap(lambda widget: type(widget).__name__ == "CameraButton")
    hand.wait(lambda: phone.page.name == "report" and phone.page.photo_count == 1)
    hand.write(lambda widget: getattr(widget, "label", "") == "说明", "井盖缺失，有危险")
    phone.settle()
    sys.stdout.write("typed\n")
    sys.stdout.flush()
    time.sleep(600)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
