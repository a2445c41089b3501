"""A manager connects Escapia: the guide, keys that a worker checks, units become homes, with and without scripts."""

import re

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from calendars import tasks
from calendars.models import Connection, Feed
from tests.e2e.sight import flaws
from tests.escapia import Escapia

pytestmark = pytest.mark.browser
LEAST_PX = 24  # WCAG 2.5.8, of boxes to tick: their labels are larger


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_keys_are_checked_and_units_become_homes(
    chromium: Browser,
    live_server: LiveServer,
    alice: User,
    escapia: Escapia,
    settings: Settings,
    *,
    scripts: bool,
) -> None:
    settings.MIRROR_BASE_URLS = {"escapia": escapia.base_urls}
    settings.MIRROR_SWITCHES = ["escapia.unit_numbers=shared", "escapia.last_day=departure"]
    browser = Client()
    browser.force_login(alice)
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=scripts, locale="en-GB")
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": browser.cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    page.goto("/systems/")
    page.get_by_role("link", name="Connect Escapia").click()
    found = [f"guide {flaw}" for flaw in flaws(page, LEAST_PX)] if scripts else []
    keys = escapia.pmc().keys
    page.get_by_label("Name of the account").fill("Beach rentals")
    page.get_by_label("Time zone of the units").select_option("America/Chicago")
    hsapi, gateway = page.get_by_role("group", name="HSAPI"), page.get_by_role("group", name="Gateway")
    hsapi.get_by_label("Client ID").fill(keys["hsapi"]["id"])
    hsapi.get_by_label("Client secret").fill(keys["hsapi"]["secret"])
    hsapi.get_by_label("Number of your company").fill(escapia.pmc().id)
    gateway.get_by_label("Client ID").fill(keys["gateway"]["id"])
    gateway.get_by_label("Client secret").fill(keys["gateway"]["secret"])
    page.get_by_role("button", name="Check and connect").click()
    expect(page.get_by_role("heading", name="The keys are being checked")).to_be_visible()
    tasks.look_at_connection(Connection.objects.get().pk)  # a worker's part
    if not scripts:
        page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", name="to choose")).to_be_visible(timeout=20_000)
    found += [f"account {flaw}" for flaw in flaws(page, LEAST_PX)] if scripts else []
    unit = escapia.unit()
    line = page.get_by_role("group", name=unit.name)
    if scripts:
        one_for_all(page, unit.name)
    line.get_by_role("checkbox", name=unit.name).check()
    line.get_by_text("Name and time zone").click()
    line.get_by_label("Name of the home").fill("Casa del Mar")
    page.get_by_label("Check-in from").fill("16:00")
    page.get_by_label("Check-out until").fill("10:00")
    page.get_by_label("Usual price per night").fill("150")
    page.get_by_role("button", name="Make them homes").click()
    expect(page.get_by_role("heading", name="1 home follows its unit")).to_be_visible()
    expect(page.get_by_label("Amplistay link for Casa del Mar")).to_have_value(re.compile(r"\.ics$"))
    found += [f"homes {flaw}" for flaw in flaws(page, LEAST_PX)] if scripts else []
    assert Feed.objects.get().property.name == "Casa del Mar"
    assert found == []
    context.close()


def one_for_all(page: Page, name: str) -> None:
    """The box for all ticks each, and each can still be left out."""
    boxes, every = page.locator('[name^="take-"]'), page.get_by_label("on this page")
    every.check()
    assert boxes.evaluate_all("all => all.every(box => box.checked)")
    page.get_by_role("checkbox", name=name).uncheck()
    expect(every).not_to_be_checked()
    every.check()
    every.uncheck()
    assert boxes.evaluate_all("all => all.every(box => !box.checked)")
