"""An officer's app that saves one report, begins another, and never ends by itself.

Run as `python -m tests.journeys.one_report FOLDER USERNAME CAMERA NOTE PICTURE…`; prints `SAVED`
once the first is saved, `BEGUN` once the second one's draft is, and then waits to be killed.
"""

import sys
from pathlib import Path

from mobile.ui import offscreen

offscreen.prepare()

from mobile.store.home import DeviceHome
from tests.journeys import steps
from tests.mobile.driver import Phone

CATEGORY = "暴露垃圾"
PLACE = (27.1138, 114.9864)


def main(folder: str, username: str, camera: str, note: str, *names: str) -> None:
    phone = Phone(DeviceHome(Path(folder)), Path(camera))
    steps.stand_at(phone, *PLACE)
    steps.sign_in(phone, username)
    pictures = [Path(camera) / name for name in names]
    steps.report(phone, pictures, CATEGORY, note)
    sys.stdout.write("SAVED\n")
    sys.stdout.flush()
    steps.begin_report(phone, pictures[:1], "第二条，还没写完")
    sys.stdout.write("BEGUN\n")
    sys.stdout.flush()
    while True:
        phone.hand.frames()


if __name__ == "__main__":
    main(*sys.argv[1:])
