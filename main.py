"""The app's entry on a device: Buildozer starts this file."""

from pathlib import Path

from android.storage import app_storage_path
from jnius import autoclass

from mobile.device.devices import android_devices
from mobile.store.home import DeviceHome
from mobile.store.summary import sync_summary
from mobile.ui.app import OfficerApp

_Activity = autoclass("org.kivy.android.PythonActivity")
_SERVICE = "org.xuncheng.officer.ServiceCourier"


class PhoneApp(OfficerApp):
    """The officer's app, which lets a service go on sending when it leaves the screen."""

    def on_pause(self) -> bool:
        desk = self.desk
        if desk is not None and not sync_summary(desk.store).all_sent:
            argument = f"{self.home.folder}|{desk.person.id}"
            autoclass(_SERVICE).start(_Activity.mActivity, argument)
        return super().on_pause()

    def on_resume(self) -> None:
        autoclass(_SERVICE).stop(_Activity.mActivity)
        super().on_resume()


def main() -> None:
    """Run the app over the phone's own parts, in the folder that Android gives to it."""
    home = DeviceHome(Path(app_storage_path()) / "device")
    # Rescue packages go where a cable or a file app finds them, without any permission.
    shared = _Activity.mActivity.getExternalFilesDir(None)
    if shared is not None:
        home.set_setting("rescue_folder", f"{shared.getAbsolutePath()}/rescue")
    PhoneApp(home, android_devices(home)).run()


if __name__ == "__main__":
    main()
