"""All ports together, for the machine the app runs on."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from mobile.device.camera import Camera
from mobile.device.clock import Clock, DeviceClock
from mobile.device.connectivity import Connectivity
from mobile.device.desktop.camera import FolderCamera
from mobile.device.desktop.connectivity import SwitchedConnectivity
from mobile.device.desktop.keys import FileVault
from mobile.device.desktop.location import Point, SimulatedLocation
from mobile.device.desktop.power import MainsPower
from mobile.device.keys import KeyVault
from mobile.device.location import Locator
from mobile.device.power import Power
from mobile.store.home import DeviceHome

# A walk in the demo district, along the streets around its middle (WGS-84).
DEMO_ROUTE: Sequence[Point] = (
    (27.1138, 114.9864),
    (27.1146, 114.9871),
    (27.1155, 114.9869),
    (27.1162, 114.9882),
)


@dataclass(frozen=True)
class Devices:
    """`connect` opens what requests travel through; the simulator's loses some on the way."""

    camera: Camera
    locator: Locator
    connectivity: Connectivity
    power: Power
    keys: KeyVault
    clock: Clock
    connect: Callable[[], requests.Session] = requests.Session


def desktop_devices(
    home: DeviceHome, pictures: Path, route: Sequence[Point] = DEMO_ROUTE
) -> Devices:
    """Return stand-ins: a folder of pictures as the camera, a simulated walk as the position.

    Data keys are kept in a file that only its owner may read: a desk has no key store.
    """
    keys = FileVault(home.folder / "keys.json")
    home.keyring.use(keys)
    return Devices(
        camera=FolderCamera(pictures),
        locator=SimulatedLocation(route),
        connectivity=SwitchedConnectivity(),
        power=MainsPower(),
        keys=keys,
        clock=DeviceClock(home),
    )


def android_devices(home: DeviceHome) -> Devices:
    """Return the phone's own camera, position, network, battery and key store (pyjnius)."""
    # Only a phone has the Java classes that this module asks for when it is imported.
    phone = importlib.import_module("mobile.device.android.phone")
    found: Devices = phone.phone_devices(home)
    return found
