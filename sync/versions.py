"""Whether this app and that server understand each other (`docs/protocol.md`, hello)."""

from sync.errors import Refused
from sync.messages import PROTOCOL
from sync.remote import Hello


def version_key(text: str) -> tuple[int, ...]:
    """Return `1.10.2` as (1, 10, 2); what is not a number counts as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in text.split("."))


def check_hello(hello: Hello, app_version: str) -> None:
    """Raise `Refused("unsupported_protocol")` when the app must be renewed before it may sync.

    Nothing on the device is touched: records wait until the new app sends them.
    """
    too_old = version_key(app_version) < version_key(hello.min_app_version)
    if PROTOCOL not in hello.protocols or too_old:
        raise Refused("unsupported_protocol", detail=f"min_app_version {hello.min_app_version}")
