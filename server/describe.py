"""What each API route says of itself, and the OpenAPI document made from that.

A route carries its description beside its code (`@describes`); the document is collected from the
routes that really exist, so neither can drift from the other (`tests/upkeep/test_openapi.py`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from marshmallow import Schema, fields
from werkzeug.routing import Rule

from sync.errors import CATALOGUE

F = TypeVar("F", bound=Callable[..., Any])
API_PREFIX = "/api/"
_CONVERTER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


class ErrorDetail(Schema):
    code = fields.String(required=True, metadata={"enum": sorted(CATALOGUE)})
    message = fields.String(required=True)
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), data_key="fields"
    )
    hint = fields.String()
    request_id = fields.String()


class ErrorAnswer(Schema):
    """The one shape of every error."""

    error = fields.Nested(ErrorDetail, required=True)
    server_time = fields.AwareDateTime(required=True)
    epoch = fields.String(required=True, allow_none=True)


@dataclass(frozen=True)
class Raw:
    """A body that is not JSON of a schema: its media type, and whether it is bytes."""

    media_type: str
    binary: bool = True


@dataclass(frozen=True)
class Parameter:
    """A query or header parameter. `shape` is a JSON schema."""

    name: str
    where: str  # query | header | path
    shape: Mapping[str, Any]
    required: bool = False
    text: str = ""


@dataclass(frozen=True)
class Answer:
    """One successful answer: `body` is a marshmallow schema class, `Raw`, or None for no body."""

    text: str
    body: type[Schema] | Raw | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    summary: str
    tag: str
    body: type[Schema] | Raw | None
    answers: Mapping[int, Answer]
    errors: Sequence[str]
    parameters: Sequence[Parameter]
    signed_in: bool
    method: str | None


def describes(
    summary: str,
    *,
    tag: str,
    answers: Mapping[int, Answer],
    body: type[Schema] | Raw | None = None,
    errors: Sequence[str] = (),
    parameters: Sequence[Parameter] = (),
    signed_in: bool = True,
    method: str | None = None,
) -> Callable[[F], F]:
    """Describe the route below. `errors` are codes of `sync.errors.CATALOGUE`.

    Codes that every signed-in route may answer are added by themselves. A view that serves several
    methods is described once per method, with `method` given.
    """
    operation = Operation(summary, tag, body, answers, errors, parameters, signed_in, method)

    def decorate(view: F) -> F:
        described = (*getattr(view, "operations", ()), operation)
        view.operations = described  # type: ignore[attr-defined]
        return view

    return decorate


def api_routes(app: Flask) -> list[tuple[str, str, Rule]]:
    """Return (path as OpenAPI writes it, method, rule) of every route under `/api/`."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(API_PREFIX):
            path = _CONVERTER.sub(r"{\1}", rule.rule)
            methods = (rule.methods or set()) - {"OPTIONS", "HEAD"}
            described = _described_methods(app, rule)
            found += [(path, method, rule) for method in sorted(methods | described)]
    return found


def openapi_document(app: Flask, version: str) -> dict[str, Any]:
    """Return the OpenAPI 3 document of the API as it is running."""
    spec = APISpec(
        title="Xuncheng",
        version=version,
        openapi_version="3.0.3",
        info={"description": "The sync protocol in words: docs/protocol.md."},
        plugins=[MarshmallowPlugin()],
    )
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    spec.components.security_scheme("bearer", bearer)
    by_path: dict[str, dict[str, Any]] = {}
    for path, method, rule in api_routes(app):
        operation = operation_of(app, rule, method)
        if operation is not None:
            by_path.setdefault(path, {})[method.lower()] = _shape(operation, rule)
    for path in sorted(by_path):
        spec.path(path=path, operations=by_path[path])
    return spec.to_dict()


def operation_of(app: Flask, rule: Rule, method: str) -> Operation | None:
    """Return what the route says of itself for `method`, or None when it says nothing."""
    operations: tuple[Operation, ...] = getattr(app.view_functions[rule.endpoint], "operations", ())
    for operation in operations:
        if operation.method in (None, method):
            return operation
    return None


def _described_methods(app: Flask, rule: Rule) -> set[str]:
    operations = getattr(app.view_functions[rule.endpoint], "operations", ())
    named = {operation.method for operation in operations if operation.method}
    return named & (rule.methods or set())


def _shape(operation: Operation, rule: Rule) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [_parameter(given) for given in _parameters(operation, rule)],
        "responses": _responses(operation),
    }
    if operation.signed_in:
        shape["security"] = [{"bearer": []}]
    if operation.body is not None:
        shape["requestBody"] = {"required": True, "content": _content(operation.body)}
    return shape


def _parameters(operation: Operation, rule: Rule) -> list[Parameter]:
    named = {given.name for given in operation.parameters if given.where == "path"}
    path = [
        Parameter(name, "path", {"type": "string"}, required=True)
        for name in sorted(rule.arguments - named)
    ]
    return [*path, *operation.parameters]


def _parameter(given: Parameter) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "name": given.name,
        "in": given.where,
        "required": given.required,
        "schema": dict(given.shape),
    }
    if given.text:
        shape["description"] = given.text
    return shape


def _responses(operation: Operation) -> dict[str, Any]:
    responses = {str(status): _answer(answer) for status, answer in operation.answers.items()}
    codes = {*operation.errors, "server_error", "slow_down"}
    if operation.signed_in:
        codes |= {"token_invalid", "token_expired", "device_revoked"}
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes):
        by_status.setdefault(CATALOGUE[code].status, []).append(code)
    for status, together in by_status.items():
        responses[str(status)] = {
            "description": ", ".join(f"`{code}`" for code in together),
            "content": _content(ErrorAnswer),
        }
    return responses


def _answer(answer: Answer) -> dict[str, Any]:
    shape: dict[str, Any] = {"description": answer.text}
    if answer.body is not None:
        shape["content"] = _content(answer.body)
    if answer.headers:
        shape["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in answer.headers.items()
        }
    return shape


def _content(body: type[Schema] | Raw) -> dict[str, Any]:
    if isinstance(body, Raw):
        schema = {"type": "string", "format": "binary"} if body.binary else {"type": "string"}
        return {body.media_type: {"schema": schema}}
    return {"application/json": {"schema": body}}
