"""A guest buys time with a card on a phone."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from properties.models import Property
from tests import cast
from tests.e2e.sight import PHONE, flaws
from tests.tills import Till
from tests.workers import Worker, within
from upsells.models import StayLink

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SECONDS = 1_000
PATIENCE = 40 * SECONDS  # for the worker, on a slow machine


def choose(page: Page, home: Property, link: StayLink) -> None:
    """From the link to the payment page, with two nights."""
    page.goto(f"/g/{link.token}/")
    page.get_by_label("Your check-out day").fill(str(cast.leaving(home).day))
    page.get_by_role("button", name="Show what is free").click()
    page.get_by_label("2 more nights").check()
    page.get_by_role("button", name="Choose and continue").click()
    page.get_by_label("Your name").fill("Marta Puig")
    page.get_by_label("Your e-mail").fill("marta@example.org")


def pay(page: Page, card: str) -> None:
    page.get_by_role("button", name=re.compile(f"^{card}")).click()


def test_a_card_is_declined_another_is_asked_about_by_its_bank_and_then_the_nights_are_booked_and_given_back(
    phone: Page, home: Property, link: StayLink, till: Till, worker: Worker
) -> None:
    phone.goto(f"/g/{link.token}/")
    assert flaws(phone) == []
    choose(phone, home, link)
    assert flaws(phone) == []
    expect(phone.get_by_text("No real card is charged here.")).to_be_visible()
    phone.get_by_role("button", name="Continue to payment").click()
    pay(phone, "Declined")
    phone.get_by_role("link", name="Back without paying").click()
    expect(phone.get_by_role("link", name="Continue to payment")).to_be_visible()
    assert flaws(phone) == []
    phone.get_by_role("link", name="Continue to payment").click()
    pay(phone, "Asks the guest's bank")
    phone.get_by_role("button", name="Approve").click()
    phone.wait_for_url(re.compile("/g/.*paid=1"))
    expect(phone.get_by_text("The card didn't work")).to_be_hidden()
    phone.evaluate("window.same = true")
    expect(phone.get_by_role("heading", name="Booked. Sleep well.")).to_be_visible(timeout=PATIENCE)
    assert phone.evaluate("window.same"), "the page moved on only when it was loaded again"
    expect(phone.locator("main")).to_contain_text("Visa ···· 3155")
    assert flaws(phone) == []

    phone.get_by_text("Cancel this…").click()
    phone.get_by_role("button", name="Cancel now").click()
    expect(phone.get_by_role("heading", name="You cancelled this")).to_be_visible()
    expect(phone.locator("main")).to_contain_text(re.compile("€198.00 (is on its way|was given) back"))
    assert flaws(phone) == []
    assert cast.the_states() == ["cancelled"]
    assert cast.busy(home)[-1][1] == cast.leaving(home).day
    assert within(lambda: [each["refunded"] for each in till.all()] == [19_800])


def test_without_javascript_a_card_buys_as_well(
    chromium: Browser, live_server: LiveServer, home: Property, link: StayLink, till: Till, worker: Worker
) -> None:
    context = chromium.new_context(
        base_url=live_server.url, viewport=PHONE, java_script_enabled=False, locale="en-GB"
    )
    page = context.new_page()
    choose(page, home, link)
    page.get_by_role("button", name="Continue to payment").click()
    pay(page, "Visa that pays")
    expect(page.get_by_role("heading", name="Booked. Sleep well.")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("main")).to_contain_text("Visa ···· 4242")
    context.close()
