"""The whole way of a host and their first guest (sign up, add a home, connect, price, buy): by keyboard alone, and
without JavaScript."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from calendars.models import Feed
from properties.models import Property
from tests import cast
from tests.conftest import Listing, read
from tests.e2e.keys import Keys
from tests.e2e.sight import PHONE
from tests.tills import Till
from upsells import checkout
from upsells.models import Purchase, StayLink

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MOST_SCREENS = 5  # from the sign-up form to the first calendar that was read
PASSWORD = cast.PASSWORD
ZONE = "Europe/Madrid"


@pytest.fixture
def listing_with_a_stay(listing: Callable[..., Listing]) -> Listing:
    """A listing whose guest leaves in three days."""
    found = listing("airbnb")
    today = timezone.now().astimezone(ZoneInfo(ZONE)).date()
    found.book(today - timedelta(days=1), leaving(today), "Marta Puig")
    return found


@pytest.fixture
def without_scripts(chromium: Browser, live_server: LiveServer, site: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False, locale="en-GB")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def leaving(today: date) -> date:
    return today + timedelta(days=3)


class Screens:
    """The pages that were shown, each once, however often it came back."""

    def __init__(self, page: Page) -> None:
        self.seen: list[str] = []
        page.on("requestfinished", self._note)

    def _note(self, request: Request) -> None:
        path = re.sub(r"[?#].*", "", request.url)
        answer = request.response()
        is_shown = answer is not None and answer.status < 300
        if request.is_navigation_request() and is_shown and path not in self.seen[-1:]:
            self.seen.append(path)


def worker_reads() -> None:
    """What the worker does within seconds of a calendar's being connected, without the queue."""
    for feed in Feed.objects.filter(last_read_at=None):
        read(feed)


def worker_settles() -> None:
    """The same of a purchase: every calendar is read once more, then it is decided."""
    purchase = Purchase.objects.get()
    checkout.look_again(purchase, timezone.now())
    checkout.decide(purchase, timezone.now())


def test_by_keyboard_alone(page: Page, site: str, listing_with_a_stay: Listing) -> None:
    page.emulate_media(reduced_motion="reduce")  # a page that still scrolls hides its stops
    keys = Keys(page)
    page.goto("/")
    keys.go("Create an account")
    screens = Screens(page)
    keys.enter("E-mail", "alice@example.org")
    keys.enter("Password", PASSWORD)
    keys.enter("Name of your business", "Gràcia Homes")
    with page.expect_navigation():
        keys.press("Enter")

    keys.enter("Name", "Casa Gràcia")
    keys.enter("Time zone", ZONE)
    keys.enter("Usual price per night", "120")
    keys.go("Add it and connect calendars", key="Space")
    keys.enter("iCal links", listing_with_a_stay.export_url)
    keys.go("Check and connect")
    worker_reads()
    expect(page.locator("[id^=feed-]")).to_contain_text("Read 1 event")
    assert len(screens.seen) <= MOST_SCREENS, screens.seen

    keys.go("Offers", back=True)
    keys.go("Start selling all four", key="Space")
    keys.go("Overview", back=True)
    night = home_today() + timedelta(days=3)
    for _step in strip_to(keys, night):
        keys.press("ArrowRight")
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.locator("#why")).to_contain_text("to the guest leaving on")
    keys.go("Guest page", back=True)
    keys.tab("Address of the guest page")
    address = page.evaluate("document.activeElement.value")

    page.goto(address)
    keys.enter_date("Your check-out day", night)
    keys.go("Show what is free")
    keys.tab("1 more night")
    keys.press("ArrowDown")
    keys.go("Choose and continue")
    keys.enter("Your name", "Marta Puig")
    keys.enter("Your e-mail", "marta@example.org")
    with page.expect_navigation():
        keys.press("Enter")
    worker_settles()
    expect(page.get_by_role("heading", name="Booked. Sleep well.")).to_be_visible()
    assert cast.busy(Property.objects.get())[-1][1] == night + timedelta(days=2)
    assert not keys.flaws, "\n".join(keys.flaws)


def home_today() -> date:
    return Property.objects.get().house.today(timezone.now())


def strip_to(keys: Keys, night: date) -> range:
    """Go to the strip of nights, which is one stop; so many nights further is the one that is meant."""
    today = home_today()
    keys.tab(f"{today:%a}")
    return range((night - today).days)


def test_without_javascript(without_scripts: Page, listing_with_a_stay: Listing) -> None:
    page, screens = without_scripts, Screens(without_scripts)
    page.goto("/accounts/signup/")
    page.get_by_label("E-mail").fill("alice@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Name of your business").fill("Gràcia Homes")
    page.get_by_role("button", name="Create account").click()
    page.get_by_label("Name").fill("Casa Gràcia")
    page.get_by_label("Time zone").select_option(ZONE)
    page.get_by_label("Usual price per night").fill("120")
    page.get_by_role("button", name="Add it and connect calendars").click()
    page.get_by_label("iCal links").fill(listing_with_a_stay.export_url)
    page.get_by_role("button", name="Check and connect").click()
    worker_reads()
    page.get_by_role("link", name="Connections").click()
    expect(page.locator("[id^=feed-]")).to_contain_text("Read 1 event")
    assert len(screens.seen) <= MOST_SCREENS, screens.seen

    tabs = page.get_by_role("navigation", name="Property")
    tabs.get_by_role("link", name="Offers").click()
    page.get_by_role("button", name="Start selling all four").click()
    tabs.get_by_role("link", name="Guest page").click()
    address = page.get_by_role("textbox", name="Address of the guest page").input_value()
    tabs.get_by_role("link", name="Overview").click()
    night = home_today() + timedelta(days=3)
    expect(page.locator(".tile.on-sale").first).to_contain_text("€120")

    page.set_viewport_size(PHONE)
    page.goto(f"{address}?departure={night}")
    page.get_by_role("button", name="Choose and continue").click()
    page.get_by_label("Your name").fill("Marta Puig")
    page.get_by_label("Your e-mail").fill("marta@example.org")
    page.locator("form:has(input[type=email]) button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    worker_settles()
    page.reload()
    expect(page.get_by_role("heading", name="Booked. Sleep well.")).to_be_visible()
    assert cast.the_states() == ["confirmed"]


def test_a_guest_is_two_taps_from_the_payment(
    phone: Page, link: StayLink, home: Property, till: Till
) -> None:
    day = cast.leaving(home).day
    phone.goto(f"/g/{link.token}/?departure={day}")
    phone.get_by_role("button", name="Choose and continue").click()
    phone.get_by_label("Your name").fill("Marta Puig")
    phone.get_by_label("Your e-mail").fill("marta@example.org")
    phone.get_by_role("button", name="Continue to payment").click()
    expect(phone.get_by_role("button", name="Visa that pays")).to_be_visible()
