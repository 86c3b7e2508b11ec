"""A device as a stranger would write one: plain JSON over HTTP, nothing of our own engine."""

import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync.ids import uuid7

PASSWORD = "xuncheng-demo"
CATEGORY = "E09006"
# In the middle of the demo district, inside a grid.
PLACE = {"lat": 27.1138, "lon": 114.9864, "accuracy_m": 8.0, "crs": "WGS84", "provider": "gps"}


def new_id() -> str:
    return uuid7(int(time.time() * 1000))


def iso(at: datetime | None = None) -> str:
    return (at or datetime.now(UTC)).isoformat(timespec="seconds")


def ago(**span: float) -> str:
    return iso(datetime.now(UTC) - timedelta(**span))


@dataclass
class Device:
    """One person on one device, talking to the app through Flask's test client."""

    client: FlaskClient
    username: str
    id: str = field(default_factory=new_id)
    tokens: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counter = itertools.count(1)

    def sign_in(self, password: str = PASSWORD) -> TestResponse:
        device = {"id": self.id, "name": "Test", "app_version": "1.0.0", "protocol": 1}
        body = {"username": self.username, "password": password, "device": device}
        answer = self.client.post("/api/v1/sign-in", json=body)
        if answer.status_code == 200:
            self.tokens = answer.get_json()
        return answer

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    @property
    def person_id(self) -> str:
        return str(self.tokens["person"]["id"])

    def get(self, path: str, **given: Any) -> TestResponse:
        headers = self.headers | given.pop("headers", {})
        return self.client.get(f"/api/v1{path}", headers=headers, **given)

    def post(self, path: str, **given: Any) -> TestResponse:
        headers = self.headers | given.pop("headers", {})
        return self.client.post(f"/api/v1{path}", headers=headers, **given)

    def change(self, kind: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Return a change as the wire shows it, with the next counter and a new id."""
        shape = {
            "id": new_id(),
            "n": next(self.counter),
            "kind": kind,
            "record_id": new_id(),
            "previous": None,
            "replaces": None,
            "base_version": None,
            "schema": 1,
            "observed_at": iso(),
            "clock": None,
            "body": body,
            "photos": [],
        }
        return shape | more

    def report(self, **more: Any) -> dict[str, Any]:
        """Return a report of a street vendor in the middle of the district."""
        body = {"category": CATEGORY, "description": "占道经营", "location": PLACE}
        body |= more.pop("body", {})
        return self.change("case.report", body, **more)

    def push_raw(self, *changes: Any, **more: Any) -> TestResponse:
        body = {"device_id": self.id, "sent_at": iso(), "changes": list(changes)} | more
        return self.post("/sync/push", json=body)

    def push(self, *changes: Any) -> list[dict[str, Any]]:
        """Push and return the receipts; the request itself must succeed."""
        answer = self.push_raw(*changes)
        assert answer.status_code == 200, answer.get_json()
        return list(answer.get_json()["receipts"])

    def pull(self, **query: Any) -> dict[str, Any]:
        answer = self.get("/sync/pull", query_string=query)
        assert answer.status_code == 200, answer.get_json()
        return dict(answer.get_json())

    def pull_all(self, cursor: str | None = None, limit: int = 500) -> tuple[list[Any], Any]:
        """Return every row after `cursor` and the last page."""
        rows: list[Any] = []
        while True:
            query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
            page = self.pull(**query)
            rows += page["rows"]
            cursor = page["cursor"]
            if not page["more"]:
                return rows, page


def signed_in(client: FlaskClient, username: str) -> Device:
    device = Device(client, username)
    answer = device.sign_in()
    assert answer.status_code == 200, answer.get_json()
    return device
