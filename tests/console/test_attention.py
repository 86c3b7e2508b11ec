"""A supervisor's desk: two values of one field, refused records, devices that have not synced."""

import itertools
from collections.abc import Iterator

import pytest
import requests

from tests.console.browser import speak_english
from tests.console.conftest import SignedIn
from tests.server.device import PASSWORD, PLACE, iso, new_id
from tests.server_process import ServerProcess

_numbers = itertools.count(1)


class Phone:
    """A device of a demo person, over real HTTP."""

    def __init__(self, url: str, username: str) -> None:
        self.url, self.id = f"{url}/api/v1", new_id()
        device = {"id": self.id, "name": "测试机", "app_version": "1.0.0", "protocol": 1}
        body = {"username": username, "password": PASSWORD, "device": device}
        answer = requests.post(f"{self.url}/sign-in", json=body, timeout=60).json()
        self.person_id = answer["person"]["id"]
        self.headers = {"Authorization": f"Bearer {answer['access_token']}"}

    def push(self, kind: str, body: dict[str, object], **more: object) -> dict[str, object]:
        change = {
            "id": new_id(), "n": next(_numbers), "kind": kind, "record_id": new_id(),
            "observed_at": iso(), "body": body,
        } | more  # fmt: skip
        sent = {"device_id": self.id, "sent_at": iso(), "changes": [change]}
        answer = requests.post(
            f"{self.url}/sync/push", json=sent, headers=self.headers, timeout=60
        ).json()
        return dict(answer["receipts"][0])

    def requests(self) -> list[str]:
        answer = requests.get(f"{self.url}/sync/pull", headers=self.headers, timeout=60)
        return list(answer.json()["requests"])


@pytest.fixture
def officer(console: ServerProcess) -> Phone:
    return Phone(console.url, "officer1")


@pytest.fixture
def conflict(console: ServerProcess, officer: Phone) -> Iterator[str]:
    """A shop front with two new names; the fixture yields the later one."""
    other = Phone(console.url, "squad1")
    later = f"王记面馆{new_id()[-4:]}"
    shop = {"name": "老李面馆", "address": "井冈山大道 12 号", "trade": "餐饮", "location": PLACE}
    record_id = str(officer.push("premises.register", shop)["record_id"])
    edit = {"record_id": record_id, "base_version": 1}
    officer.push("premises.update", {"set": {"name": "老王面馆"}}, **edit)
    receipt = other.push("premises.update", {"set": {"name": later}}, **edit)
    assert receipt["outcome"] == "conflict"
    yield later


def test_a_supervisor_sees_two_values_side_by_side_and_takes_one(
    signed_in: SignedIn, conflict: str
) -> None:
    page = signed_in("supervisor1")
    page.goto("/attention")
    card = page.locator("article", has_text=conflict)
    assert "老王面馆" in card.inner_text()
    card.get_by_role("button", name="采用后到的").click()
    page.wait_for_selector(".note.good")
    assert page.locator("article", has_text=conflict).count() == 0


def test_a_third_value_can_be_entered(signed_in: SignedIn, conflict: str) -> None:
    page = signed_in("supervisor1", phone=True)
    page.goto("/attention")
    card = page.locator("article", has_text=conflict)
    card.locator("summary").click()
    card.locator("input[name=other]").fill("老王记面馆")
    card.get_by_role("button", name="保存").click()
    page.wait_for_selector(".note.good")


def test_a_refused_record_is_shown_raw_tried_again_and_sent_back(
    signed_in: SignedIn, officer: Phone
) -> None:
    receipt = officer.push("case.report", {"category": "X99999", "location": PLACE})
    page = signed_in("supervisor1")
    page.goto("/attention")
    page.goto(f"/attention/changes/{receipt['change_id']}")
    page.locator("details summary", has_text="原始内容").click()
    assert "X99999" in page.inner_text("pre.raw")
    page.locator("main button", has_text="重新办理").click()
    page.wait_for_selector(".note.late")
    page.fill("input[name=note]", "请改选类别")
    page.get_by_role("button", name="告诉队员").click()
    page.wait_for_selector(".note.good")
    assert "已请队员修改" in page.inner_text("main")


def test_a_device_is_asked_to_sync_until_it_has(signed_in: SignedIn, officer: Phone) -> None:
    officer.push("case.report", {"category": "E09006", "location": PLACE})
    page = signed_in("supervisor1")
    page.goto(f"/devices/{officer.id}/{officer.person_id}")
    page.get_by_role("button", name="请它同步").click()
    page.wait_for_selector(".note.good")
    assert officer.requests() == ["sync"]
    page.goto("/devices?show=asked")
    assert page.locator("tbody tr").count() == 1
    officer.push("case.report", {"category": "E09006", "location": PLACE})
    assert officer.requests() == []


def test_a_lost_device_is_stopped_with_a_reason(signed_in: SignedIn, officer: Phone) -> None:
    officer.push("case.report", {"category": "E09006", "location": PLACE})
    page = signed_in("supervisor1")
    page.goto(f"/devices/{officer.id}/{officer.person_id}")
    page.fill("input[name=reason]", "遗失")
    page.locator("main form").nth(1).get_by_role("button").click()
    page.wait_for_selector(".note.good")
    assert "章志刚 · 遗失" in page.inner_text("dl.facts")
    answer = requests.get(f"{officer.url}/sync/pull", headers=officer.headers, timeout=60)
    assert answer.json()["error"]["code"] == "device_revoked"
    squad = signed_in("squad1")
    squad.goto(f"/devices/{officer.id}/{officer.person_id}")
    assert squad.locator("input[name=reason]").count() == 0


def test_the_list_is_filtered_and_ordered_by_its_address(signed_in: SignedIn) -> None:
    page = signed_in("supervisor1")
    page.goto("/devices?show=unsent&sort=name")
    unsent = page.locator("tbody td:nth-child(2)").all_inner_texts()
    assert unsent
    assert all(each != "—" for each in unsent)
    page.goto("/devices?show=clock")
    assert "时钟快 6 分" in page.inner_text("tbody")
    with page.expect_navigation():
        page.select_option("select[name=sort]", "heard")
    assert "show=clock" in page.url
    assert "sort=heard" in page.url


def test_a_phone_with_a_wrong_clock_is_told_of_on_the_timeline(
    signed_in: SignedIn, officer: Phone
) -> None:
    receipt = officer.push(
        "case.report",
        {"category": "E09006", "location": PLACE},
        clock={"offset_ms": 420_000},
    )
    page = signed_in("supervisor1")
    page.goto("/cases")
    page.locator("a.row-link").first.click()
    page.wait_for_selector(".timeline")
    assert receipt["outcome"] == "applied"
    assert "手机时钟慢 7 分" in page.inner_text(".timeline")


def test_both_pages_speak_english_and_fit_a_phone(signed_in: SignedIn, conflict: str) -> None:
    page = signed_in("supervisor1", phone=True)
    speak_english(page)
    for path in ("/attention", "/devices"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "Who has not synced" in page.inner_text("h1")
    assert conflict
