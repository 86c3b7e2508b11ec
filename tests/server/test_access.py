"""Who may do what: role × endpoint × own or another area, as the published tables say."""

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from server.accounts.models import Person
from server.areas.models import Area, Grid
from server.cases.models import Case
from server.db import db
from server.describe import api_routes
from server.feed import transaction
from server.feed.models import ScopeCounter
from server.ingest.kinds import KINDS
from sync.bodies import Kind
from sync.roles import Role
from tests.server.device import PLACE, Device, iso, new_id, signed_in

ACCOUNTS = {
    "officer1": Role.OFFICER,
    "assistant1": Role.ASSISTANT,
    "squad1": Role.SQUAD_LEADER,
    "acceptor1": Role.ACCEPTOR,
    "dispatcher1": Role.DISPATCHER,
    "unit1": Role.UNIT_CLERK,
    "crew1": Role.HANDLER,
    "assessor1": Role.ASSESSOR,
    "sanitation1": Role.SANITATION_HEAD,
    "contractor1": Role.CONTRACTOR,
    "supervisor1": Role.SUPERVISOR,
    "reviewer1": Role.REVIEWER,
    "leader1": Role.LEADER,
    "admin1": Role.ADMIN,
}
OPEN_TO_ALL = {
    "GET /api/v1/hello",
    "GET /api/v1/openapi.json",
    "POST /api/v1/sign-in",
    "POST /api/v1/token",
}
BODIES = {
    Kind.CASE_REPORT: {"category": "E09006", "location": PLACE},
    Kind.CASE_VERIFY: {"exists": True},
    Kind.CASE_CHECK: {"result": "pass"},
    Kind.CASE_HANDLE: {"step": "accept"},
    Kind.PATROL_RECORD: {"started_at": iso(), "track": []},
    Kind.POSITION_REPORT: {"location": PLACE},
    Kind.WORK_RECORD: {"work_type": "posters", "quantity": 1, "unit_of_measure": "张"},
    Kind.PREMISES_REGISTER: {
        "name": "福满早餐店",
        "address": "步行街 8 号",
        "trade": "餐饮",
        "location": PLACE,
    },
    Kind.PREMISES_UPDATE: {"set": {"name": "福满早餐店"}},
    Kind.CHANGE_WITHDRAW: {"change_id": new_id()},
}


def address(rule: Rule) -> str:
    values = {name: new_id() for name in rule.arguments}
    path = str(rule.rule)
    for name, value in values.items():
        path = path.replace(f"<uuid:{name}>", value).replace(f"<{name}>", value)
    return path


def test_every_route_but_the_open_ones_wants_a_token(demo_app: Flask) -> None:
    client = demo_app.test_client()
    for path, method, rule in api_routes(demo_app):
        answer = client.open(address(rule), method=method)
        if f"{method} {path}" in OPEN_TO_ALL:
            assert answer.status_code != 401, path
        else:
            assert answer.status_code == 401, path


@pytest.fixture
def cases_everywhere(demo_app: Flask) -> dict[str, str]:
    """One fresh case in each street: street code → case id."""
    cases = {}
    with demo_app.app_context():
        streets = db.session.scalars(select(Area.code).where(Area.level == "street")).all()
        points = {
            code: db.session.scalars(select(Grid).where(Grid.street_code == code)).first()
            for code in streets
        }
        spots = {code: grid.polygon["coordinates"][0] for code, grid in points.items() if grid}
    squad = signed_in(demo_app.test_client(), "squad1")
    for code, ring in spots.items():
        corners = ring[:-1]
        place = PLACE | {
            "lat": sum(lat for _, lat in corners) / len(corners),
            "lon": sum(lon for lon, _ in corners) / len(corners),
        }
        change = squad.report(body={"location": place})
        (receipt,) = squad.push(change)
        assert receipt["outcome"] == "applied"
        cases[code] = change["record_id"]
    return cases


