"""The way between one phone and the server: real HTTP messages over a network that fails."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import requests
from greenlet import getcurrent, greenlet
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from mobile.device.connectivity import Network
from tests.simulation.faults import Fault, Killed, Weather
from tests.simulation.server_side import BEFORE, Answered, Sent, ServerSide
from tests.simulation.time_line import TimeLine

TIMEOUT_S = 60.0
_PAGE = b"<html><body>Welcome to the station's Wi-Fi</body></html>"
_LOST_ON_THE_WAY = frozenset({Fault.REQUEST_LOST, Fault.ANSWER_LOST})
_INSTEAD = frozenset({Fault.PORTAL, Fault.PROXY_PAGE, Fault.SLOW_DOWN, Fault.TOKEN_EXPIRED})


class NothingCame(requests.ConnectionError):
    """The connection broke, or its time ran out."""


@dataclass
class Ether:
    """What all links share: the server, the time, the weather, and who keeps the record."""

    server: ServerSide
    time: TimeLine
    weather: Weather
    log: Callable[[str], None]
    complain: Callable[[str], None]

    def serve(self, name: str, sent: Sent) -> Answered | None:
        """Let the server answer; None when it was killed over it."""
        try:
            answered = self.server.answer(sent)
        except Killed as killed:
            before = str(killed) == BEFORE
            self.weather.count(Fault.SERVER_BEFORE_COMMIT if before else Fault.SERVER_AFTER_COMMIT)
            self.log(f"server killed {killed} a commit, at {sent.method} of {name}")
            self.server.fate.spare()
            return None
        self.log(f"{name} {sent.method} {sent.path} {answered.status}")
        if answered.status >= 500 and answered.status != 503:
            self.complain(f"{sent.method} {sent.path}: {answered.status} {answered.body[:300]!r}")
        return answered


@dataclass
class Reception:
    """Whether the phone has a network. The simulator starts rounds itself: nobody is told."""

    state: Network = Network.WIFI

    def network(self) -> Network:
        return self.state

    def on_change(self, _: Callable[[Network], None]) -> None:
        """Nobody is told."""


class Link(BaseAdapter):
    """An adapter of `requests`: what a phone sends goes through here, and waits here."""

    def __init__(self, name: str, ether: Ether, reception: "Reception") -> None:
        super().__init__()
        self.name, self.ether, self.reception = name, ether, reception
        self._building = HTTPAdapter()

    def connect(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", self)
        return session

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        """Carry one request. Raises `NothingCame`."""
        body = request.body or b""
        assert isinstance(body, bytes)
        sent = Sent(request.method or "", request.url or "", dict(request.headers), body)
        answered = self.carry(sent)
        raw = HTTPResponse(
            body=BytesIO(answered.body),
            headers=HTTPHeaderDict(answered.headers),
            status=answered.status,
            version=11,
            preload_content=False,
            decode_content=False,
            request_method=sent.method,
            enforce_content_length=True,
        )
        return self._building.build_response(request, raw)

    def close(self) -> None:
        """Nothing is kept open."""

    def carry(self, sent: Sent) -> Answered:
        """Return what came back for one request, after the time that it took."""
        weather, time = self.ether.weather, self.ether.time
        fault = weather.on_the_way(with_bytes=sent.method == "PATCH")
        if fault is not None:
            weather.count(fault)
            self.ether.log(f"{self.name} {sent.method} {sent.path}: {fault}")
        there, back = weather.random.uniform(0.01, 0.4), weather.random.uniform(0.01, 0.4)
        if fault is Fault.DELAYED:
            there += weather.random.uniform(1, TIMEOUT_S / 2)
        task = getcurrent()
        time.after(there, lambda: self._arrive(task, sent, fault, back))
        came: Answered | None = time.wait()
        if came is None:
            raise NothingCame(f"{sent.path}: {fault or 'no network'}")
        return came

    def _arrive(self, task: greenlet, sent: Sent, fault: Fault | None, back: float) -> None:
        answered: Answered | None = None
        if self.reception.network() is Network.NONE:
            fault = Fault.REQUEST_LOST
        elif fault in _INSTEAD:
            answered = self._somebody_else(fault)
        elif fault is not Fault.REQUEST_LOST:
            answered = self._serve(sent, fault)
        if fault in _LOST_ON_THE_WAY or fault is Fault.REQUEST_CUT:
            answered, back = None, TIMEOUT_S
        elif answered is not None and fault is Fault.ANSWER_CUT:
            kept = self.ether.weather.random.randrange(len(answered.body) + 1)
            answered = replace(answered, body=answered.body[:kept])
        self.ether.time.after(back, lambda: _wake(task, answered))

    def _serve(self, sent: Sent, fault: Fault | None) -> Answered | None:
        random, ether = self.ether.weather.random, self.ether
        if fault is Fault.REQUEST_CUT and sent.body:
            sent = replace(sent, body=sent.body[: random.randrange(len(sent.body))])
        if fault is Fault.BIT_FLIPPED and sent.body:
            place = random.randrange(len(sent.body))
            flipped = bytes([sent.body[place] ^ (1 << random.randrange(8))])
            sent = replace(sent, body=sent.body[:place] + flipped + sent.body[place + 1 :])
        if fault is Fault.DUPLICATED:
            ether.serve(self.name, sent)
        if fault is Fault.DUPLICATED_LATE:
            ether.time.after(random.uniform(1, 300), lambda: self._again(sent))
        return ether.serve(self.name, sent)

    def _again(self, sent: Sent) -> None:
        self.ether.serve(self.name, sent)

    def _somebody_else(self, fault: Fault | None) -> Answered:
        """Return an answer that our server never gave."""
        random = self.ether.weather.random
        if fault is Fault.PORTAL:
            status = random.choice((200, 302))
            return Answered(status, [("Content-Type", "text/html"), ("Location", "/in")], _PAGE)
        if fault is Fault.PROXY_PAGE:
            return Answered(random.choice((502, 504)), [("Content-Type", "text/html")], _PAGE)
        if fault is Fault.SLOW_DOWN:
            wait = random.choice(((), (("Retry-After", "30"),), (("Retry-After", "999999999"),)))
            return _refusal(random.choice((429, 503)), "slow_down", wait)
        return _refusal(401, "token_expired")


def _refusal(status: int, code: str, headers: tuple[tuple[str, str], ...] = ()) -> Answered:
    body = json.dumps({"error": {"code": code, "message": code}, "server_time": "", "epoch": ""})
    return Answered(status, [("Content-Type", "application/json"), *headers], body.encode())


def _wake(task: greenlet, answered: Answered | None) -> None:
    if not task.dead:
        task.switch(answered)
