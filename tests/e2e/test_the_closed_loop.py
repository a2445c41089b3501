import re
from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from calendars import receipts
from tests.conftest import Listing, Simulator
from tests.e2e.sight import barriers, overflows
from tests.workers import Worker, within

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _day(offset: int) -> date:
    return timezone.now().date() + timedelta(days=offset)


def _cell(page: Page, night: date) -> str:
    """How the month view names a night: free, closed, sale …"""
    home = page.url.split("?")[0]
    page.goto(f"{home}?month={night:%Y-%m}&night={night}")
    cell = page.locator("td.is-chosen, .is-chosen").first
    found = re.search(r"is-(free|closed|held|hold|sale|host)", cell.get_attribute("class") or "")
    return found[1] if found else ""


def _sign_up(page: Page) -> None:
    page.goto("/")
    page.locator("a[href*=signup]").first.click()
    page.get_by_label("Name of your business").fill("Gràcia Homes")
    page.get_by_label(re.compile("^E-?mail", re.IGNORECASE)).fill("alice@example.org")
    page.locator("input[type=password]").first.fill("correct-horse-battery")
    page.locator("main form button[type=submit], form.signup button[type=submit]").first.click()


def _new_property(page: Page) -> str:
    page.goto("/properties/new/")
    page.get_by_label("Name").fill("Casa Gràcia")
    page.get_by_label("Time zone").select_option("Europe/Madrid")
    page.get_by_label("Usual price per night").fill("120")
    page.locator("main form button[type=submit]").first.click()
    expect(page).to_have_url(re.compile("/connections/$"))
    return page.url.removesuffix("connections/")


def _connect(page: Page, *listings: Listing) -> None:
    page.get_by_label("iCal links").fill("\n".join(listing.export_url for listing in listings))
    page.locator("main form:has(textarea) button[type=submit]").click()
    rows = page.locator("[id^=feed-]").filter(has_text=re.compile(r"Read \d+ event"))
    expect(rows).to_have_count(len(listings), timeout=30_000)


def _paste_our_links(page: Page, **listings: Listing) -> None:
    """What a host does on each channel: import the link that is meant for it."""
    links = page.locator("input[readonly]").evaluate_all("inputs => inputs.map(input => input.value)")
    exports = [link for link in links if "/ical/" in link]
    assert len(exports) == len(listings)
    for link, listing in zip(exports, listings.values(), strict=True):
        listing.imports(link)


def _test_the_loop(page: Page, home: str, *listings: Listing) -> None:
    """A host's question whether it is closed, answered on the page by itself."""
    page.goto(f"{home}connections/")
    card = page.locator("#loop-check")
    card.get_by_role("button", name="Test it now").click()
    expect(card).to_contain_text("Under way since")
    expect(card.get_by_role("button", name="End the test")).to_be_focused()
    for listing in listings:
        listing.read_imports()
    assert receipts.flush() >= len(listings)
    expect(card).to_contain_text("Every loop is closed", timeout=60_000)
    expect(card.get_by_text("Both ways", exact=True)).to_have_count(len(listings))
    assert barriers(page) == []
    assert overflows(page) == []


def _go_live(page: Page, home: str) -> str:
    page.goto(f"{home}offers/")
    page.locator("form[action$='/offers/start/'] button").click()
    expect(page.locator("form[action$='/offers/start/']")).to_have_count(0)
    page.goto(f"{home}guest-page/")
    address: str = page.locator("input[readonly]").first.input_value()
    return address


def _buy_two_nights(page: Page, address: str, departure: date) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    page.get_by_label("Your check-out day").fill(str(departure))
    page.locator("main form button[type=submit]").first.click()
    page.get_by_text("2 more nights", exact=True).first.click()
    page.locator("form:has(input[type=radio]) button[type=submit]").first.click()
    page.get_by_label("Your name").fill("Marta Puig")
    page.get_by_label("Your e-mail").fill("marta@example.org")
    page.locator("form:has(input[type=email]) button[type=submit]").click()
    expect(page.locator("main")).to_contain_text(
        re.compile("confirmed|is yours|booked", re.IGNORECASE), timeout=40_000
    )
    expect(page.locator("main")).to_contain_text("240")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_the_loop_from_sign_up_to_a_sale_that_every_channel_closes(
    page: Page, simulator: Simulator, worker: Worker
) -> None:
    airbnb, booking = (
        simulator.listing("airbnb", import_interval=0),
        simulator.listing("booking", import_interval=0),
    )
    airbnb.book(_day(-1), _day(3), "Marta Puig")
    booking.book(_day(20), _day(24), "Emily Clark")

    _sign_up(page)
    home = _new_property(page)
    _connect(page, airbnb, booking)
    _paste_our_links(page, airbnb=airbnb, booking=booking)
    page.goto(f"{home}calendar/")
    assert [_cell(page, _day(2)), _cell(page, _day(3)), _cell(page, _day(21))] == ["closed", "free", "closed"]
    expect(page.locator("#why")).to_contain_text("Closed by Booking.com")

    _test_the_loop(page, home, airbnb, booking)
    address = _go_live(page, home)
    _buy_two_nights(page, address, _day(3))
    page.goto(f"{home}calendar/")
    assert [_cell(page, _day(3)), _cell(page, _day(4)), _cell(page, _day(5))] == ["sale", "sale", "free"]
    for channel in (airbnb, booking):
        channel.read_imports()
        assert channel.refuses(_day(4), _day(6))

    late = airbnb.book(_day(40), _day(42), "Late Comer")
    assert within(lambda: _cell(page, _day(40)) == "closed")
    airbnb.cancel(late)
    assert within(lambda: _cell(page, _day(40)) == "free")
