"""The OpenAPI document is complete, and the server keeps to it whatever it is sent."""

from typing import Any

import pytest
import requests
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.describe import api_routes, openapi_document, operation_of
from sync.ids import uuid7
from tests.server_process import ServerProcess

EXAMPLES = 12  # per operation


@schemathesis.serializer("application/offset+octet-stream")
def _octets(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def test_every_route_describes_each_of_its_methods(app: Flask) -> None:
    silent = [
        f"{method} {path}"
        for path, method, rule in api_routes(app)
        if operation_of(app, rule, method) is None
    ]
    assert silent == []


def test_the_document_holds_every_route_and_nothing_else(app: Flask) -> None:
    document = openapi_document(app, "1.0.0")
    listed = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    assert listed == {(path, method) for path, method, _ in api_routes(app)}


def test_the_server_hands_the_document_out(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/openapi.json").get_json()
    assert answer["openapi"].startswith("3.")
    assert answer["paths"].keys() == openapi_document(app, "1.0.0")["paths"].keys()


def test_whoever_needs_a_token_is_told_so_in_the_document(app: Flask) -> None:
    for path, method, rule in api_routes(app):
        view = app.view_functions[rule.endpoint]
        operation = openapi_document(app, "1")["paths"][path][method.lower()]
        assert ("security" in operation) == hasattr(view, "required_roles")


@pytest.mark.timeout(240)
def test_a_real_server_answers_as_its_document_says(server_process: ServerProcess) -> None:
    """Hundreds of made-up requests: never a 5xx, never a status or shape that is not in it."""
    headers = _sign_in(server_process.url)
    schema = schemathesis.openapi.from_url(f"{server_process.url}/api/v1/openapi.json")
    session = requests.Session()
    tried = 0
    # Signing out would end the session of all that follows.
    for found in schema.exclude(path="/api/v1/sign-out").get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal tried
            tried += 1
            answer = case.call(session=session, headers=headers)
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)
            case.validate_response(
                answer,
                checks=[
                    status_code_conformance,
                    content_type_conformance,
                    response_schema_conformance,
                ],
            )

        ask()
    assert tried > 50


def _sign_in(url: str) -> dict[str, str]:
    device = {"id": uuid7(1), "name": "test", "app_version": "1.0.0", "protocol": 1}
    body = {"username": "officer1", "password": "xuncheng-demo", "device": device}
    tokens = requests.post(f"{url}/api/v1/sign-in", json=body, timeout=30).json()
    return {"Authorization": f"Bearer {tokens['access_token']}"}
