"""What each reader of a shop front may see."""

from typing import Any

from server.accounts.actor import Actor
from sync.roles import Role

# Who calls on the shop, or answers for those who do. Others see the middle of the number hidden
# (PIPL Art 6: no more than the purpose needs).
PHONE_READERS = frozenset({Role.OFFICER, Role.SQUAD_LEADER, Role.SUPERVISOR})


def masked(number: str) -> str:
    """Return a telephone number with its middle hidden: `138****5678`."""
    if len(number) < 8:
        return "*" * len(number)
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"


def premises_for(data: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Return a premises row as `actor` may see it."""
    number = data.pop("_operator_phone", None)
    if number and not actor.roles & PHONE_READERS:
        number = masked(number)
    return data | {"operator_phone": number}
