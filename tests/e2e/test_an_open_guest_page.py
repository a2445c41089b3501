"""A guest's page that stays open while others buy: it changes by itself, and keeps what was chosen."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from properties.models import Property
from tests import cast
from upsells import checkout
from upsells.models import StayLink

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOK = "document.querySelector('[data-fresh]').dispatchEvent(new Event('fresh'))"


@pytest.fixture
def link() -> StayLink:
    home = cast.a_property(cast.an_organization())
    Property.objects.filter(pk=home.pk).update(turnaround=60)
    feed = cast.a_feed(home, last_good_at=timezone.now())
    cast.an_import(feed, cast.Span(*cast.stay_of(home, -2, 3)))
    cast.an_import(feed, cast.Span(*cast.stay_of(home, 7, 9)))
    cast.an_offer(home)
    cast.an_offer(home, 1_500, kind="late_check_out")
    return StayLink.objects.select_related("property__organization").get(pk=cast.a_stay_link(home).pk)


def address(link: StayLink) -> str:
    return f"/g/{link.token}/?departure={cast.leaving(link.property).day}"


def somebody_takes(link: StayLink, key: str, amount: int) -> None:
    home = Property.objects.select_related("organization").get(pk=link.property_id)
    other = StayLink.objects.select_related("property__organization").get(pk=link.pk)
    stay = cast.Stay(cast.stay_of(home, 0, 7)[1], cast.Side.ARRIVING)
    checkout.begin(other, stay, key, amount, timezone.now())


def test_what_others_take_disappears_and_what_was_chosen_stays_chosen(page: Page, link: StayLink) -> None:
    cast.an_offer(link.property, kind="nights_before")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address(link))
    expect(page.locator("label.option")).to_have_count(8)
    page.get_by_text("2 more nights", exact=True).first.click()
    expect(page.locator("[data-total] output")).to_have_text("€198.00")
    with page.expect_response("**seen=**") as unchanged:
        page.evaluate(LOOK)
    assert unchanged.value.status == 204
    somebody_takes(link, "nights_before-2", 2 * 9_900)
    page.evaluate(LOOK)
    expect(page.locator("label.option")).to_have_count(6)
    expect(page.locator("#live")).to_have_text("What you can book has changed.")
    expect(page.locator("input[type=radio]:checked")).to_have_attribute("id", "id_extra_nights-2")
    expect(page.locator("[data-total] output")).to_have_text("€198.00")
    expect(page.locator("#lede")).to_contain_text("Nobody arrives before")


def test_the_price_lines_are_those_of_what_is_chosen(page: Page, link: StayLink) -> None:
    page.goto(address(link))
    page.get_by_text("What the prices are made of").click()
    expect(page.locator("[data-lines-of]:visible")).to_have_count(1)
    page.get_by_text("until 15:00").first.click()
    expect(page.locator("[data-lines-of]:visible")).to_contain_text("which nobody else can book then")
    expect(page.locator("[data-total] output")).to_have_text("€180.00")


def test_without_javascript_a_guest_still_buys(
    chromium: Browser, live_server: LiveServer, link: StayLink
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"/g/{link.token}/")
    page.get_by_label("Your check-out day").fill(str(cast.leaving(link.property).day))
    page.get_by_role("button", name="Show what is free").click()
    page.get_by_label("until 13:00").check()
    page.get_by_role("button", name="Choose and continue").click()
    page.get_by_label("Your name").fill("Marta Puig")
    page.get_by_label("Your e-mail").fill("marta@example.org")
    page.get_by_role("button", name="Book now, pay at the property").click()
    expect(page.locator("main")).to_contain_text("Asking every booking site")
    context.close()


def test_a_guest_who_leaves_tomorrow_needs_one_tap(page: Page, link: StayLink) -> None:
    page.goto(f"/g/{link.token}/")
    page.get_by_role("button", name="Tomorrow").click()
    tomorrow = cast.stay_of(link.property, 0, 1)[1]
    expect(page).to_have_url(re.compile(f"departure={tomorrow}#offers$"))
    expect(page.locator("#offers")).to_be_visible()


@pytest.fixture
def rival_takes_all_nights(link: StayLink) -> Callable[[], None]:
    cast.an_offer(link.property, kind="nights_before")
    return lambda: somebody_takes(link, "nights_before-4", 4 * 9_900)


def test_who_comes_too_late_is_told_so_and_what_is_left_appears_below(
    screen: BrowserContext, link: StayLink, rival_takes_all_nights: Callable[[], None]
) -> None:
    page = screen.new_page()
    page.goto(address(link))
    page.get_by_text("2 more nights", exact=True).first.click()
    rival_takes_all_nights()
    with page.expect_navigation() as answer:
        page.get_by_role("button", name="Choose and continue").click()
    assert answer.value.status == 409
    expect(page.get_by_role("heading", name="Somebody was quicker")).to_be_visible()
    expect(page.locator("label.option")).to_have_count(3)  # later check-outs
    expect(page.get_by_role("heading", name="Somebody was quicker")).to_be_visible()
    expect(page.get_by_role("link", name="See what is free now")).to_be_hidden()
    page.get_by_label("until 13:00").check()
    expect(page.locator("[data-total] output")).to_have_text("€30.00")
    page.get_by_role("button", name="Choose and continue").click()
    expect(page.get_by_label("Your name")).to_be_visible()
    page.close()


def test_without_javascript_who_comes_too_late_finds_what_is_left_behind_a_link(
    chromium: Browser, live_server: LiveServer, link: StayLink, rival_takes_all_nights: Callable[[], None]
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(address(link))
    page.get_by_label("2 more nights").check()
    rival_takes_all_nights()
    page.get_by_role("button", name="Choose and continue").click()
    expect(page.get_by_role("heading", name="Somebody was quicker")).to_be_visible()
    page.get_by_role("link", name="See what is free now").click()
    expect(page.locator("label.option")).to_have_count(3)
    context.close()