@pytest.mark.parametrize("username", ACCOUNTS)
def test_everybody_pulls_their_own_scopes_and_nothing_else(
    demo_app: Flask, cases_everywhere: dict[str, str], username: str
) -> None:
    person = signed_in(demo_app.test_client(), username)
    own = person.tokens["person"]
    rows, page = person.pull_all(limit=2000)
    assert ACCOUNTS[username] in own["roles"]
    assert {row["scope"] for row in rows} <= set(page["scopes"])
    for scope in page["scopes"]:
        kind, _, name = scope.partition(":")
        if kind == "area":
            assert any(name.startswith(code) for code in own["areas"])
        else:
            assert scope in ("catalog", f"unit:{own['unit_id']}", f"person:{own['id']}")
    held = {row["id"] for row in rows if row["entity"] == "case"}
    for street, case_id in cases_everywhere.items():
        assert (case_id in held) == sees(demo_app, person, street, case_id)


def sees(app: Flask, person: Device, street: str, case_id: str) -> bool:
    own = person.tokens["person"]
    with app.app_context():
        unit_id = db.session.get_one(Case, case_id).unit_id
    in_area = any(street.startswith(code) for code in own["areas"])
    return in_area or (unit_id is not None and unit_id == own["unit_id"])


@pytest.mark.parametrize("username", ACCOUNTS)
def test_everybody_gets_snapshots_of_their_own_scopes_only(demo_app: Flask, username: str) -> None:
    person = signed_in(demo_app.test_client(), username)
    own = set(person.pull(limit=1)["scopes"])
    with demo_app.app_context():
        scopes = set(db.session.scalars(select(ScopeCounter.scope)))
    for scope in own | {one for one in scopes if one.startswith(("area:", "unit:"))}:
        answer = person.get("/sync/snapshot", query_string={"scope": scope})
        assert answer.status_code == (200 if scope in own else 404), scope


@pytest.mark.parametrize("username", ACCOUNTS)
def test_kinds_are_taken_from_the_roles_of_the_table_only(demo_app: Flask, username: str) -> None:
    person = signed_in(demo_app.test_client(), username)
    roles = {Role(role) for role in person.tokens["person"]["roles"]}
    for kind, rule in KINDS.items():
        (receipt,) = person.push(person.change(kind, BODIES[kind]))
        code = receipt.get("error", {}).get("code")
        assert (code == "not_allowed") == (not roles & rule.roles), kind


def move(person: Device, case_id: str, kind: Kind, **body: object) -> str | None:
    """Return the code with which a move is refused, None when it is applied."""
    (receipt,) = person.push(person.change(kind, BODIES[kind] | body, record_id=case_id))
    code = receipt.get("error", {}).get("code")
    return None if code is None else str(code)


def test_moves_are_for_ones_own_area_and_unit(
    demo_app: Flask, cases_everywhere: dict[str, str]
) -> None:
    officer = signed_in(demo_app.test_client(), "officer1")
    (own_street,) = officer.tokens["person"]["areas"]
    for street, case_id in cases_everywhere.items():
        refused = move(officer, case_id, Kind.CASE_CHECK)
        # Elsewhere a case is not even seen.
        assert refused == ("move_not_allowed" if street == own_street else "unknown_record")
    with demo_app.app_context():
        units = {one: db.session.get_one(Case, one).unit_id for one in cases_everywhere.values()}
    for number in range(1, 6):
        clerk = signed_in(demo_app.test_client(), f"unit{number}")
        for case_id, unit_id in units.items():
            if unit_id != clerk.tokens["person"]["unit_id"]:
                refused = move(clerk, case_id, Kind.CASE_HANDLE)
                assert refused in ("unknown_record", "not_allowed")


def test_a_person_who_was_made_inactive_is_out(demo_app: Flask) -> None:
    officer = signed_in(demo_app.test_client(), "officer1")
    with demo_app.app_context(), transaction() as session:
        session.get_one(Person, officer.person_id).active = False
    assert officer.get("/sync/pull").status_code == 401
    assert Device(demo_app.test_client(), "officer1").sign_in().status_code == 401
