"""A real server over the demo district, and a headless Chromium in front of it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import environment_for
from tests.console.browser import Watch, chromium, open_context, sign_in
from tests.server_process import ServerProcess

SignedIn = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def console(
    lived_in_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """One server for all tests that look or that work on a case of their own."""
    folder = tmp_path_factory.mktemp("console")
    home = shutil.copytree(lived_in_home, folder / "home")
    process = ServerProcess(environment_for(home, DEMO="1"), folder / "server.log")
    process.start()
    yield process
    process.close()


@pytest.fixture(scope="session")
def visits() -> dict[str, Any]:
    """Cookies of those who have signed in already: the page is gone through once per person."""
    return {}


@pytest.fixture
def watch(console: ServerProcess) -> Watch:
    """What pages must not do; a test that uses `signed_in` fails when one did."""
    return Watch(console.url)


@pytest.fixture
def signed_in(
    browser: Browser, console: ServerProcess, watch: Watch, visits: dict[str, Any]
) -> Iterator[SignedIn]:
    """Open a browser of one's own, signed in: `signed_in("acceptor1", phone=True)`."""
    contexts = []

    def enter(username: str, *, phone: bool = False, dark: bool = False) -> Page:
        context = open_context(browser, console.url, phone=phone, dark=dark)
        contexts.append(context)
        page = context.new_page()
        watch.follow(page)
        if username in visits:
            context.add_cookies(visits[username])
            page.goto("/", wait_until="load")
        else:
            sign_in(page, username)
            visits[username] = context.cookies()
        return page

    yield enter
    for context in contexts:
        context.close()
    assert watch.foreign == []
    assert watch.complaints == []
