"""The server over HTTP, as the protocol logic of `sync` wants it."""

import base64
import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import urlsplit

import requests

from mobile.device.clock import Clock
from mobile.transfer import parsing
from mobile.transfer.http import Answer, Call, exchange, refusal, send
from mobile.transfer.tokens import TokenKeeper, Tokens
from sync.messages import Change, Json, Receipt
from sync.remote import Have, Hello, LinkDown, Page, Row, ServerSaidNo, Snapshot, UnsentStatus

_API = "/api/v1"
_TUS = {"Tus-Resumable": "1.0.0"}
_PIECE_TYPE = "application/offset+octet-stream"
_DOWNLOAD_TRIES = 3
_BLOCK = 1 << 16
_TOKEN_REFUSED = frozenset({"token_expired", "token_invalid"})

Result = TypeVar("Result")


class HttpRemote:
    """Implements `sync.remote.Remote` for one person on this device. One thread at a time.

    `scratch` is a folder for downloads in progress.
    """

    def __init__(
        self,
        base_url: str,
        device_id: str,
        tokens: TokenKeeper,
        clock: Clock,
        scratch: Path,
        session: requests.Session | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._device_id = device_id
        self._tokens = tokens
        self._clock = clock
        self._scratch = scratch
        self._session = session or requests.Session()
        self._session.headers["Accept-Encoding"] = "gzip"

    def hello(self) -> Hello:
        return parsing.hello(self._plain(Call("GET", f"{_API}/hello")).json)

    def push(self, changes: Sequence[Change], status: UnsentStatus) -> Sequence[Receipt]:
        return self.push_rescued(None, changes, status)

    def push_rescued(
        self, device_id: str | None, changes: Sequence[Change], status: UnsentStatus
    ) -> Sequence[Receipt]:
        """Push changes that the device `device_id` has numbered; None stands for this one."""
        body: Json = {
            "device_id": self._device_id,
            "sent_at": self._clock.read().wall.isoformat(timespec="milliseconds"),
            "changes": [change.as_json() for change in changes],
            "status": status.as_json(),
        }
        if device_id is not None:
            body["rescued_from"] = device_id
        return parsing.receipts(self._call(Call("POST", f"{_API}/sync/push", body)).json)

    def pull(self, cursors: Sequence[str], limit: int) -> Page:
        query = (*(("cursor", cursor) for cursor in cursors), ("limit", str(limit)))
        return parsing.page(self._call(Call("GET", f"{_API}/sync/pull", query=query)).json)

    def snapshot(self, scope: str) -> Snapshot:
        call = Call("GET", f"{_API}/sync/snapshot", query=(("scope", scope),))
        self._scratch.mkdir(parents=True, exist_ok=True)
        packed = tempfile.TemporaryFile(dir=self._scratch)  # noqa: SIM115  closed with the rows
        try:
            self._download(call, packed)
            lines = _lines(packed)
            with parsing.expecting("snapshot"):
                head = next(lines)
                return Snapshot(
                    scope=head["scope"],
                    epoch=head["epoch"],
                    cursor=head["cursor"],
                    count=int(head["count"]),
                    digest=head["digest"],
                    rows=_rows(lines, packed),
                )
        except BaseException:
            packed.close()
            raise

    def have(self, hashes: Sequence[str]) -> Have:
        body: Json = {"sha256": list(hashes)}
        return parsing.have(self._call(Call("POST", f"{_API}/photos/have", body)).json)

    def open_upload(self, sha256: str, length: int, media_type: str) -> str:
        said = {"sha256": sha256, "filename": sha256, "filetype": media_type}
        metadata = ",".join(
            f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items()
        )
        headers = {**_TUS, "Upload-Length": str(length), "Upload-Metadata": metadata}
        path = f"{_API}/photos/uploads"
        answer = self._call(Call("POST", path, headers=headers, speaks_tus=True))
        # Only the path: a token must never follow a Location to another host.
        where = urlsplit(answer.headers.get("Location", "")).path
        if not where:
            raise LinkDown("an upload without an address")
        return where

    def upload_offset(self, url: str) -> int:
        answer = self._call(Call("HEAD", url, headers=_TUS, speaks_tus=True))
        return _offset(answer)

    def send_piece(self, url: str, offset: int, piece: bytes) -> int:
        checksum = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        headers = {
            **_TUS,
            "Content-Type": _PIECE_TYPE,
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {checksum}",
        }
        call = Call("PATCH", url, data=piece, headers=headers, speaks_tus=True)
        return _offset(self._call(call))

    def fetch_photo(self, sha256: str, size: str, target: Path) -> None:
        """Write a photo in the size `thumb` or `screen` to `target`, whole or not at all."""
        call = Call("GET", f"{_API}/photos/{sha256}", query=(("size", size),))
        target.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own: app and service may both be fetching the same picture.
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(handle, "w+b") as file:
                self._download(call, file)
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)

    def sign_out(self) -> None:
        self._call(Call("POST", f"{_API}/sign-out", {}))

    def change_password(self, old: str, new: str) -> None:
        body: Json = {"old_password": old, "new_password": new}
        self._call(Call("POST", f"{_API}/password", body))

    def close(self) -> None:
        self._session.close()

    def _plain(self, call: Call) -> Answer:
        """Send a request without a token, and learn the time from its answer."""
        asked_at = self._clock.read().wall
        answer = exchange(self._session, self._base_url, call)
        if "server_time" in answer.json:
            with parsing.expecting("server_time"):
                server_time = datetime.fromisoformat(answer.json["server_time"])
            self._clock.learn(server_time, asked_at, self._clock.read().wall)
        return answer

    def _call(self, call: Call) -> Answer:
        return self._with_token(call, self._exchange)

    def _exchange(self, call: Call) -> Answer:
        return exchange(self._session, self._base_url, call)

    def _with_token(self, call: Call, act: Callable[[Call], Result]) -> Result:
        """Act with the access token; when that is refused, once more with a new one."""
        tokens = self._tokens.current()
        try:
            return act(_signed(call, tokens))
        except ServerSaidNo as no:
            if no.code not in _TOKEN_REFUSED:
                raise
        return act(_signed(call, self._tokens.renewed(tokens, self._renew)))

    def _renew(self, refresh_token: str) -> Tokens:
        answer = self._plain(Call("POST", f"{_API}/token", {"refresh_token": refresh_token}))
        with parsing.expecting("token"):
            return Tokens(answer.json["access_token"], answer.json["refresh_token"])

    def _download(self, call: Call, file: IO[bytes]) -> None:
        """Write the body to `file`; a cut download goes on where it stopped."""
        tag = ""
        for attempt in range(_DOWNLOAD_TRIES):
            headers = {"Range": f"bytes={file.tell()}-", "If-Range": tag} if tag else {}
            response = self._with_token(replace(call, headers=headers), self._open)
            if response.status_code != 206:
                file.seek(0)
                file.truncate()
            tag = response.headers.get("ETag", "")
            try:
                for block in response.iter_content(_BLOCK):
                    file.write(block)
            except requests.RequestException as error:
                if not tag or attempt == _DOWNLOAD_TRIES - 1:
                    raise LinkDown(f"{call.path}: {error}") from error
            else:
                return

    def _open(self, call: Call) -> requests.Response:
        response = send(self._session, self._base_url, call, stream=True)
        if response.status_code >= 400:
            raise refusal(call, response, _read_refusal(call, response))
        if "text/html" in response.headers.get("Content-Type", ""):
            raise LinkDown(f"{call.path}: a page in the place of a file")
        return response


