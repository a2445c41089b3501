"""The search over every page, by keyboard alone, on a desk and on a phone; and without JavaScript."""

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from properties.models import Property
from tests import cast
from tests.e2e.sight import PHONE, flaws

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TARGET_PX = 24  # hosts sit at a desk; WCAG 2.5.8 asks for no more


def logged_in(context: BrowserContext, browser: Client, server: LiveServer) -> None:
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}])


@pytest.fixture
def host(screen: BrowserContext, page: Page, alices: Client, live_server: LiveServer) -> Page:
    """Alice's browser, logged in."""
    logged_in(screen, alices, live_server)
    return page


def chosen(page: Page) -> str:
    """What Enter would open: the option that the field names as its active one."""
    named = page.get_by_role("combobox").get_attribute("aria-activedescendant")
    option = page.locator("#palette [role=option][aria-selected=true]")
    assert option.get_attribute("id") == named
    return option.inner_text()


def test_everything_is_found_and_opened_by_keyboard_alone(host: Page, home: Property) -> None:
    cast.a_property(home.organization, "Casa Blau")
    host.goto("/properties/")
    link = host.get_by_role("link", name="Import many")
    link.focus()
    host.keyboard.press("/")
    field, options = host.get_by_role("combobox"), host.locator("#palette [role=option]")
    expect(field).to_be_focused()
    expect(options.first).to_have_text("Home")  # before anything is asked: where people go most
    host.keyboard.press("Escape")
    expect(host.locator("#palette")).to_be_hidden()
    expect(link).to_be_focused()

    host.keyboard.press("Control+k")
    host.keyboard.type("casa offers")
    expect(options.first).to_have_text("Offers · Casa Blau")
    expect(host.get_by_role("status").filter(has_text="2 results")).to_be_visible()
    assert chosen(host) == "Offers · Casa Blau"
    host.keyboard.press("ArrowUp")
    assert chosen(host) == "All results for “casa offers”"
    host.keyboard.press("ArrowDown")
    host.keyboard.press("ArrowDown")
    assert chosen(host) == "Offers · Casa Gràcia"
    expect(field).to_be_focused()
    assert flaws(host, TARGET_PX) == []
    host.keyboard.press("Enter")
    host.wait_for_url(f"**/properties/{home.public_id}/offers/")

    host.keyboard.press("Control+k")
    host.keyboard.type("zanzibar")
    expect(host.get_by_text("Nothing has all of “zanzibar”")).to_be_visible()
    host.keyboard.press("Enter")  # nothing to open: the page says more
    host.wait_for_url("**/search/?q=zanzibar")
    assert flaws(host, TARGET_PX) == []
    host.get_by_role("searchbox", name="Search for").focus()
    host.keyboard.press("/")  # in a field it is a letter
    expect(host.locator("#palette")).to_be_hidden()

    host.get_by_label("The / key opens the search").uncheck()
    host.goto("/properties/")
    host.keyboard.press("/")
    host.keyboard.press("Control+k")
    expect(field).to_have_value("")


def test_on_a_phone_the_palette_fits_and_whoever_is_logged_out_is_sent_to_log_in(
    host: Page, screen: BrowserContext, home: Property, alice: User
) -> None:
    host.set_viewport_size(PHONE)
    host.goto("/sales/?q=marta")
    host.get_by_text("Save this view").click()
    assert flaws(host, TARGET_PX) == []
    host.get_by_role("button", name="Search").click()
    host.get_by_role("combobox", name="Search for").fill("gracia")
    expect(host.locator("#palette [role=option]").first).to_contain_text("Casa Gràcia")
    assert flaws(host, TARGET_PX) == []
    screen.clear_cookies()
    host.get_by_role("combobox", name="Search for").fill("casa")
    host.wait_for_url("**/accounts/login/?next=/search/**")


def test_without_javascript_the_header_s_form_leads_to_the_same_answers(
    chromium: Browser, alices: Client, live_server: LiveServer, home: Property
) -> None:
    context = chromium.new_context(base_url=live_server.url, viewport=PHONE, java_script_enabled=False)
    context.set_default_timeout(15_000)
    logged_in(context, alices, live_server)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("searchbox", name="Search for").fill("gracia offers")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Offers · Casa Gràcia").click()
    expect(page).to_have_url(f"{live_server.url}/properties/{home.public_id}/offers/")

    page.goto("/sales/?q=marta")
    page.get_by_text("Save this view").click()
    page.get_by_label("Name").fill("Marta")
    page.get_by_label("Open the list with it").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as “Marta”.")).to_be_visible()
    page.goto("/sales/")
    expect(page.get_by_label("Guest or reference")).to_have_value("marta")
    page.get_by_role("link", name="All", exact=True).click()
    expect(page.get_by_label("Guest or reference")).to_have_value("")
    context.close()
