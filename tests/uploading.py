"""A signed-in phone for tests of photos: speaks tus to the app, counts on nothing else."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.accounts.actor import Actor
from server.accounts.people import actor_of, add_person, find_person
from server.accounts.sessions import DeviceCard, open_session
from server.feed import transaction
from server.photos.naming import name_photos
from sync.ids import uuid7
from sync.messages import PhotoRef, PhotoRole
from sync.roles import Role

UPLOADS = "/api/v1/photos/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
NOW = datetime(2026, 11, 20, 1, 14, 3, tzinfo=UTC)


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def metadata(**said: str) -> str:
    return ",".join(f"{key} {in_base64(value.encode())}" for key, value in said.items())


def new_id() -> str:
    return uuid7(int(NOW.timestamp() * 1000))


@dataclass(frozen=True)
class Phone:
    """One person's signed-in device over the app's own HTTP client."""

    client: FlaskClient
    token: str
    actor: Actor

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def call(self, method: str, path: str, data: bytes = b"", **headers: str) -> TestResponse:
        """Send a request; `_` in a header's name is a hyphen, an empty header is left out."""
        sent = self.bearer | TUS | {key.replace("_", "-"): text for key, text in headers.items()}
        kept = {key: text for key, text in sent.items() if text != ""}
        return self.client.open(path, method=method, headers=kept, data=data or None)

    def create(self, data: bytes, **headers: str) -> str:
        """Open an upload for `data`; return its address."""
        headers = {"Upload_Metadata": metadata(sha256=sha256_of(data)), **headers}
        answer = self.call("POST", UPLOADS, Upload_Length=str(len(data)), **headers)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return answer.headers["Location"]

    def patch(self, location: str, offset: int, piece: bytes, **headers: str) -> TestResponse:
        headers = {"Content_Type": "application/offset+octet-stream", **headers}
        return self.call("PATCH", location, piece, Upload_Offset=str(offset), **headers)

    def offset(self, location: str) -> int:
        return int(self.call("HEAD", location).headers["Upload-Offset"])

    def upload(self, data: bytes, piece: int = 262_144) -> TestResponse:
        """Send all of `data` in pieces; return the last answer."""
        location = self.create(data)
        for start in range(0, len(data), piece):
            answer = self.patch(location, start, data[start : start + piece])
        return answer

    def name(self, *photos: bytes, record_id: str | None = None) -> str:
        """Name photos on a record as a change of this person would; return the record's id."""
        record_id = record_id or new_id()
        refs = tuple(
            PhotoRef(sha256_of(data), len(data), "image/jpeg", PhotoRole.BEFORE) for data in photos
        )
        with self.client.application.app_context(), transaction() as session:
            name_photos(session, self.actor, record_id, None, refs, NOW)
        return record_id

    def have(self, *sha256s: str) -> dict[str, list[object]]:
        answer = self.client.post(
            "/api/v1/photos/have", json={"sha256": list(sha256s)}, headers=self.bearer
        )
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    def read(self, sha256: str, size: str = "", **headers: str) -> TestResponse:
        path = f"/api/v1/photos/{sha256}" + (f"?size={size}" if size else "")
        return self.call("GET", path, **headers)


def sign_in(
    app: Flask,
    username: str,
    *roles: Role,
    areas: tuple[str, ...] = (),
    unit_id: str | None = None,
) -> Phone:
    """Sign a person in on a new device; they are added when there is none of that name."""
    now = datetime.now(UTC)
    with app.app_context(), transaction() as session:
        person = find_person(session, username)
        if person is None:
            person = add_person(
                session,
                username,
                username,
                "a good password",
                roles,
                areas,
                unit_id,
                now,
                password_hash="not needed here, and slow to make",
            )
        session.flush()
        device = new_id()
        secret = app.extensions["xuncheng_settings"].secret_key
        pair = open_session(session, secret, person, DeviceCard(device, "test", "1", 1), now)
        actor = actor_of(person, device)
    return Phone(app.test_client(), pair.access_token, actor)
