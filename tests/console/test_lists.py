"""Lists: filters in the address, paging, moves on several cases, and the export."""

import io

import python_calamine
from playwright.sync_api import Page

from tests.console.conftest import SignedIn


def _numbers(page: Page) -> list[str]:
    return page.locator("td.c-number").all_inner_texts()


def test_a_filtered_list_is_the_same_for_a_colleague_who_opens_its_address(
    signed_in: SignedIn,
) -> None:
    mine = signed_in("supervisor1")
    mine.goto("/cases")
    with mine.expect_navigation():
        mine.select_option("select[name=state]", "handling")
    with mine.expect_navigation():
        mine.select_option("select[name=due]", "overdue")
    assert "state=handling" in mine.url and "due=overdue" in mine.url
    assert mine.locator(".chip").all_inner_texts() == ["待处置", "已超时"]
    theirs = signed_in("leader1")
    theirs.goto(mine.url)
    assert _numbers(theirs) == _numbers(mine) != []


def test_a_chip_takes_its_condition_out_of_the_address(signed_in: SignedIn) -> None:
    page = signed_in("supervisor1")
    page.goto("/cases?state=handling&due=overdue")
    page.locator(".chip", has_text="待处置").click()
    page.wait_for_url("**/cases?due=overdue")


def test_more_lines_are_put_below_without_losing_or_repeating_one(signed_in: SignedIn) -> None:
    page = signed_in("leader1")
    page.goto("/cases")
    assert len(_numbers(page)) == 50
    page.click("tr.more a")
    page.wait_for_selector("tbody tr:nth-child(60)")
    numbers = _numbers(page)
    assert len(numbers) == len(set(numbers)) == 100


def test_numbers_of_the_first_page_open_lists_of_that_length(signed_in: SignedIn) -> None:
    page = signed_in("supervisor1")
    link = page.locator(".plain td.number a").first
    expected = int(link.inner_text())
    link.click()
    page.wait_for_selector("table.cases")
    assert f"{expected} 件" in page.inner_text(".page-head")


def test_shift_selects_what_lies_between_and_dispatches_it_at_once(signed_in: SignedIn) -> None:
    page = signed_in("dispatcher1")
    page.goto("/queue/dispatch?state=filed")
    before = len(_numbers(page))
    boxes = page.locator("input[data-select]")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    assert page.inner_text("[data-chosen]") == "3"
    page.select_option("#bulk-unit", index=1)
    with page.expect_navigation():
        page.click("#bulk button[value=dispatch]")
    assert "3 件已办理" in page.inner_text("#notice")
    assert len(_numbers(page)) == before - 3


def test_bulk_dispatch_without_a_unit_changes_nothing_and_says_so(signed_in: SignedIn) -> None:
    page = signed_in("dispatcher1")
    page.goto("/queue/dispatch")
    before = _numbers(page)
    page.locator("input[data-select]").first.click()
    with page.expect_navigation():
        page.click("#bulk button[value=dispatch]")
    assert "先选择派给哪个单位" in page.inner_text("#notice")
    assert _numbers(page) == before


def test_the_export_holds_what_the_list_holds(signed_in: SignedIn) -> None:
    page = signed_in("supervisor1")
    page.goto("/cases?state=suspended")
    shown = _numbers(page)
    link = page.get_attribute(".acts a[download]", "href")
    answer = page.request.get(str(link))
    assert answer.ok
    sheet = python_calamine.load_workbook(io.BytesIO(answer.body())).get_sheet_by_index(0)
    rows = sheet.to_python()
    assert rows[0][0] == "案件编号"
    assert [row[0] for row in rows[1:]] == shown != []
    assert {row[1] for row in rows[1:]} == {"挂账"}
