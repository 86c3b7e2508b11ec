"""All ports together, for the machine the app runs on."""

from dataclasses import dataclass
from pathlib import Path

from mobile.device.camera import Camera
from mobile.device.clock import Clock
from mobile.device.connectivity import Connectivity
from mobile.device.keys import KeyVault
from mobile.device.location import Locator
from mobile.device.power import Power
from mobile.store.home import DeviceHome


@dataclass(frozen=True)
class Devices:
    camera: Camera
    locator: Locator
    connectivity: Connectivity
    power: Power
    keys: KeyVault
    clock: Clock


def desktop_devices(home: DeviceHome, pictures: Path) -> Devices:
    """Return stand-ins: a folder of pictures as the camera, a simulated walk as the position."""
    raise NotImplementedError


def android_devices(home: DeviceHome) -> Devices:
    """Return the phone's own camera, position, network, battery and key store (pyjnius)."""
    raise NotImplementedError
