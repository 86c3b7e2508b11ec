"""One HTTP exchange: what counts as an answer of our server, and what as no answer at all."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from sync.messages import Json
from sync.remote import LinkDown, ServerSaidNo

TIMEOUT_S = (10, 60)  # to connect; between two pieces of an answer
_WORTH_PACKING = 1024
_LONGEST_NUMBER = 12  # digits: whoever sends more means "never", and int() would refuse thousands
_LONGEST_WAIT_S = 365 * 86_400
# What tus answers mean when they have no body (HEAD).
_CODE_OF_STATUS = {
    401: "token_invalid",
    403: "not_allowed",
    404: "not_found",
    409: "offset_mismatch",
    410: "upload_expired",
    412: "unsupported_tus",
    423: "locked_out",
    429: "slow_down",
    503: "slow_down",
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    json: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One request. `body` is sent as JSON, packed when that pays; `data` as it is."""

    method: str
    path: str
    body: Json | None = None
    data: bytes | None = None
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    speaks_tus: bool = False


def exchange(session: requests.Session, base_url: str, call: Call) -> Answer:
    """Send a request and return its answer.

    Raises `ServerSaidNo` for an error in our shape, `LinkDown` for everything else that is not an
    answer of ours: no connection, a redirect, a page of a captive portal or a proxy.
    """
    response = send(session, base_url, call, stream=False)
    parsed = _parse_json(response)
    if response.status_code >= 400:
        raise refusal(call, response, parsed)
    if call.speaks_tus:
        if "Tus-Resumable" not in response.headers:
            raise LinkDown(f"{call.path}: not a tus server")
    elif parsed is None or not {"server_time", "epoch"} <= parsed.keys():
        raise LinkDown(f"{call.path}: an answer that is not ours")
    return Answer(response.status_code, response.headers, parsed or {})


def send(
    session: requests.Session, base_url: str, call: Call, *, stream: bool
) -> requests.Response:
    """Send a request and return the bare response. Raises `LinkDown`."""
    headers = dict(call.headers)
    data = call.data
    if call.body is not None:
        data = json.dumps(call.body, ensure_ascii=False, separators=(",", ":")).encode()
        headers["Content-Type"] = "application/json"
        if len(data) > _WORTH_PACKING:
            data = gzip.compress(data, 5)
            headers["Content-Encoding"] = "gzip"
    try:
        response = session.request(
            call.method,
            base_url + call.path,
            params=list(call.query),
            data=data,
            headers=headers,
            timeout=TIMEOUT_S,
            allow_redirects=False,  # ours never redirects; a captive portal does
            stream=stream,
        )
    except (requests.RequestException, OSError) as error:
        raise LinkDown(f"{call.path}: {error}") from error
    if 300 <= response.status_code < 400:
        raise LinkDown(f"{call.path}: redirected")
    return response


def refusal(call: Call, response: requests.Response, parsed: Json | None) -> Exception:
    """Return the exception that an answer of 400 or more stands for."""
    status = response.status_code
    error = (parsed or {}).get("error")
    if isinstance(error, dict) and "code" in error:
        return ServerSaidNo(
            status,
            str(error["code"]),
            message=str(error.get("message", "")),
            fields=error.get("fields"),
            retry_after=_retry_after(response),
        )
    if call.speaks_tus and "Tus-Resumable" in response.headers:
        code = _CODE_OF_STATUS.get(status, "server_error" if status >= 500 else "malformed")
        return ServerSaidNo(status, code, retry_after=_retry_after(response))
    if status == 413:  # a front server's own page: the body was too large for it
        return ServerSaidNo(413, "too_large")
    return LinkDown(f"{call.path}: {status} from something that is not our server")


def _parse_json(response: requests.Response) -> Json | None:
    if "json" not in response.headers.get("Content-Type", ""):
        return None
    try:
        parsed: Any = response.json()
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _retry_after(response: requests.Response) -> int | None:
    """Return Retry-After in seconds, given as such or as a date; None when it says nothing.

    A date is measured against the answer's own, for the phone's clock may be years off.
    """
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:_LONGEST_NUMBER]), _LONGEST_WAIT_S)
    until = _moment(text)
    if until is None:
        return None
    sent = _moment(response.headers.get("Date", "")) or datetime.now(UTC)
    return min(max(0, int((until - sent).total_seconds())), _LONGEST_WAIT_S)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
