"""Who is asking: the decorator of every API route that needs a signed-in person."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import current_app, g, request

from server import clock
from server.accounts.sessions import authenticate
from server.config import Settings
from sync.errors import Refused
from sync.roles import Role

P = ParamSpec("P")
R = TypeVar("R")


def requires_token(*roles: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let in only a signed-in person; with `roles`, only one who holds one of them.

    Sets `g.actor` (Actor), `g.username`, `g.device_id`, `g.session_id` and `g.former_areas`. Raises
    `Refused`: `token_invalid`, `token_expired`, `device_revoked`, `not_allowed`.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            identify()
            if roles and not g.actor.roles.intersection(roles):
                raise Refused("not_allowed")
            return view(*args, **kwargs)

        guarded.required_roles = frozenset(roles)  # type: ignore[attr-defined]
        return guarded

    return decorate


def identify() -> None:
    """Find out from the request's bearer token who is asking (see `requires_token`)."""
    settings: Settings = current_app.extensions["xuncheng_settings"]
    signed_in = authenticate(settings.secret_key, _bearer(), clock.now())
    g.actor = signed_in.actor
    g.username = signed_in.username
    g.device_id = signed_in.actor.device_id
    g.session_id = signed_in.session_id
    g.former_areas = signed_in.former_areas
    if not request.headers.get("Accept-Language"):
        g.language = signed_in.language


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("token_invalid")
    return token.strip()
