import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as product
from django.test import Client
from django.utils.csp import CSP
from kombu import pools
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from amplistay.celery import app
from properties.models import Property
from simulator.stripe_keys import DEMO_KEY
from tests import tills
from tests.conftest import Listing, Simulator
from tests.e2e.sight import PHONE, Watch
from tests.tills import Till
from tests.workers import Worker, broker

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


EXPECTED = ("422", "402")  # a form that came back; a card that the simulated Stripe declines


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
    said = overheard(page)
    yield page
    assert said == []


def overheard(page: Page) -> list[str]:
    """What the page's console says from now on that it shouldn't."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(code in message.text for code in EXPECTED):
            said.append(message.text)

    def fail(error: object) -> None:
        if not str(error).startswith(NO_TRANSITION):
            said.append(str(error))

    page.on("console", listen)
    page.on("pageerror", fail)
    return said


@pytest.fixture
def phone(chromium: Browser, live_server: LiveServer, simulator: Simulator) -> Iterator[Page]:
    """A guest's page on a phone: silent, and asking nobody but us and the (simulated) payment page."""
    context = chromium.new_context(
        base_url=live_server.url, viewport=PHONE, locale="en-GB", reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    said, watch = overheard(page), Watch(page)
    yield page
    context.close()
    assert said == []
    assert watch.strangers(live_server.url, simulator.url) == []


@pytest.fixture
def pocket(chromium: Browser, live_server: LiveServer, alice: User) -> Iterator[Page]:
    """Alice's phone."""
    logged_in = Client()
    logged_in.force_login(alice)
    context = chromium.new_context(base_url=live_server.url, viewport=PHONE, reduced_motion="reduce")
    cookie = logged_in.cookies[product.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    yield context.new_page()
    context.close()


@pytest.fixture
def site(live_server: LiveServer, settings: Settings) -> str:
    """The address under which links are handed out."""
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return live_server.url


@pytest.fixture
def till(simulator: Simulator, site: str, settings: Settings, home: Property, place: Listing) -> Till:
    """Guests of Alice's home pay by card, on the simulated Stripe's page."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = DEMO_KEY, f"{simulator.url}/stripe"
    settings.STRIPE_SIMULATED = True
    settings.SECURE_CSP = {**settings.SECURE_CSP, "form-action": [CSP.SELF, simulator.url]}
    till = Till(simulator)
    simulator.call("POST", "/api/stripe/accounts", id=tills.ACCOUNT).raise_for_status()
    till.ahead(0)
    till.options(card_seconds=1, refund_seconds=0, webhook_url="none")
    tills.an_account(home.organization)
    tills.by_card(home)
    return till


@pytest.fixture
def worker(
    tmp_path: Path, simulator: Simulator, site: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Worker]:
    """The real worker and beat, with short waits so that a removal is confirmed within the test.

    It hears the hints of this test's web process, and knows the simulated Stripe.
    """
    worker = Worker(
        tmp_path,
        simulator.port,
        SITE_URL=site,
        REMOVAL_WAIT_SECONDS="3",
        REMOVAL_WAIT_LONG_SECONDS="6",
        STRIPE_SECRET_KEY=DEMO_KEY,
        STRIPE_API_BASE=f"{simulator.url}/stripe",
    )
    monkeypatch.setattr(app.conf, "broker_url", broker())
    forget_connections()
    worker.start()
    yield worker
    worker.stop()
    forget_connections()


def forget_connections() -> None:
    """The next message opens a connection to the broker that the settings name by then."""
    pools.reset()
    app._pool = None  # type: ignore[attr-defined]  # Celery has no word for it
    app.amqp._producer_pool = None  # type: ignore[attr-defined]  # nor for this
