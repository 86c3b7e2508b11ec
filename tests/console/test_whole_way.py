"""One case from the telephone to its end, through pages only: four people, four browsers."""

from pathlib import Path

from playwright.sync_api import Page

from tests.console.conftest import SignedIn


def _move(page: Page, name: str) -> None:
    page.locator("#moves a.button", has_text=name).first.click()
    page.wait_for_selector("#move form")


def _send(page: Page) -> None:
    with page.expect_navigation():
        page.locator("#move form .form-end button").click()
    page.wait_for_selector(".note.good")


def _state(page: Page) -> str:
    return page.locator(".page-head .state").first.inner_text()


def test_a_call_to_12345_is_taken_in_handled_checked_and_closed(
    signed_in: SignedIn, photos: Path
) -> None:
    acceptor = signed_in("acceptor1")
    _take_in_a_call(acceptor)
    address = acceptor.url
    assert _state(acceptor) == "待受理"
    assert "13800138000" in acceptor.inner_text("main")

    _move(acceptor, "立案")
    acceptor.locator("select[name=condition]").select_option(index=1)
    _send(acceptor)
    if _state(acceptor) == "待派遣":
        dispatcher = signed_in("dispatcher1")
        dispatcher.goto(address)
        assert "138****8000" in dispatcher.inner_text("main"), "who does not call sees no number"
        _move(dispatcher, "派遣")
        _send(dispatcher)
    acceptor.goto(address)
    assert _state(acceptor) == "已派遣"

    unit = acceptor.locator("dt:has-text('责任单位') + dd").first.inner_text()
    clerk = _clerk_of(signed_in, unit)
    clerk.goto("/unit?show=dispatched")
    clerk.goto(address)
    _move(clerk, "接收")
    _send(clerk)
    _move(clerk, "处置完成")
    clerk.set_input_files(
        "input[name=photos]", [photos / "orientation_landscape_6.jpg", photos / "phone_iphone.heic"]
    )
    clerk.fill("textarea[name=text]", "已清运")
    _send(clerk)
    assert _state(clerk) == "待核查"
    assert clerk.locator("[data-side=after] img").count() == 2

    officer = _officer_of(signed_in, address)
    _move(officer, "核查")
    officer.check("input[name=result][value=yes]")
    _send(officer)

    acceptor.goto(address)
    if _state(acceptor) != "已结案":  # no rule closes this category by itself
        _move(acceptor, "结案")
        _send(acceptor)
    assert _state(acceptor) == "已结案"
    told = acceptor.inner_text(".timeline")
    for move in ("上报", "立案", "派遣", "接收", "处置完成", "核查", "结案"):
        assert move in told
    assert unit in told, "to whom it was dispatched"
    assert "已整改到位" in told, "what the check found"


def _take_in_a_call(acceptor: Page) -> None:
    acceptor.goto("/intake")
    acceptor.fill("[name=outside_number]", "12345-20261120-7781")
    acceptor.fill("[name=caller_name]", "王女士")
    acceptor.fill("[name=caller_phone]", "13800138000")
    acceptor.fill("[name=category]", "E06010 暴露垃圾")
    acceptor.dispatch_event("[name=category]", "change")
    acceptor.wait_for_selector("#condition option:nth-child(2)", state="attached")
    acceptor.fill("[name=description]", "小区门口垃圾堆了两天没人清")
    acceptor.fill("[name=address]", "吉州大道 18 号小区门口")
    acceptor.select_option("[name=street]", index=1)
    with acceptor.expect_navigation():
        acceptor.locator("form.intake .form-end button").click()


def _clerk_of(signed_in: SignedIn, unit: str) -> Page:
    for number in range(1, 11):
        page = signed_in(f"unit{number}")
        page.goto("/unit")
        if page.inner_text("h1") == unit:
            return page
    raise AssertionError(f"no clerk of {unit}")


def _officer_of(signed_in: SignedIn, address: str) -> Page:
    for number in range(1, 13):
        page = signed_in(f"officer{number}")
        if page.goto(address).ok:  # type: ignore[union-attr]
            return page
    raise AssertionError("no officer works in this street")
