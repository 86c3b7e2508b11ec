"""All ports of an Android phone together."""

from mobile.device.android.battery import PhoneBattery
from mobile.device.android.camera import PhoneCamera
from mobile.device.android.location import SatelliteLocator
from mobile.device.android.network import PhoneNetwork
from mobile.device.android.vault import KeystoreVault
from mobile.device.clock import DeviceClock
from mobile.device.devices import Devices
from mobile.store.home import DeviceHome


def phone_devices(home: DeviceHome) -> Devices:
    """Return the phone's own parts. Permissions are asked for when each is first used."""
    keys = KeystoreVault(home.folder / "vault.json")
    home.keyring.use(keys)
    return Devices(
        camera=PhoneCamera(home.folder / "camera"),
        locator=SatelliteLocator(),
        connectivity=PhoneNetwork(),
        power=PhoneBattery(),
        keys=keys,
        clock=DeviceClock(home),
    )
