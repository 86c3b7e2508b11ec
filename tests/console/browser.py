"""A headless Chromium that keeps watch: console errors, policy violations, foreign requests."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

CHROMIUM = "/usr/bin/chromium"
DESKTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
PASSWORD = "xuncheng-demo"


class Watch:
    """What a page must not do, written down as it happens."""

    def __init__(self, base_url: str) -> None:
        self._host = urlsplit(base_url).netloc
        self.foreign: list[str] = []
        self.complaints: list[str] = []

    def follow(self, page: Page) -> None:
        page.on("request", self._request)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", self._console)

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.netloc != self._host:
            self.foreign.append(request.url)

    def _console(self, message: object) -> None:
        if message.type in ("error", "warning"):  # type: ignore[attr-defined]
            self.complaints.append(f"{message.type}: {message.text}")  # type: ignore[attr-defined]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium; nothing is downloaded."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


def open_context(
    browser: Browser,
    base_url: str,
    *,
    language: str = "zh-CN",
    phone: bool = False,
    dark: bool = False,
) -> BrowserContext:
    """Return a fresh browser session at `base_url`."""
    context = browser.new_context(
        base_url=base_url,
        viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
        locale=language,
        timezone_id="Asia/Shanghai",
        color_scheme="dark" if dark else "light",
    )
    context.set_default_timeout(15_000)
    return context


def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    """Sign in through the page and end on 今日."""
    page.goto("/sign-in")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.click("main button.first")
    page.wait_for_selector(".tiles")


def speak_english(page: Page) -> None:
    """Switch the page's language as a person does."""
    if page.locator(".bar .optional").is_visible():
        page.click(".bar .optional button")
    else:
        page.click(".bar details.menu:not(.menu-left) summary")
        page.click(".menu-body button[name=language]")
    page.wait_for_selector("html[lang=en]")
