"""Signing in: with the server when it can be reached, else against what the device remembers."""

import os
from dataclasses import dataclass

from mobile.device.devices import Devices
from mobile.store.home import DeviceHome, KnownPerson
from mobile.store.summary import sync_summary
from mobile.transfer.http import Call, exchange
from mobile.transfer.parsing import expecting
from mobile.transfer.remote import HttpRemote
from mobile.transfer.tokens import TokenKeeper, Tokens
from mobile.version import APP_VERSION
from sync.errors import CATALOGUE, Refused, Unavailable, XunchengError
from sync.messages import PROTOCOL, Json
from sync.remote import LinkDown, ServerSaidNo, SignInNeeded

SERVER = "server"  # the device's setting with the server's address


@dataclass(frozen=True)
class SignedIn:
    """`online` is False when the device let the person in by itself.

    `revoked`: the server will have nothing more to do with this device; what it holds can be
    rescued (`mobile.rescue`).
    """

    person: KnownPerson
    online: bool
    revoked: bool = False


def sign_in(home: DeviceHome, devices: Devices, username: str, password: str) -> SignedIn:
    """Let a person in. Blocks for up to 15 s: call it off the UI thread.

    Raises `Refused("bad_credentials" | "locked_out" | "device_revoked" | "demo_only")`, or
    `Unavailable("no_connection")` when the person is new here and the server cannot be reached.
    """
    try:
        person = _with_server(home, devices, username, password)
    except LinkDown as down:
        return _offline(home, devices, username, password, down)
    except ServerSaidNo as no:
        if no.status >= 500 or no.status == 429:
            return _offline(home, devices, username, password, no)
        if no.code == "device_revoked" and _is_known(home, username):
            return SignedIn(unlock(home, devices, username, password), online=False, revoked=True)
        if no.status == 401 and (home.is_pin(username, password) or _is_locked(home, username)):
            # A PIN, or the former password that still seals what is on this device.
            return _offline(home, devices, username, password, no)
        raise refused(no) from no
    return SignedIn(person, online=True)


def unlock(home: DeviceHome, devices: Devices, username: str, secret: str) -> KnownPerson:
    """Open the app again with password or PIN, never asking the network.

    Raises `Refused("bad_credentials" | "locked_out")`.
    """
    person = home.check_offline(username, secret, devices.clock.read().wall)
    if person is None:
        raise Refused("bad_credentials")
    return person


def sign_out(home: DeviceHome, devices: Devices, person_id: str) -> bool:
    """End the session. With unsent work the app only locks: returns False and keeps the session."""
    store = home.open_person(person_id)
    try:
        if not sync_summary(store).all_sent:
            return False
    finally:
        store.close()
    keeper = TokenKeeper(devices.keys, person_id)
    try:
        remote_of(home, devices, person_id).sign_out()
    except (LinkDown, ServerSaidNo, SignInNeeded):
        pass  # the tokens are forgotten here; the server ends the session when they expire
    finally:
        keeper.forget()
    return True


def change_password(
    home: DeviceHome, devices: Devices, person: KnownPerson, old: str, new: str
) -> None:
    """Change the password on the server and for offline use. Off the UI thread.

    Raises `Refused` with the server's code, or `Unavailable("no_connection")`.
    """
    remote = remote_of(home, devices, person.id)
    try:
        remote.change_password(old, new)
    except LinkDown as down:
        raise Unavailable("no_connection", detail=str(down)) from down
    except ServerSaidNo as no:
        raise refused(no) from no
    except SignInNeeded as ended:
        raise Refused("token_expired") from ended
    finally:
        remote.close()
    home.remember_person(person, new, devices.clock.read().wall)


def remote_of(home: DeviceHome, devices: Devices, person_id: str) -> HttpRemote:
    """Return the server as this person's session on this device sees it."""
    return HttpRemote(
        home.setting(SERVER),
        home.device_id,
        TokenKeeper(devices.keys, person_id),
        devices.clock,
        home.folder / "scratch",
        devices.connect(),
    )


def refused(no: ServerSaidNo) -> XunchengError:
    """Return the server's refusal as an error that a screen can show."""
    code = no.code if no.code in CATALOGUE else "server_error"
    return Refused(code, fields=no.fields, detail=no.message, retry_after=no.retry_after)


def _with_server(home: DeviceHome, devices: Devices, username: str, password: str) -> KnownPerson:
    body: Json = {
        "username": username,
        "password": password,
        "device": {
            "id": home.device_id,
            "name": home.setting("device_name") or os.uname().nodename,
            "app_version": APP_VERSION,
            "protocol": PROTOCOL,
        },
    }
    if not home.setting(SERVER):
        raise LinkDown("no server is set")
    with devices.connect() as session:
        answer = exchange(session, home.setting(SERVER), Call("POST", "/api/v1/sign-in", body))
    with expecting("sign-in"):
        person = known_person(answer.json["person"], username)
        tokens = Tokens(answer.json["access_token"], answer.json["refresh_token"])
        last_n = int(answer.json["last_n"])
    TokenKeeper(devices.keys, person.id).keep(tokens)
    home.remember_person(person, password, devices.clock.read().wall)
    store = home.open_person(person.id)
    store.outbox.raise_n(last_n)
    store.close()
    return person


def known_person(raw: Json, username: str) -> KnownPerson:
    """Return a person as `sign-in` or a `person` row of the feed describes them."""
    return KnownPerson(
        id=raw["id"],
        username=str(raw.get("username") or username),
        name=raw["name"],
        roles=tuple(raw["roles"]),
        areas=tuple(raw["areas"]),
        unit_id=raw.get("unit_id"),
    )


def _is_locked(home: DeviceHome, username: str) -> bool:
    people = [person.id for person in home.people() if person.username == username]
    return any(home.keyring.is_locked(person_id) for person_id in people)


def _is_known(home: DeviceHome, username: str) -> bool:
    return any(person.username == username for person in home.people())


def _offline(
    home: DeviceHome, devices: Devices, username: str, password: str, why: Exception
) -> SignedIn:
    if not _is_known(home, username):
        raise Unavailable("no_connection", detail=str(why)) from why
    return SignedIn(unlock(home, devices, username, password), online=False)
