"""Tokens of a session, made from (session, generation) alone: the same pair can be made again.

Pure: the secret and the time are arguments. HS256 by PyJWT.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from sync.errors import Refused

ACCESS_LIFETIME = timedelta(hours=1)
REFRESH_LIFETIME = timedelta(days=180)
_ALGORITHM = "HS256"
_ACCESS, _REFRESH = "access", "refresh"


@dataclass(frozen=True)
class Ticket:
    """What a token says: whose, on which device, of which session and generation."""

    session_id: str
    generation: int
    person_id: str
    device_id: str


@dataclass(frozen=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_at: datetime


def make_pair(secret: str, ticket: Ticket, issued_at: datetime) -> TokenPair:
    """Return the pair of `ticket`: the same arguments give the same tokens."""
    expires_at = issued_at + ACCESS_LIFETIME
    return TokenPair(
        _write(secret, _ACCESS, ticket, issued_at, expires_at),
        _write(secret, _REFRESH, ticket, issued_at, issued_at + REFRESH_LIFETIME),
        expires_at,
    )


def read_access(secret: str, token: str, now: datetime) -> Ticket:
    """Return what an access token says. Raises `Refused`: `token_expired`, `token_invalid`."""
    return _read(secret, _ACCESS, token, now)


def read_refresh(secret: str, token: str, now: datetime) -> Ticket:
    """Return what a refresh token says. Raises `Refused`: `token_expired`, `token_invalid`."""
    return _read(secret, _REFRESH, token, now)


def _write(secret: str, use: str, ticket: Ticket, at: datetime, until: datetime) -> str:
    claims = {
        "use": use,
        "sid": ticket.session_id,
        "gen": ticket.generation,
        "sub": ticket.person_id,
        "dev": ticket.device_id,
        "iat": int(at.timestamp()),
        "exp": int(until.timestamp()),
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def _read(secret: str, use: str, token: str, now: datetime) -> Ticket:
    # Expiry is compared with `now` here, not by PyJWT, which would read the clock by itself.
    options = {"verify_exp": False, "verify_iat": False, "require": ["exp", "sid", "gen"]}
    try:
        claims = jwt.decode(token, secret, algorithms=[_ALGORITHM], options=options)  # type: ignore[arg-type]
    except jwt.InvalidTokenError as error:
        raise Refused("token_invalid") from error
    if claims.get("use") != use:
        raise Refused("token_invalid")
    if datetime.fromtimestamp(claims["exp"], UTC) <= now:
        raise Refused("token_expired")
    return Ticket(claims["sid"], claims["gen"], claims["sub"], claims["dev"])