def _read_refusal(call: Call, response: requests.Response) -> Json | None:
    """Return the JSON of a streamed refusal. Raises `LinkDown` when it is cut or not JSON."""
    if "json" not in response.headers.get("Content-Type", ""):
        return None
    try:
        found: Json = response.json()
    except (requests.RequestException, ValueError) as error:
        raise LinkDown(f"{call.path}: {error}") from error
    return found


def _signed(call: Call, tokens: Tokens) -> Call:
    headers = {**call.headers, "Authorization": f"Bearer {tokens.access}"}
    return replace(call, headers=headers)


def _offset(answer: Answer) -> int:
    text = answer.headers.get("Upload-Offset", "")
    if not text.isdigit():
        raise LinkDown("a tus answer without an offset")
    return int(text)


def _lines(packed: IO[bytes]) -> Iterator[Json]:
    packed.seek(0)
    try:
        with gzip.open(packed, "rt", encoding="utf-8") as text:
            for line in text:
                yield json.loads(line)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise LinkDown(f"snapshot: {error}") from error


def _rows(lines: Iterator[Json], packed: IO[bytes]) -> Iterator[Row]:
    """Yield the rows up to the end mark, then close the download."""
    with packed:
        for line in lines:
            if line.get("end"):
                return
            with parsing.expecting("snapshot"):
                yield parsing.row(line)
        raise LinkDown("a snapshot without its end")
