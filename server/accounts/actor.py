"""Who does something, as rules and events need to know it."""

from dataclasses import dataclass
from datetime import datetime

from sync.roles import Role


@dataclass(frozen=True)
class Actor:
    """A person acting, from the console or through a change of a device.

    `areas` are codes of six (district) or nine (street) digits. `observed_at` and `clock_skew_ms`
    are the device's word and how far its clock was off (device minus server: a clock that is ahead
    is positive); both empty for the console.
    """

    person_id: str
    name: str
    roles: frozenset[Role]
    areas: tuple[str, ...] = ()
    unit_id: str | None = None
    device_id: str | None = None
    change_id: str | None = None
    observed_at: datetime | None = None
    clock_skew_ms: int | None = None

    def works_in(self, area_code: str) -> bool:
        """Say whether `area_code` lies in one of this person's areas."""
        return area_code.startswith(self.areas)
