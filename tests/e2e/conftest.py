import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.conftest import Simulator
from tests.workers import Worker

os.environ.setdefault(
    "DJANGO_ALLOW_ASYNC_UNSAFE", "true"
)  # playwright's sync API keeps a loop in this thread

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM")
    if not path:
        pytest.skip("no Chromium found: set CHROMIUM to its path")
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


NO_TRANSITION = (
    "Transition was"  # "skipped" or "aborted": the browser's word when the next page comes too soon
)


@pytest.fixture
def screen(chromium: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        base_url=live_server.url, viewport={"width": 1440, "height": 900}, locale="en-GB"
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(screen: BrowserContext) -> Iterator[Page]:
    """A page whose console must stay silent."""
    page = screen.new_page()
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "422" not in message.text:
            said.append(message.text)

    def fail(error: object) -> None:
        if not str(error).startswith(NO_TRANSITION):
            said.append(str(error))

    page.on("console", listen)
    page.on("pageerror", fail)
    yield page
    assert said == []


@pytest.fixture
def site(live_server: LiveServer, settings: Settings) -> str:
    """The address under which links are handed out."""
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return live_server.url


@pytest.fixture
def worker(tmp_path: Path, simulator: Simulator, site: str, settings: Settings) -> Iterator[Worker]:
    """The real worker and beat, with short waits so that a removal is confirmed within the test."""
    worker = Worker(
        tmp_path, simulator.port, SITE_URL=site, REMOVAL_WAIT_SECONDS="3", REMOVAL_WAIT_LONG_SECONDS="6"
    )
    worker.start()
    yield worker
    worker.stop()
