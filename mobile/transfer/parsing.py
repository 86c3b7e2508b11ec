"""The server's answers as the frozen classes of `sync.remote`; unknown fields are let be."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sync.messages import Json, Outcome, Receipt
from sync.remote import Have, Hello, Limits, LinkDown, Page, Row, ScopeDigest

_LIMITS = frozenset(Limits.__dataclass_fields__)


@contextmanager
def expecting(what: str) -> Iterator[None]:
    """Turn an answer that lacks what it must have into `LinkDown`: it is not our server's."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LinkDown(f"{what}: {error!r}") from error


def hello(raw: Json) -> Hello:
    with expecting("hello"):
        limits = {name: int(value) for name, value in raw["limits"].items() if name in _LIMITS}
        return Hello(
            protocols=tuple(raw["protocols"]),
            min_app_version=raw["min_app_version"],
            limits=Limits(**limits),
            epoch=raw["epoch"],
            server_time=datetime.fromisoformat(raw["server_time"]),
        )


def receipts(raw: Json) -> list[Receipt]:
    with expecting("push"):
        return [_receipt(one) for one in raw["receipts"]]


def page(raw: Json) -> Page:
    with expecting("pull"):
        digests = raw.get("digests") or {}
        return Page(
            rows=[row(one) for one in raw["rows"]],
            cursor=raw["cursor"],
            more=bool(raw["more"]),
            scopes=tuple(raw["scopes"]),
            requests=tuple(raw.get("requests") or ()),
            digests={
                scope: ScopeDigest(int(one["count"]), one["digest"])
                for scope, one in digests.items()
            },
        )


def row(raw: Json) -> Row:
    return Row(
        scope=raw["scope"],
        seq=int(raw["seq"]),
        entity=raw["entity"],
        id=raw["id"],
        version=int(raw["version"]),
        deleted=bool(raw.get("deleted")),
        data=raw.get("data"),
    )


def have(raw: Json) -> Have:
    with expecting("have"):
        return Have(
            verified=frozenset(raw["verified"]),
            refused={one["sha256"]: _code(one["error"]) for one in raw["refused"]},
            missing=frozenset(raw["missing"]),
        )


def _receipt(raw: Json) -> Receipt:
    outcome = str(raw["outcome"])
    first = raw.get("first")
    return Receipt(
        change_id=raw.get("change_id"),
        # An outcome of a later protocol: not understood, so it goes again when the app is renewed.
        outcome=Outcome(outcome) if outcome in set(Outcome) else Outcome.RETRY,
        record_id=raw.get("record_id"),
        version=raw.get("version"),
        first={"outcome": first} if isinstance(first, str) else first,
        error=raw.get("error"),
        index=raw.get("index"),
    )


def _code(error: Any) -> str:
    return str(error["code"]) if isinstance(error, dict) else str(error)
