"""Sending for the others on a shared handheld: each outbox stays its owner's, and still goes out.

Whoever is signed in, the phone carries what everybody on it has left unsent, each with their own
session. Nobody's rows are shown to anybody else.
"""

import logging
from collections.abc import Callable

from mobile.device.connectivity import Network
from mobile.device.devices import Devices
from mobile.store.home import DeviceHome
from mobile.store.summary import sync_summary
from mobile.transfer.courier import Courier
from mobile.transfer.tokens import TokenKeeper
from sync.errors import XunchengError
from sync.remote import SignInNeeded

_log = logging.getLogger(__name__)


def run_errands(
    home: DeviceHome,
    devices: Devices,
    own_id: str | None,
    yields_to: Callable[[], bool] = lambda: False,
) -> int:
    """Do a round for everybody but `own_id` who has unsent work and a session; return for how many.

    Stops early when `yields_to` says that something more urgent has come.
    """
    helped = 0
    for person in home.people():
        if devices.connectivity.network() is Network.NONE or yields_to():
            break
        if person.id == own_id or not _has_session(devices, person.id):
            continue
        try:
            helped += _carry_for(home, devices, person.id, yields_to)
        except XunchengError as error:
            _log.info("nothing can be sent for %s: %s", person.id, error.code)
    return helped


def _has_session(devices: Devices, person_id: str) -> bool:
    try:
        TokenKeeper(devices.keys, person_id).current()
    except SignInNeeded:
        return False
    return True


def _carry_for(
    home: DeviceHome, devices: Devices, person_id: str, yields_to: Callable[[], bool]
) -> int:
    store = home.open_person(person_id)
    try:
        waiting = sync_summary(store)
        if not (waiting.unsent_records or waiting.unsent_photos):
            return 0
        courier = Courier(home, store, person_id, devices, yields_to=yields_to)
        courier.carry(frozenset({"timer"}))
        return 1
    finally:
        store.close()
