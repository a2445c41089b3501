"""What a form far down a page says is in sight when the next page stands, with scripts and without."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as product
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from properties.models import Property
from tests.e2e.sight import PHONE

pytestmark = pytest.mark.browser
AWAY = re.compile(r'<form[^>]*method="post"[^>]*action="[^"]*#')


@pytest.fixture(params=[True, False], ids=["scripts", "no_scripts"])
def settings_page(
    request: pytest.FixtureRequest,
    chromium: Browser,
    live_server: LiveServer,
    settings: Settings,
    alice: User,
    home: Property,
) -> Iterator[Page]:
    """The settings of Alice's home on her phone."""
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    logged_in = Client()
    logged_in.force_login(alice)
    context = chromium.new_context(
        base_url=live_server.url, viewport=PHONE, reduced_motion="reduce", java_script_enabled=request.param
    )
    cookie = logged_in.cookies[product.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.goto(reverse("properties:settings", args=[home.public_id]))
    yield page
    context.close()


def test_what_was_saved_is_said_in_sight(settings_page: Page) -> None:
    taxes = settings_page.locator("#taxes form")
    taxes.get_by_label("Name").first.fill("City tax")
    taxes.get_by_label("Percent of the price").first.fill("10")
    taxes.get_by_role("button", name="Save taxes").click()
    expect(settings_page.get_by_text("The taxes are part of every price").first).to_be_in_viewport()


def test_what_went_wrong_is_said_in_sight(settings_page: Page) -> None:
    taxes = settings_page.locator("#taxes form")
    taxes.get_by_label("Name").first.fill("City tax")
    taxes.get_by_role("button", name="Save taxes").click()
    expect(settings_page.locator("#taxes .error-summary")).to_be_in_viewport()


def test_no_form_that_is_posted_takes_the_page_away_from_what_it_says() -> None:
    pages = Path(product.BASE_DIR / "templates").rglob("*.html")
    assert [
        path.name for path in pages if AWAY.search(re.sub(r"{%.*?%}|{{.*?}}", "", path.read_text()))
    ] == []
