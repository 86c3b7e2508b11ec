"""The app's entry on a device: Buildozer starts this file."""

from pathlib import Path

from mobile.device.devices import android_devices
from mobile.store.home import DeviceHome
from mobile.ui.app import OfficerApp


def main() -> None:
    """Run the app over the phone's own parts, in the folder that Android gives to it."""
    from android.storage import app_storage_path

    home = DeviceHome(Path(app_storage_path()) / "device")
    OfficerApp(home, android_devices(home)).run()


if __name__ == "__main__":
    main()
