"""The person behind a browser's cookie: signing in and out, and who may open a page."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar

from flask import Response, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from server import clock
from server.accounts.actor import Actor
from server.accounts.models import Person
from server.accounts.people import actor_of
from server.db import db
from sync.errors import Refused
from sync.roles import Role

IDLE = timedelta(hours=4)
LONGEST = timedelta(hours=14)
_KEPT = ("language", "theme")

View = TypeVar("View", bound=Callable[..., Any])


def begin_visit(person: Person, now: datetime) -> None:
    """Make the browser's session this person's; everything an earlier one left is dropped."""
    kept = {name: session[name] for name in _KEPT if name in session}
    session.clear()
    session.update(kept)
    session.setdefault("language", person.language)
    session["person_id"] = person.id
    session["password_mark"] = _mark(person)
    session["began_at"] = session["seen_at"] = int(now.timestamp())


def end_visit() -> None:
    """Forget the person; keep language and colours."""
    kept = {name: session[name] for name in _KEPT if name in session}
    session.clear()
    session.update(kept)


def load_visitor() -> None:
    """Set `g.person` and `g.actor` from the cookie, or None when nobody is signed in."""
    g.person = g.actor = None
    person_id = session.get("person_id")
    if person_id is None:
        return
    person = db.session.get(Person, person_id)
    now = clock.now()
    if person is None or not person.active or not _still_valid(person, now):
        end_visit()
        return
    seen = int(now.timestamp())
    if seen - int(session["seen_at"]) > 60:  # not a new cookie with every picture
        session["seen_at"] = seen
    g.person = person
    g.actor = actor_of(person)


def visitor() -> Actor:
    """Return who is signed in. Only for views behind `requires`."""
    actor: Actor = g.actor
    return actor


def requires(*roles: Role) -> Callable[[View], View]:
    """Let in whoever holds one of `roles` (without any: everybody who is signed in)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if g.get("actor") is None:
                return to_sign_in()
            if roles and not visitor().roles.intersection(roles):
                raise Refused("not_allowed")
            return view(*args, **kwargs)

        return guarded  # type: ignore[return-value]

    return decorate


def to_sign_in() -> BaseResponse:
    """Send the browser to the sign-in page, and back here afterwards."""
    fragment = "HX-Request" in request.headers
    back = request.headers.get("HX-Current-URL", "/") if fragment else request.full_path
    target = url_for("console.sign_in", next=back if request.method == "GET" else None)
    if fragment:
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target)


def safe_target(target: str | None) -> str:
    """Return `target` if it is a path of this server, else the first page."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        return target.rstrip("?")
    return url_for("console.today")


def _still_valid(person: Person, now: datetime) -> bool:
    seen = int(now.timestamp())
    return (
        session.get("password_mark") == _mark(person)
        and seen - int(session.get("seen_at", 0)) < IDLE.total_seconds()
        and seen - int(session.get("began_at", 0)) < LONGEST.total_seconds()
    )


def _mark(person: Person) -> str:
    """A new password ends every visit that began with the old one."""
    return hashlib.sha256(person.password_hash.encode()).hexdigest()[:16]
