"""The foreground service that goes on sending when the app is not on the screen.

Android ends a background app's threads when it likes. While records or photos wait, the app starts
this service (type `dataSync`, with a notification that cannot be missed); it carries what waits and
ends. It shares the person's store with the app: SQLite lets one writer at a time through, and what
both should send twice the server takes once.
"""

import os
import time
from pathlib import Path

from mobile.device.devices import android_devices
from mobile.store.home import DeviceHome
from mobile.store.summary import sync_summary
from mobile.transfer.courier import Courier, Phase
from mobile.transfer.errands import run_errands

_LOOK_EVERY_S = 5.0
_ENDS = frozenset({Phase.SIGN_IN_NEEDED, Phase.REVOKED, Phase.UPDATE_NEEDED})


def carry(home: DeviceHome, person_id: str) -> None:
    """Send what waits for one person, until nothing does or a person is needed."""
    store = home.open_person(person_id)
    devices = android_devices(home)
    courier = Courier(home, store, person_id, devices)
    courier.start()
    try:
        while courier.status.phase not in _ENDS:
            time.sleep(_LOOK_EVERY_S)
            summary = sync_summary(store)
            if not (summary.unsent_records or summary.unsent_photos):
                break
    finally:
        courier.stop()
        store.close()
    run_errands(home, devices, person_id)


if __name__ == "__main__":
    # The app passes "<device folder>|<person id>" when it starts the service.
    _folder, _, _person = os.environ["PYTHON_SERVICE_ARGUMENT"].partition("|")
    carry(DeviceHome(Path(_folder)), _person)
