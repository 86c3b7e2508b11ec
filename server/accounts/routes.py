"""Sign-in, renewal of tokens, sign-out and change of password (`docs/protocol.md`, Sign-in)."""

from datetime import datetime
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, g

from server import clock
from server.accounts import schemas
from server.accounts.auth import requires_token
from server.accounts.models import Person
from server.accounts.passwords import verify_sign_in
from server.accounts.people import change_own_password, end_sessions, person_row
from server.accounts.sessions import last_n, open_session, refresh
from server.accounts.tokens import TokenPair
from server.db import db
from server.describe import Answer, describes
from server.feed import transaction
from server.receive import request_loaded
from server.respond import json_response
from sync.errors import Refused
from sync.messages import PROTOCOL

bp = Blueprint("accounts_api", __name__, url_prefix="/api/v1")
_SIGN_IN = schemas.SignInSchema()
_RENEWAL = schemas.RenewalSchema()
_NEW_PASSWORD = schemas.NewPasswordSchema()
_UNREADABLE = ("malformed", "out_of_range", "too_large", "unsupported_type")


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.post("/sign-in")
@describes(
    "Sign a person in on a device",
    tag="accounts",
    body=schemas.SignInSchema,
    answers={200: Answer("Tokens of the (device, person) pair", schemas.SignInAnswer)},
    errors=(
        *_UNREADABLE,
        "unsupported_protocol",
        "bad_credentials",
        "device_revoked",
        "demo_only",
        "locked_out",
    ),
    signed_in=False,
)
def sign_in() -> Response:
    """Exchange a name and password for tokens of this device."""
    given = cast(schemas.SignIn, request_loaded(_SIGN_IN))
    if given.device.protocol != PROTOCOL:
        raise Refused("unsupported_protocol")
    now = clock.now()
    person = verify_sign_in(given.username, given.password, now)
    with transaction() as session:
        person = session.get_one(Person, person.id)
        pair = open_session(session, _secret(), person, given.device, now)
    body = _tokens(pair, now) | {
        "last_n": last_n(db.session(), given.device.id, person.id),
        "person": {"id": person.id, **person_row(person)},
    }
    return json_response(body, now=now)


@bp.post("/token")
@describes(
    "Exchange a refresh token for the next pair of tokens",
    tag="accounts",
    body=schemas.RenewalSchema,
    answers={200: Answer("The next pair", schemas.TokensAnswer)},
    errors=(*_UNREADABLE, "token_invalid", "token_expired", "device_revoked"),
    signed_in=False,
)
def renew() -> Response:
    """Give the next pair; until that is used, giving the same refresh token again is harmless."""
    given = cast(schemas.Renewal, request_loaded(_RENEWAL))
    now = clock.now()
    return json_response(_tokens(refresh(_secret(), given.refresh_token, now), now), now=now)


@bp.post("/sign-out")
@requires_token()
@describes(
    "End this person's sessions on this device",
    tag="accounts",
    answers={200: Answer("The tokens of the pair are void", schemas.PlainAnswer)},
)
def sign_out() -> Response:
    """End the sessions of the (device, person) pair; other people's on the device go on."""
    now = clock.now()
    with transaction() as session:
        end_sessions(session, person_id=g.actor.person_id, device_id=g.device_id, now=now)
    return json_response({}, now=now)


@bp.post("/password")
@requires_token()
@describes(
    "Change one's own password",
    tag="accounts",
    body=schemas.NewPasswordSchema,
    answers={200: Answer("Changed; sessions on other devices have ended", schemas.PlainAnswer)},
    errors=(*_UNREADABLE, "bad_credentials", "locked_out", "weak_password", "demo_only"),
)
def change_password() -> Response:
    """Set a new password for the person who knows the old one; this session goes on."""
    given = cast(schemas.NewPassword, request_loaded(_NEW_PASSWORD))
    now = clock.now()
    username, keep = g.username, g.session_id
    change_own_password(username, given.old_password, given.new_password, now, keep=keep)
    return json_response({}, now=now)


def _secret() -> str:
    return str(current_app.extensions["xuncheng_settings"].secret_key)


def _tokens(pair: TokenPair, now: datetime) -> dict[str, Any]:
    return {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_in": max(0, int((pair.expires_at - now).total_seconds())),
    }
