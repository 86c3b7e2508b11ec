"""Every page, for whoever may open it: quiet console, no foreign request, phone width, English."""

import re

import pytest

from server.areas.gcj02 import to_gcj02
from tests.console.browser import speak_english
from tests.console.conftest import SignedIn

PAGES = {
    "acceptor1": ("/", "/cases", "/queue/intake", "/queue/closing", "/intake", "/map"),
    "dispatcher1": ("/", "/queue/dispatch", "/requests", "/cases?state=open&sort=due"),
    "unit1": ("/", "/unit", "/unit?show=post_check", "/cases"),
    "supervisor1": ("/", "/requests", "/devices", "/map"),
    "leader1": ("/", "/cases"),
    "admin1": (
        "/devices",
        "/settings/calendar?year=2027",
        "/settings/hours",
        "/settings/categories",
        "/settings/categories/E09006",
    ),
}
CHINESE = re.compile("[\u4e00-\u9fff]")
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Text of the program: what people wrote (addresses, names, notes) stays as they wrote it.
OWN_WORDS = """
[...document.querySelectorAll(`h1, h2, h3, th, dt, button, label > span, .side-link,
  .tabs a, .state, .due, .hint, .note p, option, .legend li, .page-head p, figcaption,
  .timeline-head strong`)]
  .filter(e => !e.closest('.menu, .move-form option, .bar, #bulk-unit'))
  .map(e => e.innerText || e.textContent).filter(text => /[\\u4e00-\\u9fff]/.test(text))
"""


@pytest.mark.parametrize("username", PAGES)
def test_pages_fit_a_phone_and_complain_of_nothing(signed_in: SignedIn, username: str) -> None:
    page = signed_in(username, phone=True)
    for path in PAGES[username]:
        answer = page.goto(path, wait_until="networkidle")
        assert answer is not None and answer.ok, path
        assert page.evaluate(OVERFLOW) == 0, f"{path} scrolls sideways at 390 px"


@pytest.mark.parametrize("username", PAGES)
def test_pages_fit_an_old_office_screen(signed_in: SignedIn, username: str) -> None:
    page = signed_in(username, dark=True)
    for path in PAGES[username]:
        page.goto(path, wait_until="networkidle")
        assert page.evaluate(OVERFLOW) == 0, f"{path} scrolls sideways at 1366 px"


@pytest.mark.parametrize("username", PAGES)
def test_pages_speak_english(signed_in: SignedIn, username: str) -> None:
    page = signed_in(username)
    speak_english(page)
    for path in PAGES[username]:
        page.goto(path)
        left = page.evaluate(OWN_WORDS)
        assert left == [], f"{path} still says {left[:5]}"
        assert page.evaluate(OVERFLOW) == 0, f"{path} scrolls sideways in English"


def test_a_case_page_fits_a_phone_and_speaks_english(signed_in: SignedIn) -> None:
    page = signed_in("acceptor1", phone=True)
    speak_english(page)
    page.goto("/cases?state=closed")
    page.locator("a.row-link").first.click()
    page.wait_for_selector(".timeline")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(OVERFLOW) == 0
    assert page.evaluate(OWN_WORDS) == []
    assert not CHINESE.search(page.inner_text(".facts dt >> nth=0"))


def test_a_list_is_a_table_with_rows_of_forty_pixels_on_a_screen(signed_in: SignedIn) -> None:
    page = signed_in("leader1")
    page.goto("/cases")
    assert page.locator("tbody tr").nth(1).bounding_box()["height"] in (40, 41)  # type: ignore[index]


def test_the_map_shows_open_cases_and_opens_one_beside_it(signed_in: SignedIn) -> None:
    page = signed_in("supervisor1")
    page.goto("/map", wait_until="networkidle")
    page.wait_for_selector(".cluster")
    case_id = page.evaluate("fetch('/map/cases.json').then(a => a.json()).then(l => l[0].id)")
    page.evaluate(f"htmx.ajax('GET', '/map/cases/{case_id}', '#map-panel')")
    page.wait_for_selector("#map-panel a.button.first")


def test_shifted_tiles_get_the_same_shift_as_on_the_server(signed_in: SignedIn) -> None:
    page = signed_in("supervisor1")
    page.goto("/map")
    found = page.evaluate("window.xunchengPoints.toGcj02(33.955, 116.798)")
    assert found == pytest.approx(to_gcj02(33.955, 116.798), abs=1e-6)
