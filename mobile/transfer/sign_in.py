"""Signing in: with the server when it can be reached, else against what the device remembers."""

from dataclasses import dataclass

from mobile.device.devices import Devices
from mobile.store.home import DeviceHome, KnownPerson


@dataclass(frozen=True)
class SignedIn:
    """`online` is False when the device let the person in by itself."""

    person: KnownPerson
    online: bool


def sign_in(home: DeviceHome, devices: Devices, username: str, password: str) -> SignedIn:
    """Let a person in. Blocks for up to 15 s: call it off the UI thread.

    Raises `Refused("bad_credentials" | "locked_out" | "device_revoked" | "demo_only")`, or
    `Unavailable("no_connection")` when the person is new here and the server cannot be reached.
    """
    raise NotImplementedError


def sign_out(home: DeviceHome, devices: Devices, person_id: str) -> bool:
    """End the session. With unsent work the app only locks: returns False and keeps the session."""
    raise NotImplementedError
