"""What belongs to the device and not to one person: its id, who may open it, its settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mobile.store.person_store import PersonStore


@dataclass(frozen=True)
class KnownPerson:
    """Somebody who has signed in on this device at least once."""

    id: str
    username: str
    name: str
    roles: tuple[str, ...]
    areas: tuple[str, ...]
    unit_id: str | None = None

    def has_role(self, *roles: str) -> bool:
        raise NotImplementedError


class DeviceHome:
    """The folder of one device: `device.sqlite`, and one folder per person under `people/`."""

    def __init__(self, folder: Path) -> None: ...

    @property
    def device_id(self) -> str:
        """UUIDv7, made at the first start and never again."""
        raise NotImplementedError

    def people(self) -> Sequence[KnownPerson]:
        """Return the people who have signed in here, last one first."""
        raise NotImplementedError

    def remember_person(self, person: KnownPerson, password: str) -> None:
        """Let `person` open the app offline from now on (scrypt with a salt of their own)."""
        raise NotImplementedError

    def check_offline(self, username: str, password: str) -> KnownPerson | None:
        """Return the person when name and password (or PIN) match what was remembered, else None."""
        raise NotImplementedError

    def set_pin(self, person_id: str, pin: str) -> None:
        """Let the person open the app with a PIN of at least four digits. Raises `Refused("invalid")`."""
        raise NotImplementedError

    def setting(self, name: str, default: str = "") -> str:
        """Return a setting of the device (`server`, `language`, `text_size`, `photos_on_wifi_only`, …)."""
        raise NotImplementedError

    def set_setting(self, name: str, value: str) -> None:
        raise NotImplementedError

    def open_person(self, person_id: str) -> PersonStore:
        """Return the person's store, made when new."""
        raise NotImplementedError
