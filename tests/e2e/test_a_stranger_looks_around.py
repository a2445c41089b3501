"""The pages for everybody, as eyes and fingers meet them: both schemes, four widths, with and without scripts."""

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from properties.models import Property
from tests.e2e.sight import flaws

pytestmark = pytest.mark.browser
PATHS = ("/how-it-works/", "/pricing/", "/help/booking/", "/status/")  # the others are made of the same parts


def test_they_have_no_flaw_and_the_landing_page_shows_a_guests_page_that_answers(
    page: Page, home: Property
) -> None:
    found = []
    for path in PATHS:
        page.goto(path)
        found += [f"{path} {flaw}" for flaw in flaws(page)]
    page.goto("/")
    guest = page.frame_locator("iframe")
    page.locator("iframe").scroll_into_view_if_needed()
    expect(guest.get_by_role("heading", name="Stay a little longer")).to_be_visible()
    guest.get_by_text("3 more nights").first.click()
    expect(guest.locator("[data-total] output")).to_have_text("€258.10")
    found += [f"/ {flaw}" for flaw in flaws(page)]
    assert found == []


def test_without_scripts_the_way_from_the_promise_to_the_sign_up_is_the_same(
    chromium: Browser, live_server: LiveServer, db: None
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto("/")
    page.get_by_role("navigation", name="Main menu").get_by_role("link", name="Help").click()
    page.get_by_role("link", name="Booking.com").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Booking.com")
    page.get_by_role("navigation", name="Main menu").get_by_role("link", name="How it works").click()
    page.get_by_role("link", name="Create an account").click()
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()
    context.close()


def test_an_error_page_has_no_flaw(chromium: Browser, live_server: LiveServer, db: None) -> None:
    context = chromium.new_context(base_url=live_server.url, locale="en-GB")
    page = context.new_page()
    answer = page.goto("/no/such/page/")
    assert answer is not None
    assert answer.status == 404
    assert flaws(page) == []
    context.close()
