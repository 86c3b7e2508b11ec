"""Uploads against the real server process: killed, cut off, and by several at once."""

import hashlib
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import environment_for
from tests.server_process import ServerProcess
from tests.uploading import TUS, UPLOADS, metadata, new_id, sha256_of

PIECE_TYPE = {"Content-Type": "application/offset+octet-stream"}
PICTURE = (Path(__file__).parents[1] / "photos" / "phone_iphone_hdr.jpg").read_bytes()


@dataclass
class Line:
    """One person's signed-in connection to the server."""

    port: int
    token: str = ""

    @classmethod
    def of(cls, port: int, username: str) -> "Line":
        line = cls(port)
        device = {"id": new_id(), "name": "test", "app_version": "1", "protocol": 1}
        asked = {"username": username, "password": "xuncheng-demo", "device": device}
        headers = {"Content-Type": "application/json"}
        _, _, body = line.ask("POST", "/api/v1/sign-in", json.dumps(asked).encode(), headers)
        line.token = json.loads(body)["access_token"]
        return line

    @property
    def headers(self) -> dict[str, str]:
        return {**TUS, "Authorization": f"Bearer {self.token}"}

    def ask(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def create(self, data: bytes, sha256: str | None = None) -> str:
        said = {"Upload-Metadata": metadata(sha256=sha256 or sha256_of(data))}
        headers = self.headers | {"Upload-Length": str(len(data))} | said
        status, answered, body = self.ask("POST", UPLOADS, b"", headers)
        assert status == 201, body
        return answered["Location"]

    def offset(self, location: str) -> int:
        status, answered, _ = self.ask("HEAD", location, b"", self.headers)
        assert status == 200
        return int(answered["Upload-Offset"])

    def patch(self, location: str, offset: int, piece: bytes) -> int:
        headers = self.headers | PIECE_TYPE | {"Upload-Offset": str(offset)}
        return self.ask("PATCH", location, piece, headers)[0]

    def send_rest(self, location: str, data: bytes, piece: int = 131_072) -> None:
        """Go on from wherever the server says, as a phone would, until all is there."""
        while (offset := self.offset(location)) < len(data):
            assert self.patch(location, offset, data[offset : offset + piece]) == 204

    def half_patch(self, location: str, data: bytes, sent: int) -> socket.socket:
        """Begin a PATCH of all of `data`, send `sent` bytes of it and hold the line."""
        lines = [f"PATCH {location} HTTP/1.1", "Host: localhost", f"Content-Length: {len(data)}"]
        headers = self.headers | PIECE_TYPE | {"Upload-Offset": "0"}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        link = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        link.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data[:sent])
        return link


class Interrupted(threading.Thread):
    """Sends until the server goes away."""

    def __init__(self, line: Line, location: str, data: bytes) -> None:
        super().__init__()
        self._what = (line, location, data)
        self.broke_off = False

    def run(self) -> None:
        line, location, data = self._what
        try:
            line.send_rest(location, data, 65_536)
        except (OSError, http.client.HTTPException):
            self.broke_off = True


def _held(home: Path, sha256: str) -> bytes:
    return (home / "photos" / "originals" / sha256[:2] / sha256[2:4] / sha256).read_bytes()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "demo"


def test_a_server_killed_in_the_middle_goes_on_where_it_was(
    server_process: ServerProcess, home: Path
) -> None:
    data = PICTURE + os.urandom(6_000_000)
    line = Line.of(server_process.port, "officer1")
    location = line.create(data)
    for _ in range(3):
        sender = Interrupted(line, location, data)
        sender.start()
        time.sleep(0.15)
        server_process.kill()
        sender.join()
        assert sender.broke_off, "the upload was over before the kill"
        server_process.start()
        on_disk = home / "uploads" / f"{location.rsplit('/', 1)[1]}.part"
        offset = line.offset(location)
        assert offset <= on_disk.stat().st_size
        assert on_disk.read_bytes()[:offset] == data[:offset]
    line.send_rest(location, data)
    assert _held(home, sha256_of(data)) == data
    assert list((home / "uploads").iterdir()) == []


def test_a_half_sent_piece_does_no_harm_when_the_server_dies(
    server_process: ServerProcess, home: Path
) -> None:
    line = Line.of(server_process.port, "officer1")
    location = line.create(PICTURE)
    link = line.half_patch(location, PICTURE, 500_000)
    time.sleep(0.2)
    server_process.restart()
    link.close()
    assert line.offset(location) in (0, 500_000)
    line.send_rest(location, PICTURE)
    assert _held(home, sha256_of(PICTURE)) == PICTURE


def test_several_phones_upload_at_once(server_process: ServerProcess, home: Path) -> None:
    photos = [PICTURE + os.urandom(1000) for _ in range(12)]

    def upload(number: int) -> None:
        line = Line.of(server_process.port, f"officer{number + 1}")
        line.send_rest(line.create(photos[number]), photos[number], 400_000)

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for data in photos:
        assert hashlib.sha256(_held(home, sha256_of(data))).hexdigest() == sha256_of(data)


@pytest.fixture
def two_workers(
    server_process: ServerProcess, home: Path, tmp_path: Path
) -> Iterator[ServerProcess]:
    """gunicorn, which hands a body on as it arrives, over the same demo district."""
    server_process.stop()
    environment = environment_for(home, DEMO="1")
    process = ServerProcess(environment, tmp_path / "workers.log", "--workers", "2")
    process.start()
    yield process
    process.close()


def test_what_came_before_the_cut_is_kept_where_bodies_are_streamed(
    two_workers: ServerProcess, home: Path
) -> None:
    line = Line.of(two_workers.port, "officer1")
    location = line.create(PICTURE)
    link = line.half_patch(location, PICTURE, 500_000)
    time.sleep(0.5)
    assert line.patch(location, 0, PICTURE[:10]) == 409  # somebody is still writing there
    link.close()
    deadline = time.monotonic() + 20
    while line.offset(location) == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert line.offset(location) == 500_000
    line.send_rest(location, PICTURE)
    assert _held(home, sha256_of(PICTURE)) == PICTURE


def test_of_pieces_through_several_processes_exactly_one_wins(two_workers: ServerProcess) -> None:
    line = Line.of(two_workers.port, "officer1")
    location = line.create(PICTURE)
    together = threading.Barrier(8)
    statuses: list[int] = []

    def send() -> None:
        together.wait()
        statuses.append(line.patch(location, 0, PICTURE[:300_000]))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [204] + [409] * 7
    assert line.offset(location) == 300_000
