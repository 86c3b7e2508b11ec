"""Signing in, renewing tokens, signing out, and everything that must be refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from server import clock
from server.accounts.devices import revoke_device
from server.accounts.models import Device as DeviceRow
from server.accounts.passwords import FAILURES_BEFORE_LOCK, LOCK_TIME, unlock
from server.accounts.people import add_person, find_person
from server.accounts.sessions import refresh
from server.app import create_app
from server.config import Settings
from server.db import db
from server.feed import transaction
from sync.errors import XunchengError
from sync.roles import Role
from tests.server.device import PASSWORD, Device, signed_in


@pytest.fixture
def people(app: Flask) -> Flask:
    with app.app_context(), transaction() as session:
        now = clock.now()
        add_person(session, "wang", "王队员", PASSWORD, [Role.OFFICER], [], None, now)
        add_person(session, "li", "李队员", PASSWORD, [Role.OFFICER], [], None, now)
    return app


@pytest.fixture
def wang(people: Flask) -> Device:
    return signed_in(people.test_client(), "wang")


def renew(device: Device, token: str) -> Any:
    return device.client.post("/api/v1/token", json={"refresh_token": token})


def code_of(answer: Any) -> str:
    return str(answer.get_json()["error"]["code"])


def test_a_person_gets_tokens_and_their_own_row(people: Flask) -> None:
    answer = Device(people.test_client(), "wang").sign_in()
    body = answer.get_json()
    assert answer.status_code == 200
    assert body["expires_in"] == 3600
    assert body["last_n"] == 0
    assert body["person"]["name"] == "王队员"
    assert body["person"]["roles"] == ["officer"]
    assert body["person"]["unit_id"] is None
    assert {"server_time", "epoch", "access_token", "refresh_token"} <= body.keys()


@pytest.mark.parametrize(("name", "password"), [("wang", "wrong password"), ("nobody", PASSWORD)])
def test_wrong_credentials_are_refused_alike(people: Flask, name: str, password: str) -> None:
    answer = Device(people.test_client(), name).sign_in(password)
    assert (answer.status_code, code_of(answer)) == (401, "bad_credentials")


def test_the_message_is_in_the_language_asked_for(people: Flask) -> None:
    body = {"username": "nobody", "password": "wrong password"}
    answer = people.test_client().post("/api/v1/sign-in", json=body)
    assert answer.get_json()["error"]["fields"] == {"device": ["缺少此项"]}


def test_too_many_wrong_passwords_lock_the_person_out(people: Flask) -> None:
    device = Device(people.test_client(), "wang")
    for _ in range(FAILURES_BEFORE_LOCK):
        assert device.sign_in("wrong password").status_code == 401
    answer = device.sign_in(PASSWORD)
    assert (answer.status_code, code_of(answer)) == (423, "locked_out")
    assert 0 < int(answer.headers["Retry-After"]) <= LOCK_TIME.total_seconds() + 1
    with people.app_context(), transaction() as session:
        person = find_person(session, "wang")
        assert person is not None
        unlock(session, person)
    assert device.sign_in(PASSWORD).status_code == 200


def test_another_person_is_not_locked_out_with_them(people: Flask) -> None:
    device = Device(people.test_client(), "wang")
    for _ in range(FAILURES_BEFORE_LOCK):
        device.sign_in("wrong password")
    assert Device(people.test_client(), "li", device.id).sign_in().status_code == 200


def test_demo_accounts_are_refused_unless_the_server_is_a_demo(app: Flask) -> None:
    with app.app_context(), transaction() as session:
        roles = [Role.OFFICER]
        add_person(session, "officer1", "队员", PASSWORD, roles, [], None, clock.now(), demo=True)
    answer = Device(app.test_client(), "officer1").sign_in()
    assert (answer.status_code, code_of(answer)) == (403, "demo_only")


def test_a_device_of_another_protocol_is_told_so(people: Flask) -> None:
    device = {"id": Device(people.test_client(), "wang").id, "name": "x", "app_version": "9"}
    body = {"username": "wang", "password": PASSWORD, "device": device | {"protocol": 2}}
    answer = people.test_client().post("/api/v1/sign-in", json=body)
    assert (answer.status_code, code_of(answer)) == (400, "unsupported_protocol")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b'{"username": 5}', b"\xff\xfe", b'{"username": "\\u0000"}']
)
def test_what_cannot_be_read_is_malformed(people: Flask, body: bytes) -> None:
    answer = people.test_client().post("/api/v1/sign-in", data=body)
    assert (answer.status_code, code_of(answer)) == (400, "malformed")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x.y.z", "Basic d2FuZzp4", "Bearer  "])
def test_a_request_without_a_good_token_is_refused(people: Flask, header: str) -> None:
    answer = people.test_client().post("/api/v1/sign-out", headers={"Authorization": header})
    assert (answer.status_code, code_of(answer)) == (401, "token_invalid")


def test_a_token_signed_by_somebody_else_is_refused(wang: Device) -> None:
    claims = jwt.decode(wang.tokens["access_token"], options={"verify_signature": False})
    for forged in (
        jwt.encode(claims, "another secret of 32 characters or more", algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
    ):
        headers = {"Authorization": f"Bearer {forged}"}
        answer = wang.client.post("/api/v1/sign-out", headers=headers)
        assert code_of(answer) == "token_invalid"


def test_a_refresh_token_is_no_access_token(wang: Device) -> None:
    wang.tokens["access_token"] = wang.tokens["refresh_token"]
    assert code_of(wang.post("/sign-out")) == "token_invalid"


def test_an_access_token_expires(wang: Device, people: Flask) -> None:
    settings: Settings = people.extensions["xuncheng_settings"]
    claims = jwt.decode(wang.tokens["access_token"], options={"verify_signature": False})
    claims["exp"] = int((datetime.now(UTC) - timedelta(seconds=1)).timestamp())
    wang.tokens["access_token"] = jwt.encode(claims, settings.secret_key, algorithm="HS256")
    answer = wang.post("/sign-out")
    assert (answer.status_code, code_of(answer)) == (401, "token_expired")


def test_repeating_a_refresh_returns_the_same_pair(wang: Device) -> None:
    first = renew(wang, wang.tokens["refresh_token"]).get_json()
    again = renew(wang, wang.tokens["refresh_token"]).get_json()
    assert first["access_token"] != wang.tokens["access_token"]
    assert (first["access_token"], first["refresh_token"]) == (
        again["access_token"],
        again["refresh_token"],
    )


def test_a_refresh_token_used_after_its_pair_was_used_ends_the_session(wang: Device) -> None:
    old = dict(wang.tokens)
    wang.tokens |= renew(wang, old["refresh_token"]).get_json()
    assert wang.post("/password", json={}).status_code == 400  # the new pair is in use now
    answer = renew(wang, old["refresh_token"])
    assert (answer.status_code, code_of(answer)) == (401, "token_invalid")
    assert code_of(wang.post("/sign-out")) == "token_invalid"
    assert code_of(renew(wang, wang.tokens["refresh_token"])) == "token_invalid"


def test_refreshing_with_the_new_pair_also_counts_as_using_it(wang: Device) -> None:
    first = wang.tokens["refresh_token"]
    second = renew(wang, first).get_json()["refresh_token"]
    assert renew(wang, second).status_code == 200
    assert code_of(renew(wang, first)) == "token_invalid"


def test_an_old_access_token_stays_good_while_the_new_pair_may_be_lost(wang: Device) -> None:
    renew(wang, wang.tokens["refresh_token"])
    assert wang.post("/sign-out").status_code == 200


def test_a_refresh_token_expires_at_last(wang: Device, people: Flask) -> None:
    settings: Settings = people.extensions["xuncheng_settings"]
    later = clock.now() + timedelta(days=181)
    with people.app_context(), pytest.raises(XunchengError, match="token_expired"):
        refresh(settings.secret_key, wang.tokens["refresh_token"], later)


def test_signing_out_ends_this_person_on_this_device_only(wang: Device, people: Flask) -> None:
    colleague = Device(people.test_client(), "li", wang.id)
    elsewhere = Device(people.test_client(), "wang")
    colleague.sign_in()
    elsewhere.sign_in()
    assert wang.post("/sign-out").status_code == 200
    assert code_of(wang.post("/sign-out")) == "token_invalid"
    assert code_of(renew(wang, wang.tokens["refresh_token"])) == "token_invalid"
    assert colleague.post("/sign-out").status_code == 200
    assert elsewhere.post("/sign-out").status_code == 200


def test_a_revoked_device_is_told_so_everywhere(wang: Device, people: Flask) -> None:
    with people.app_context(), transaction() as session:
        revoke_device(session, wang.id, clock.now())
        assert session.get_one(DeviceRow, wang.id).revoked_at is not None
    for answer in (
        wang.sign_in(),
        wang.post("/sign-out"),
        renew(wang, wang.tokens["refresh_token"]),
    ):
        assert (answer.status_code, code_of(answer)) == (403, "device_revoked")


def test_a_person_changes_their_password(wang: Device, people: Flask) -> None:
    elsewhere = signed_in(people.test_client(), "wang")
    wrong = {"old_password": "not the old one", "new_password": "a better one"}
    assert code_of(wang.post("/password", json=wrong)) == "bad_credentials"
    short = {"old_password": PASSWORD, "new_password": "short"}
    answer = wang.post("/password", json=short)
    assert (answer.status_code, code_of(answer)) == (422, "weak_password")
    good = {"old_password": PASSWORD, "new_password": "a better one"}
    assert wang.post("/password", json=good).status_code == 200
    assert code_of(elsewhere.post("/sign-out")) == "token_invalid"
    assert Device(wang.client, "wang").sign_in(PASSWORD).status_code == 401
    assert Device(wang.client, "wang").sign_in("a better one").status_code == 200
    assert wang.post("/sign-out").status_code == 200


def test_a_pair_comes_back_the_same_from_another_process(wang: Device, settings: Settings) -> None:
    first = renew(wang, wang.tokens["refresh_token"]).get_json()
    other = create_app(settings)
    again = other.test_client().post(
        "/api/v1/token", json={"refresh_token": wang.tokens["refresh_token"]}
    )
    with other.app_context():
        db.engine.dispose()
    assert again.get_json()["refresh_token"] == first["refresh_token"]


def test_two_refreshes_at_once_make_one_pair(wang: Device, client: FlaskClient) -> None:
    token = wang.tokens["refresh_token"]
    pairs = {renew(Device(client, "wang"), token).get_json()["refresh_token"] for _ in range(3)}
    assert len(pairs) == 1
