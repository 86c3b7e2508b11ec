"""Pictures of every page: `python -m tests.console.shots URL FOLDER [word …]` over a demo server.

With words, only pages whose name contains one of them. Look at the pictures after every change of
a template or style.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.console.browser import chromium, open_context, sign_in, speak_english


@dataclass(frozen=True)
class Shot:
    """A page as one person sees it; `first` opens the first link that matches, after `path`."""

    name: str
    username: str
    path: str
    first: str | None = None
    then: str | None = None


SHOTS = (
    Shot("sign_in", "", "/sign-in"),
    Shot("today_acceptor", "acceptor1", "/"),
    Shot("today_dispatcher", "dispatcher1", "/"),
    Shot("today_unit", "unit1", "/"),
    Shot("today_supervisor", "supervisor1", "/"),
    Shot("cases", "dispatcher1", "/cases?state=open&sort=due"),
    Shot("cases_all", "leader1", "/cases"),
    Shot("queue_intake", "acceptor1", "/queue/intake"),
    Shot("queue_dispatch", "dispatcher1", "/queue/dispatch"),
    Shot("queue_closing", "acceptor1", "/queue/closing"),
    Shot("requests", "dispatcher1", "/requests"),
    Shot("case_closed", "acceptor1", "/cases?state=closed", first="a.row-link"),
    Shot("case_waiting", "acceptor1", "/queue/closing?checked=pass", first="a.row-link"),
    Shot(
        "case_dispatch",
        "dispatcher1",
        "/queue/dispatch",
        first="a.row-link",
        then=".move-row a.first",
    ),
    Shot(
        "case_viewer", "acceptor1", "/cases?state=closed", first="a.row-link", then="a[data-view]"
    ),
    Shot("unit", "unit1", "/unit"),
    Shot("intake", "acceptor1", "/intake"),
    Shot("map", "supervisor1", "/map"),
    Shot("devices", "admin1", "/devices"),
    Shot("settings_calendar", "admin1", "/settings/calendar?year=2027"),
    Shot("settings_hours", "admin1", "/settings/hours"),
    Shot("settings_categories", "admin1", "/settings/categories"),
    Shot("settings_category", "admin1", "/settings/categories/E09006"),
    Shot("not_found", "leader1", "/cases/none"),
)
LOOKS = (
    ("zh", False, False),
    ("zh", False, True),  # dark
    ("zh", True, False),
    ("en", False, False),
    ("en", True, False),
)


def take(browser: Browser, url: str, folder: Path, words: list[str]) -> None:
    """Take every picture that the words ask for."""
    wanted = [shot for shot in SHOTS if not words or any(word in shot.name for word in words)]
    for language, phone, dark in LOOKS:
        look = f"{language}{'_phone' if phone else ''}{'_dark' if dark else ''}"
        if words and "all" not in words and look not in words and look != "zh":
            continue
        for shot in wanted:
            locale = "en-GB" if language == "en" else "zh-CN"
            context = open_context(browser, url, language=locale, phone=phone, dark=dark)
            page = context.new_page()
            if shot.username:
                sign_in(page, shot.username)
                if language == "en":
                    speak_english(page)
            _open(page, shot)
            page.screenshot(path=folder / f"{shot.name}_{look}.png", full_page=phone)
            context.close()


def _open(page: Page, shot: Shot) -> None:
    page.goto(shot.path)
    if shot.first and page.locator(shot.first).count():
        page.locator(shot.first).first.click()
        page.wait_for_selector(".timeline")
        page.wait_for_load_state("load")
    if shot.then and page.locator(shot.then).count():
        page.locator(shot.then).first.click()
        page.wait_for_timeout(600)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(400)


def main() -> None:
    url, folder, *words = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        take(browser, url, Path(folder), words)


if __name__ == "__main__":
    main()
