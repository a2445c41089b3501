"""The calendar of more homes than a screen holds: all of them are there, with what is on sale, by script or without."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from domain.spans import Span
from properties.models import Property
from tests import cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOMES = 40


@pytest.fixture
def last(home: Property) -> Property:
    """The last of many homes, where a free night is on sale."""
    for number in range(HOMES - 1):
        found = cast.a_property(home.organization, f"Home {number:03}")
    now = timezone.now()
    feed = cast.a_feed(found, last_read_at=now, last_good_at=now)
    today = found.house.today(now)
    cast.an_import(feed, Span(today, today + timedelta(days=3)), now)
    cast.an_offer(found)
    return found


def let_in(context: BrowserContext, alices: Client, site: str) -> None:
    session = alices.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}])


def test_all_rows_are_unpacked_one_after_the_other_and_then_filled_with_prices(
    screen: BrowserContext, page: Page, alices: Client, last: Property, live_server: LiveServer
) -> None:
    let_in(screen, alices, live_server.url)
    page.goto("/calendar/")
    expect(page.locator(".row-of[role=group]")).to_have_count(HOMES)
    row = page.get_by_role("group", name=last.name)
    expect(row.locator(".gap")).to_contain_text("€")
    bar = row.locator(".bar")
    expect(bar).to_have_attribute("tabindex", "0")  # the only one of all homes: the board's stop
    bar.focus()
    bar.press("ArrowRight")
    expect(row.locator(".gap")).to_be_focused()


def test_where_prices_do_not_come_a_link_leads_to_them(
    screen: BrowserContext, alices: Client, last: Property, live_server: LiveServer
) -> None:
    let_in(screen, alices, live_server.url)
    page = screen.new_page()  # one that may complain of what fails
    page.route("**/calendar/?*gaps=1*", lambda route: route.abort())
    page.goto("/calendar/")
    page.get_by_role("link", name="Show what is on sale").click(trial=True)


def test_without_scripts_all_rows_are_there(
    chromium: Browser, alices: Client, last: Property, live_server: LiveServer
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    let_in(context, alices, live_server.url)
    page = context.new_page()
    page.goto("/calendar/")
    expect(page.locator(".row-of[role=group]")).to_have_count(HOMES)
    page.get_by_role("link", name="Show what is on sale").click()
    expect(page.get_by_role("group", name=last.name).locator(".gap")).to_contain_text("€")
    context.close()
