"""What is in the navigation: only what the person may use."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from server.accounts.actor import Actor
from sync.roles import UNIT_ROLES, Role

OFFICE = frozenset({Role.ACCEPTOR, Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER, Role.ADMIN})
DECIDERS = frozenset({Role.DISPATCHER, Role.SUPERVISOR})
ATTENTION_READERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
DEVICE_READERS = frozenset({Role.ADMIN, Role.SQUAD_LEADER, Role.SUPERVISOR})


@dataclass(frozen=True)
class Entry:
    """One line of the navigation; `key` opens it together with `g`."""

    endpoint: str
    label: object
    icon: str
    roles: frozenset[Role] | None
    key: str
    values: tuple[tuple[str, str], ...] = ()

    def open_to(self, actor: Actor) -> bool:
        return self.roles is None or bool(actor.roles & self.roles)


ENTRIES = (
    Entry("console.today", _l("今日"), "home", None, "t"),
    Entry("console.cases", _l("案件"), "list-details", None, "c"),
    Entry(
        "console.queue", _l("受理"), "inbox", frozenset({Role.ACCEPTOR}), "s", (("name", "intake"),)
    ),
    Entry(
        "console.queue",
        _l("派遣"),
        "send",
        frozenset({Role.DISPATCHER}),
        "p",
        (("name", "dispatch"),),
    ),
    Entry(
        "console.queue",
        _l("核查结案"),
        "checks",
        frozenset({Role.ACCEPTOR}),
        "h",
        (("name", "closing"),),
    ),
    Entry("console.requests", _l("申请"), "hourglass", DECIDERS, "q"),
    Entry("console.unit", _l("本单位"), "building", UNIT_ROLES, "u"),
    Entry("console.intake", _l("登记"), "phone-call", frozenset({Role.ACCEPTOR}), "n"),
    Entry("console.map_page", _l("地图"), "map-2", None, "m"),
    Entry("console.attention", _l("同步待办"), "alert-triangle", ATTENTION_READERS, "a"),
    Entry("console.devices", _l("设备"), "device-mobile", DEVICE_READERS, "d"),
    Entry("console.settings", _l("设置"), "settings", frozenset({Role.ADMIN}), "e"),
)


def entries_for(actor: Actor) -> list[Entry]:
    """Return the navigation of this person, in order."""
    return [entry for entry in ENTRIES if entry.open_to(actor)]
