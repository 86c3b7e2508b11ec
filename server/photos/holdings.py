"""What a device may know about the photos that it named: held, refused, or still to come."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from server.accounts.actor import Actor
from server.db import db
from server.photos.inspection import inspect_photo
from server.photos.models import Photo, PhotoUse
from server.photos.uploads import Announce

OPEN_FOR_S = 1.0


@dataclass
class Holdings:
    """Hashes by what can be said of them, in the order asked for.

    `inspecting` are those of `verified` that nobody has opened as a picture yet; `refused` maps a
    hash to the code of its error.
    """

    verified: list[str] = field(default_factory=list)
    inspecting: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def holdings(
    actor: Actor,
    sha256s: Sequence[str],
    now: datetime,
    announce: Announce | None = None,
    waiting: Collection[str] = (),
) -> Holdings:
    """Say what is held of `sha256s`; what `actor` has not named is missing, whoever sent it.

    `waiting` are those that changes name which are not in force yet. Photos that the scheduler
    has not come to are opened here, for one second at most.
    """
    states = _states(actor, sha256s, waiting)
    until = time.monotonic() + OPEN_FOR_S
    for sha256, (opened, _) in states.items():
        if not opened and time.monotonic() < until:
            inspect_photo(sha256, now, announce)
    return _sorted_out(sha256s, _states(actor, sha256s, waiting))


def _states(
    actor: Actor, sha256s: Sequence[str], waiting: Collection[str]
) -> dict[str, tuple[bool, str | None]]:
    """Return (opened, refused code) of the photos that are held and that `actor` has named."""
    named = select(PhotoUse.sha256).where(
        PhotoUse.person_id == actor.person_id, PhotoUse.sha256.in_(sha256s)
    )
    held = select(Photo.sha256, Photo.inspected_at, Photo.refused_code).where(
        Photo.sha256.in_(named) | Photo.sha256.in_(set(sha256s).intersection(waiting)),
        Photo.verified_at.is_not(None),
    )
    return {
        sha256: (inspected_at is not None, refused_code)
        for sha256, inspected_at, refused_code in db.session.execute(held)
    }


def _sorted_out(sha256s: Sequence[str], states: dict[str, tuple[bool, str | None]]) -> Holdings:
    found = Holdings()
    for sha256 in dict.fromkeys(sha256s):
        if sha256 not in states:
            found.missing.append(sha256)
            continue
        opened, refused_code = states[sha256]
        if refused_code is not None:
            found.refused[sha256] = refused_code
            continue
        found.verified.append(sha256)
        if not opened:
            found.inspecting.append(sha256)
    return found
