"""A client written from `docs/protocol.md` alone: the standard library, and nothing of ours."""

import base64
import gzip
import hashlib
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
Row = dict[str, Any]
Key = tuple[str, str, str]  # scope, entity, id


class Refused(Exception):
    """An error of the protocol: `status`, and `code` from the body."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


def new_id() -> str:
    """UUIDv7: 48 bits of milliseconds, version, variant, the rest random."""
    value = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def digest_of(rows: list[Row]) -> str:
    """The sum modulo 2^256 of SHA-256(entity LF id LF version), as 64 hex digits."""
    total = 0
    for row in rows:
        text = f"{row['entity']}\n{row['id']}\n{row['version']}"
        total += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return f"{total % (1 << 256):064x}"


@dataclass
class GenericClient:
    """One device of one person: keeps the rows it was sent, and its cursor."""

    url: str
    device_id: str = field(default_factory=new_id)
    access: str = ""
    refresh: str = ""
    last_n: int = 0
    rows: dict[Key, Row] = field(default_factory=dict)
    cursors: list[str] = field(default_factory=list)
    person: Json = field(default_factory=dict)

    def call(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, Any, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.access:
            named["Authorization"] = f"Bearer {self.access}"
        url = urllib.parse.urljoin(self.url, path)
        request = urllib.request.Request(url, body, named, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            said = error.read()
            code = json.loads(said)["error"]["code"] if said else ""
            raise Refused(error.code, code) from None

    def json(self, method: str, path: str, body: Json | None = None) -> Json:
        data = None if body is None else gzip.compress(json.dumps(body).encode())
        headers = {} if body is None else {"Content_Encoding": "gzip"}
        _, _, said = self.call(method, path, data, Content_Type="application/json", **headers)
        answer: Json = json.loads(said)
        assert {"server_time", "epoch"} <= answer.keys()  # else it is not our server's
        return answer

    # --- sign-in
    def hello(self) -> Json:
        return self.json("GET", "/api/v1/hello")

    def sign_in(self, username: str, password: str) -> None:
        device = {"id": self.device_id, "name": "generic", "app_version": "1.0.0", "protocol": 1}
        asked = {"username": username, "password": password, "device": device}
        answer = self.json("POST", "/api/v1/sign-in", asked)
        self.access, self.refresh = answer["access_token"], answer["refresh_token"]
        self.last_n, self.person = answer["last_n"], answer["person"]

    def renew(self) -> None:
        answer = self.json("POST", "/api/v1/token", {"refresh_token": self.refresh})
        self.access, self.refresh = answer["access_token"], answer["refresh_token"]

    def sign_out(self) -> None:
        self.json("POST", "/api/v1/sign-out", {})

    # --- push
    def change(self, kind: str, record_id: str, body: Json, **more: Any) -> Json:
        self.last_n += 1
        now = datetime.now(UTC).isoformat(timespec="seconds")
        required = {"id": new_id(), "n": self.last_n, "kind": kind, "record_id": record_id}
        return {**required, "observed_at": now, "body": body, **more}

    def push(self, *changes: Json) -> list[Json]:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        asked = {"device_id": self.device_id, "sent_at": now, "changes": list(changes)}
        receipts: list[Json] = self.json("POST", "/api/v1/sync/push", asked)["receipts"]
        return receipts

    # --- pull
    def pull(self, limit: int = 500) -> list[str]:
        """Take every page; return the scopes whose digest differs afterwards."""
        while True:
            query = [("cursor", cursor) for cursor in self.cursors] + [("limit", str(limit))]
            page = self.json("GET", f"/api/v1/sync/pull?{urllib.parse.urlencode(query)}")
            for row in page["rows"]:
                self._take(row)
            self.cursors = [page["cursor"]]
            if not page["more"]:
                break
        for key in [key for key in self.rows if key[0] not in page["scopes"]]:
            del self.rows[key]
        return [scope for scope, said in page["digests"].items() if self.differs(scope, said)]

    def differs(self, scope: str, said: Json) -> bool:
        held = self.of_scope(scope)
        return (len(held), digest_of(held)) != (said["count"], said["digest"])

    def of_scope(self, scope: str) -> list[Row]:
        return [row for key, row in self.rows.items() if key[0] == scope]

    def snapshot(self, scope: str) -> None:
        """Load a scope in two parts, as after a cut, and put it in the place of what is held."""
        path = f"/api/v1/sync/snapshot?{urllib.parse.urlencode({'scope': scope})}"
        _, headers, part = self.call("GET", path, Range="bytes=0-999")
        status, _, rest = self.call("GET", path, Range="bytes=1000-", If_Range=headers["ETag"])
        lines = gzip.decompress(part + rest if status == 206 else rest).decode().splitlines()
        head, *rows, end = map(json.loads, lines)
        assert end == {"end": True}
        assert head["scope"] == scope
        self.rows = {key: row for key, row in self.rows.items() if key[0] != scope}
        for row in rows:
            self._take(row)
        assert not self.differs(scope, head)
        self.cursors.append(head["cursor"])

    def _take(self, row: Row) -> None:
        key = (row["scope"], row["entity"], row["id"])
        if row["deleted"]:
            self.rows.pop(key, None)
        else:
            self.rows[key] = row

    # --- photos
    def have(self, *hashes: str) -> Json:
        return self.json("POST", "/api/v1/photos/have", {"sha256": list(hashes)})

    def upload(self, data: bytes, piece: int = 262_144) -> None:
        sha256 = hashlib.sha256(data).hexdigest()
        said = f"sha256 {base64.b64encode(sha256.encode()).decode()}"
        _, headers, _ = self.call(
            "POST",
            "/api/v1/photos/uploads",
            b"",
            Tus_Resumable="1.0.0",
            Upload_Length=str(len(data)),
            Upload_Metadata=said,
        )
        where = headers["Location"]
        while (offset := self._offset(where)) < len(data):
            part = data[offset : offset + piece]
            checksum = base64.b64encode(hashlib.sha256(part).digest()).decode()
            self.call(
                "PATCH",
                where,
                part,
                Tus_Resumable="1.0.0",
                Upload_Offset=str(offset),
                Upload_Checksum=f"sha256 {checksum}",
                Content_Type="application/offset+octet-stream",
            )

    def _offset(self, where: str) -> int:
        _, headers, _ = self.call("HEAD", where, Tus_Resumable="1.0.0")
        return int(headers["Upload-Offset"])

    def read(self, sha256: str, size: str = "original") -> bytes:
        return self.call("GET", f"/api/v1/photos/{sha256}?size={size}")[2]
