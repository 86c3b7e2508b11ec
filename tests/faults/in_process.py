"""A server in this process as a phone's `requests` sees it; answers get lost when asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import requests
from flask import Flask
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse


@dataclass
class Trouble:
    """Loses the `at`th request from now on, or the answer to it; 0 loses none."""

    at: int = 0
    answer: bool = False

    def strikes(self, *, answer: bool) -> bool:
        if not answer:
            self.at -= 1
        return self.at == 0 and self.answer is answer


@dataclass
class InProcess(BaseAdapter):
    """Hands requests to `app()`, which may be another one after a restart."""

    app: Callable[[], Flask]
    trouble: Trouble = field(default_factory=Trouble)

    def __post_init__(self) -> None:
        super().__init__()
        self._building = HTTPAdapter()

    def connect(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", self)
        return session

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        if self.trouble.strikes(answer=False):
            raise requests.ConnectionError("the request was lost")
        answer = (
            self.app()
            .test_client()
            .open(
                request.url, method=request.method, headers=dict(request.headers), data=request.body
            )
        )
        if self.trouble.strikes(answer=True):
            raise requests.ConnectionError("the answer was lost")
        raw = HTTPResponse(
            body=BytesIO(answer.data),
            headers=HTTPHeaderDict(list(answer.headers)),
            status=answer.status_code,
            preload_content=False,
            decode_content=False,
            request_method=request.method,
        )
        return self._building.build_response(request, raw)

    def close(self) -> None:
        """Nothing is kept open."""
