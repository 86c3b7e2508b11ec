"""What pages refuse and how: strangers, forged posts, other people's cases, hostile text."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from server.accounts.models import Person
from server.accounts.people import actor_of
from server.cases import queries
from server.cases.models import Case
from server.cases.selecting import CaseFilter
from server.cases.workflow import State
from server.console.export import harmless
from server.db import db

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
OWN_PAGES = {
    "/queue/intake": {"acceptor1"},
    "/queue/dispatch": {"dispatcher1"},
    "/queue/closing": {"acceptor1"},
    "/requests": {"dispatcher1", "supervisor1"},
    "/unit": {"unit1", "crew1"},
    "/intake": {"acceptor1"},
    "/devices": {"admin1", "supervisor1", "squad1"},
    "/attention": {"admin1", "supervisor1"},
    "/settings/calendar": {"admin1"},
    "/settings/hours": {"admin1"},
    "/settings/categories": {"admin1"},
}
PEOPLE = (
    "acceptor1",
    "dispatcher1",
    "unit1",
    "crew1",
    "supervisor1",
    "leader1",
    "admin1",
    "squad1",
    "officer1",
    "reviewer1",
    "assessor1",
)


def _token(page: TestResponse) -> str:
    found = TOKEN.search(page.text)
    assert found is not None
    return found[1]


def _enter(app: Flask, username: str, language: str = "zh") -> FlaskClient:
    client = app.test_client()
    form = {
        "csrf_token": _token(client.get("/sign-in", headers={"Accept-Language": language})),
        "username": username,
        "password": "xuncheng-demo",
    }
    assert client.post("/sign-in", data=form).status_code == 302
    return client


@pytest.mark.parametrize("path", ["/", "/cases", "/cases/export.xlsx", "/map/cases.json", "/unit"])
def test_a_stranger_is_sent_to_the_sign_in_page_and_back_afterwards(
    demo_app: Flask, path: str
) -> None:
    answer = demo_app.test_client().get(path)
    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in?next=")


def test_after_signing_in_nobody_is_sent_to_another_host(demo_app: Flask) -> None:
    client = demo_app.test_client()
    token = _token(client.get("/sign-in"))
    form = {"csrf_token": token, "username": "leader1", "password": "xuncheng-demo"}
    answer = client.post("/sign-in?next=//elsewhere.example/", data=form)
    assert answer.location == "/"


def test_a_wrong_password_says_so_and_keeps_the_name(demo_app: Flask) -> None:
    client = demo_app.test_client()
    token = _token(client.get("/sign-in"))
    form = {"csrf_token": token, "username": "leader1", "password": "wrong-password"}
    answer = client.post("/sign-in", data=form)
    assert answer.status_code == 401
    assert "用户名或密码不正确" in answer.text
    assert 'value="leader1"' in answer.text


@pytest.mark.parametrize("token", ["", "forged"])
def test_a_post_without_this_sessions_token_is_refused(demo_app: Flask, token: str) -> None:
    client = _enter(demo_app, "admin1")
    own = _token(client.get("/settings/calendar"))
    answer = client.post("/settings/calendar", data={"csrf_token": token, "day": "2027-01-04"})
    assert answer.status_code == 403
    assert "page_expired" in answer.text
    answer = client.post("/settings/calendar", data={"csrf_token": own, "day": "2027-01-04"})
    assert answer.status_code == 302


def test_every_page_carries_the_policy_that_lets_in_nothing_inline(demo_app: Flask) -> None:
    for answer in (demo_app.test_client().get("/sign-in"), _enter(demo_app, "leader1").get("/")):
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", answer.text)


def test_each_page_opens_for_its_roles_only(demo_app: Flask) -> None:
    for username in PEOPLE:
        client = _enter(demo_app, username)
        navigation = client.get("/").text
        for path, people in OWN_PAGES.items():
            answer = client.get(path)
            expected = 200 if username in people else 403
            assert answer.status_code == expected, f"{username} {path}"
            if username not in people:
                assert f'href="{path}"' not in navigation, f"{username} is shown {path}"


def test_a_new_password_ends_visits_begun_with_the_old_one(demo_app: Flask) -> None:
    client = _enter(demo_app, "leader1")
    with demo_app.app_context():
        person = db.session.scalar(select(Person).where(Person.username == "leader1"))
        assert person is not None
        person.password_hash = "another"
        db.session.commit()
    assert client.get("/").status_code == 302


def test_signing_out_needs_a_post_and_ends_the_visit(demo_app: Flask) -> None:
    client = _enter(demo_app, "leader1")
    assert client.get("/sign-out").status_code == 405
    client.post("/sign-out", data={"csrf_token": _token(client.get("/"))})
    assert client.get("/").status_code == 302


def test_a_clerk_reads_the_cases_of_their_own_unit_only(lived_in_app: Flask) -> None:
    with lived_in_app.app_context():
        clerk = db.session.scalar(select(Person).where(Person.username == "unit1"))
        assert clerk is not None
        actor = actor_of(clerk)
        page = queries.list_cases(db.session(), actor, CaseFilter(), NOW, after=None, limit=200)
        assert {row.unit_id for row in page.rows} == {clerk.unit_id}
        other = db.session.scalar(
            select(Case.number).where(Case.unit_id != clerk.unit_id, Case.crew_unit_id.is_(None))
        )
    client = _enter(lived_in_app, "unit1")
    assert client.get(f"/cases/{other}").status_code == 404
    assert client.get(f"/cases/{other}/moves/done").status_code == 404


def test_reminders_are_shown_until_they_are_put_away(lived_in_app: Flask) -> None:
    client = _enter(lived_in_app, "supervisor1")
    page = client.get("/")
    assert "知道了" in page.text
    client.post("/notices/seen", data={"csrf_token": _token(page)})
    assert "知道了" not in client.get("/").text


def test_what_people_typed_is_shown_as_text(lived_in_app: Flask) -> None:
    with lived_in_app.app_context():
        case = db.session.scalars(select(Case)).first()
        assert case is not None
        case.description = "<script>alert(1)</script>"
        number = case.number
        db.session.commit()
    text = _enter(lived_in_app, "leader1").get(f"/cases/{number}").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_somebody_elses_move_in_between_is_told_and_what_was_typed_is_kept(
    lived_in_app: Flask,
) -> None:
    with lived_in_app.app_context():
        case = db.session.scalars(select(Case).where(Case.state == State.POST_CHECK)).first()
        assert case is not None
        number, version = case.number, case.version
    client = _enter(lived_in_app, "acceptor1")
    address = f"/cases/{number}/moves/void"
    form = {
        "csrf_token": _token(client.get(address)),
        "version": version - 1,
        "reason": "与另一件重复，已核对",
    }
    answer = client.post(address, data=form)
    assert answer.status_code == 409
    assert "案件刚被别人办理过" in answer.text
    assert "与另一件重复，已核对" in answer.text
    assert f'name="version" value="{version}"' in answer.text
    form["version"] = version
    assert client.post(address, data=form).status_code == 302


def test_a_missing_reason_is_named_at_its_field(lived_in_app: Flask) -> None:
    with lived_in_app.app_context():
        case = db.session.scalars(select(Case).where(Case.state == State.POST_CHECK)).first()
        assert case is not None
        number = case.number
    client = _enter(lived_in_app, "acceptor1")
    address = f"/cases/{number}/moves/rework"
    answer = client.post(address, data={"csrf_token": _token(client.get(address)), "reason": " "})
    assert answer.status_code == 422
    assert "请填写此项" in answer.text


@pytest.mark.parametrize(
    ("name", "kept_bytes", "message"),
    [
        ("gps_DSCN0010.jpg", 60_000, "照片不完整"),
        ("gps_DSCN0010.jpg", 0, "照片是空文件"),
        ("README.md", None, "不是可用的照片格式"),
    ],
)
def test_what_is_no_picture_is_refused_in_words_and_nothing_typed_is_lost(
    demo_app: Flask, photos: Path, name: str, kept_bytes: int | None, message: str
) -> None:
    client = _enter(demo_app, "acceptor1")
    form = {
        "csrf_token": _token(client.get("/intake")),
        "source": "hotline",
        "category": "E06010",
        "street": "360802001",
        "description": "保留的文字",
        "photos": (io.BytesIO((photos / name).read_bytes()[:kept_bytes]), name),
    }
    answer = client.post("/intake", data=form)
    assert answer.status_code == 422
    assert message in answer.text and "保留的文字" in answer.text


def test_an_error_page_says_what_happened_what_was_kept_and_what_to_do(demo_app: Flask) -> None:
    answer = _enter(demo_app, "leader1").get("/cases/none")
    assert answer.status_code == 404
    for words in ("没有找到，或无权查看", "数据没有变化", "从案件列表重新查找"):
        assert words in answer.text


def test_an_error_inside_a_page_is_a_fragment_at_the_notices(demo_app: Flask) -> None:
    client = _enter(demo_app, "leader1")
    answer = client.get("/cases/none", headers={"HX-Request": "true"})
    assert answer.headers["HX-Retarget"] == "#notice"
    assert "<html" not in answer.text


def test_errors_of_the_api_stay_json(demo_app: Flask) -> None:
    answer = demo_app.test_client().get("/api/v1/no-such-thing")
    assert answer.json is not None and answer.json["error"]["code"] == "not_found"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_cell_that_a_spreadsheet_could_run_is_made_harmless(text: str) -> None:
    assert harmless(text) == "'" + text


def test_plain_text_stays_as_it_is_in_an_export() -> None:
    assert harmless("吉州大道 18 号") == "吉州大道 18 号"
