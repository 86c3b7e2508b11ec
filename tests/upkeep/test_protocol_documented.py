"""`docs/protocol.md` names what the code answers: routes, errors, kinds, outcomes, fields."""

import re
from pathlib import Path

from flask import Flask

from server.describe import api_routes
from server.health import LIMITS
from server.ingest.kinds import KINDS
from sync.errors import CATALOGUE
from sync.messages import Outcome, PhotoRole
from sync.roles import Role
from sync.schemas import BODY_SCHEMAS, ChangeSchema, PhotoRefSchema

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()


def test_every_route_of_the_api_is_a_line(app: Flask) -> None:
    for path, method, _ in api_routes(app):
        assert f"| `{method} {path}` |" in PAGE


def test_no_route_is_promised_that_does_not_exist(app: Flask) -> None:
    routes = {f"{method} {path}" for path, method, _ in api_routes(app)}
    promised = set(re.findall(r"^\| `([A-Z]+ /api/\S+)` \|", PAGE, re.MULTILINE))
    assert promised == routes


def test_every_error_stands_with_its_status() -> None:
    listed = re.findall(r"^\| (\d+) \| `(\w+)` \| \S", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted((str(kind.status), code) for code, kind in CATALOGUE.items())


def test_the_table_of_kinds_is_the_one_in_force() -> None:
    for kind, rule in KINDS.items():
        everybody = rule.roles == frozenset(Role)
        roles = "everybody" if everybody else ", ".join(f"`{role}`" for role in sorted(rule.roles))
        assert f"| `{kind}` | {roles} |" in PAGE


def test_every_body_names_its_fields_and_which_are_required() -> None:
    for kind, schema in BODY_SCHEMAS.items():
        lines = [line for line in PAGE.splitlines() if line.startswith(f"| `{kind}` |")]
        line = lines[-1]
        for name, field in schema().fields.items():
            assert f"`{name}`" in line
            assert (f"`{name}`*" in line) == field.required


def test_every_field_of_a_change_and_its_photos_is_shown() -> None:
    for schema in (ChangeSchema, PhotoRefSchema):
        for name in schema().fields:
            assert f'"{name}":' in PAGE


def test_every_outcome_and_photo_role_is_explained() -> None:
    assert all(f"| `{outcome}` |" in PAGE for outcome in Outcome)
    assert all(f"`{role}`" in PAGE for role in PhotoRole)


def test_the_limits_are_those_of_hello() -> None:
    for name, value in LIMITS.items():
        assert f'"{name}": {value}' in PAGE
