"""A phone that does nothing but talk: as little work of its own as can be."""

import base64
import hashlib
import http.client
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, TypeVar

import orjson

from sync.ids import uuid7

Json = dict[str, Any]
T = TypeVar("T")
PASSWORD = "xuncheng-demo"


def new_id() -> str:
    return uuid7(time.time_ns() // 1_000_000)


class Phone:
    """One signed-in device with a connection of its own that stays open."""

    def __init__(self, port: int, username: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Content-Type": "application/json"}
        self.device_id = new_id()
        self._numbers = count(1)
        device = {"id": self.device_id, "name": "bench", "app_version": "1.0.0", "protocol": 1}
        wanted = {"username": username, "password": PASSWORD, "device": device}
        answer = self.post("/api/v1/sign-in", orjson.dumps(wanted))
        self._headers["Authorization"] = f"Bearer {answer['access_token']}"
        self.person = answer["person"]

    def post(self, path: str, body: bytes) -> Json:
        return self._read("POST", path, body, self._headers)

    def get(self, path: str) -> Json:
        return self._read("GET", path, None, self._headers)

    def batch(self, reports: list[Json]) -> bytes:
        """Return the body of a push of `reports` (bodies of `case.report`), ready to send."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        changes = [
            {
                "id": new_id(),
                "n": next(self._numbers),
                "kind": "case.report",
                "record_id": new_id(),
                "previous": None,
                "schema": 1,
                "observed_at": now,
                "body": body,
                "photos": [_photo_of(body, now)],
            }
            for body in reports
        ]
        return orjson.dumps({"device_id": self.device_id, "sent_at": now, "changes": changes})

    def upload(self, data: bytes, sha256: str) -> None:
        """Send a photo by tus in one request (creation-with-upload)."""
        named = {"sha256": sha256, "filename": "photo.jpg", "filetype": "image/jpeg"}
        pairs = (f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in named.items())
        headers = self._headers | {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(data)),
            "Upload-Metadata": ",".join(pairs),
            "Content-Type": "application/offset+octet-stream",
        }
        self._connection.request("POST", "/api/v1/photos/uploads", data, headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 201 or answer.getheader("Upload-Offset") != str(len(data)):
            raise RuntimeError(f"upload answered {answer.status}: {body[:300]!r}")

    @property
    def headers(self) -> dict[str, str]:
        return dict(self._headers)

    def _read(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Json:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {data[:300]!r}")
        parsed: Json = orjson.loads(data)
        return parsed


def _photo_of(body: Json, now: str) -> Json:
    return {
        "sha256": hashlib.sha256(new_id().encode()).hexdigest(),
        "bytes": 1_482_213,
        "type": "image/jpeg",
        "role": "before",
        "finding": None,
        "taken_at": now,
        "lat": body["location"]["lat"],
        "lon": body["location"]["lon"],
        "accuracy_m": 8.0,
    }


def all_at_once(jobs: list[Callable[[], T]]) -> tuple[list[T], float]:
    """Run `jobs` side by side, one thread each; return their results and the seconds taken."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        started = time.perf_counter()
        running = [pool.submit(job) for job in jobs]
        results = [one.result() for one in running]
        return results, time.perf_counter() - started
