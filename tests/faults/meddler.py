"""Stands between phone and server, request by request, and lets go wrong what a test asks for."""

import gzip
import http.client
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
_OF_ONE_LINE = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        packed = self.headers.get("Content-Encoding") == "gzip"
        return dict(json.loads(gzip.decompress(self.body) if packed else self.body))


@dataclass(frozen=True)
class Reply:
    """`cut_at`: so many bytes of the body go out, then the line is dead."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_at: int | None = None


Pass = Callable[[Request], Reply]
Meddling = Callable[[Request, Pass], Reply | None]
"""Gets the request and a way to the server; None lets the line go dead without an answer."""


@dataclass
class _Rule:
    method: str
    part: str
    meddling: Meddling
    skip: int
    times: int | None


class Meddler:
    """An HTTP proxy to the server on `server_port`; `asked` lists what came by."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        self.asked: list[str] = []
        meddler = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _handle(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size)
                request = Request(self.command, self.path, dict(self.headers.items()), body)
                with suppress(OSError):
                    self._answer(meddler.decide(request))

            do_GET = do_POST = do_PATCH = do_HEAD = do_DELETE = _handle  # noqa: N815

            def _answer(self, reply: Reply | None) -> None:
                if reply is None:
                    self.close_connection = True
                    return
                self.send_response_only(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.status != 204:
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body[: reply.cut_at])
                self.close_connection = reply.cut_at is not None

            def log_message(self, *_: object) -> None:
                """Say nothing: the test says what happened."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def meddle(
        self, what: str, meddling: Meddling, *, skip: int = 0, times: int | None = 1
    ) -> None:
        """Meddle with requests such as `POST /sync/push` (or ` ` for all), after `skip` of them."""
        method, _, part = what.partition(" ")
        with self._lock:
            self._rules.append(_Rule(method, part, meddling, skip, times))

    def stop_meddling(self) -> None:
        with self._lock:
            self._rules.clear()

    def count(self, what: str) -> int:
        """Return how many requests of a kind have come by."""
        method, _, part = what.partition(" ")
        return sum(one.startswith(method) and part in one for one in self.asked)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def decide(self, request: Request) -> Reply | None:
        with self._lock:
            self.asked.append(f"{request.method} {request.path}")
            rule = self._rule_for(request)
        return self._forward(request) if rule is None else rule.meddling(request, self._forward)

    def _rule_for(self, request: Request) -> _Rule | None:
        for rule in self._rules:
            if not request.method.startswith(rule.method) or rule.part not in request.path:
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            if rule.times is not None:
                rule.times -= 1
                if rule.times == 0:
                    self._rules.remove(rule)
            return rule
        return None

    def _forward(self, request: Request) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self._server_port, timeout=60)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _OF_ONE_LINE}
        try:
            connection.request(request.method, request.path, request.body or None, headers)
            answer = connection.getresponse()
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in _OF_ONE_LINE}
            return Reply(answer.status, kept, answer.read())
        except OSError:
            return Reply(502, {"Content-Type": "text/html"}, b"<h1>Bad gateway</h1>")
        finally:
            connection.close()


# --- what can go wrong


def lose_request(_: Request, __: Pass) -> None:
    """The request never arrives."""


def lose_answer(request: Request, forward: Pass) -> None:
    """The server does its work; nobody hears of it."""
    forward(request)


def send_twice(request: Request, forward: Pass) -> Reply:
    """A proxy sends the request again; the second answer is the one that comes through."""
    forward(request)
    return forward(request)


def cut_answer(at: int) -> Meddling:
    return lambda request, forward: replace(forward(request), cut_at=at)


def answer(status: int, body: bytes = b"", **headers: str) -> Meddling:
    """Answer in the server's place; `_` in a header's name is a hyphen."""
    kept = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request, _forward: Reply(status, kept, body)


def refuse(status: int, code: str, **headers: str) -> Meddling:
    """Answer with an error of the protocol."""
    shape = {"error": {"code": code, "message": code}, "server_time": "", "epoch": ""}
    return answer(status, json.dumps(shape).encode(), Content_Type="application/json", **headers)


def rewrite(change: Callable[[Json], None]) -> Meddling:
    """Let `change` alter the JSON of the answer."""

    def meddling(request: Request, forward: Pass) -> Reply:
        reply = forward(request)
        packed = reply.headers.get("Content-Encoding") == "gzip"
        shape: Json = json.loads(gzip.decompress(reply.body) if packed else reply.body)
        change(shape)
        headers = {k: v for k, v in reply.headers.items() if k != "Content-Encoding"}
        return replace(reply, headers=headers, body=json.dumps(shape).encode())

    return meddling


def meanwhile(act: Callable[[], object]) -> Meddling:
    """The server answers; before the answer is handed on, something else happens."""

    def meddling(request: Request, forward: Pass) -> Reply:
        reply = forward(request)
        act()
        return reply

    return meddling
