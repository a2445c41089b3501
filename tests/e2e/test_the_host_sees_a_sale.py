"""What the host sees of a sale by card, and what they hand out so that guests buy: links, QR codes, the sheet."""

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from calendars.models import Block
from domain.spans import Span
from properties.models import Property
from tests import cast, tills
from tests.e2e.sight import PHONE, barriers, flaws
from tests.tills import Till
from upsells.models import Payment, Purchase, StayLink

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TARGET_PX = 24  # hosts sit at a desk; WCAG 2.5.8 asks for no more
DRAWN = "async image => { await image.decode(); return image.naturalWidth > 0; }"


@pytest.fixture
def host(screen: BrowserContext, page: Page, alices: Client, live_server: LiveServer) -> Page:
    """Alice's browser, logged in."""
    session = alices.cookies[settings.SESSION_COOKIE_NAME].value
    screen.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return page


@pytest.fixture
def sale(link: StayLink, till: Till) -> Purchase:
    """Two nights, paid by card and confirmed."""
    payment: Payment = tills.at_the_page(link, till)
    till.pay(payment)
    return tills.work(payment, till)


def downloaded(page: Page, press: Callable[[], None], folder: Path) -> Path:
    with page.expect_download() as download:
        press()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_a_sale_stands_in_the_list_with_its_story_and_in_the_file(
    host: Page, home: Property, sale: Purchase, tmp_path: Path
) -> None:
    assert sale.state == Purchase.State.CONFIRMED
    host.goto("/sales/")
    assert flaws(host, TARGET_PX) == []
    link = host.get_by_role("link", name="Download as CSV")
    with downloaded(host, link.click, tmp_path).open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["Reference"], row["State"], row["Charged"]) == (sale.public_id, "confirmed", "198.00")

    host.get_by_label("Guest or reference").fill("nobody")
    host.get_by_role("button", name="Show").click()
    expect(host.get_by_text("No purchase matches")).to_be_visible()
    host.get_by_role("link", name="Reset the filter").click()
    host.locator("tbody th a").click()
    steps = host.locator(".timeline b")
    expect(steps.first).to_have_text("Kept for the guest, at €198.00")
    told = steps.all_inner_texts()
    order = ["€198.00 reserved on the card", "Airbnb was read once more", "Confirmed", "€198.00 charged"]
    assert [step for step in told if step in order] == order
    assert flaws(host, TARGET_PX) == []

    host.goto("/sales/revenue/")
    expect(host.get_by_text("€198.00 from 1 sale.").first).to_be_visible()
    host.get_by_text("The same as a table").first.click()
    assert flaws(host, TARGET_PX) == []


def test_the_calendar_of_all_homes_is_used_by_keys_and_by_mouse(
    host: Page, home: Property, sale: Purchase
) -> None:
    cast.an_export(home)
    host.set_viewport_size({"width": 1440, "height": 900})
    host.goto("/calendar/")
    gap = host.locator(".gap").first
    expect(gap).to_have_text("€99")  # what is on sale comes after the board
    assert flaws(host, TARGET_PX) == []

    bars = host.locator(".board .bar")
    host.locator(".board [tabindex='0']").focus()
    host.keyboard.press("End")
    host.keyboard.press("Home")
    expect(host.locator(".board").get_by_role("link", name=home.name, exact=True)).to_be_focused()
    host.keyboard.press("ArrowRight")
    expect(bars.first).to_be_focused()
    host.keyboard.press("ArrowRight")
    expect(host.get_by_label("Marta, ", exact=False)).to_be_focused()
    host.keyboard.press("Enter")
    expect(host.locator("#why").get_by_text("Sold by you as an extra night")).to_be_visible()
    host.locator("#why").get_by_role("link", name="Close").click()
    expect(host.locator("#why")).to_have_count(0)

    track = host.locator(".track")
    box = track.bounding_box()
    assert box
    day, middle = box["width"] / 60, box["y"] + box["height"] / 2
    host.mouse.move(box["x"] + 12.5 * day, middle)
    host.mouse.down()
    host.mouse.move(box["x"] + 14.5 * day, middle, steps=4)
    host.mouse.up()
    first = home.house.today(timezone.now()) + timedelta(days=10)  # the board begins two days ago
    expect(host.get_by_label("First night")).to_have_value(str(first))
    expect(host.get_by_label("Free again on")).to_have_value(str(first + timedelta(days=3)))
    assert barriers(host) == []
    host.get_by_role("button", name="Close these nights").click()
    expect(host.get_by_text("Every channel sees it").first).to_be_visible()
    assert Block.objects.get(origin=Block.Origin.HOST).span == Span(first, first + timedelta(days=3))

    host.set_viewport_size(PHONE)
    host.goto("/calendar/")
    expect(host.locator("#agenda-days").get_by_text("Free and on sale").first).to_be_visible()
    assert barriers(host) == []


def test_the_host_hands_out_the_link_of_a_stay_and_prints_the_sheet_of_the_home(
    host: Page, home: Property, place: object, link: StayLink, site: str, tmp_path: Path
) -> None:
    own = cast.a_stay_link(home, Span(*cast.stay_of(home, 0, 3)))
    host.goto(f"/properties/{home.public_id}/guest-page/")
    assert host.get_by_alt_text("QR code of the guest page").evaluate(DRAWN)
    assert flaws(host, TARGET_PX) == []
    host.get_by_label("Deutsch").check()
    sheet = downloaded(host, host.get_by_role("button", name="Sheet as PDF, A4").click, tmp_path)
    assert (sheet.suffix, sheet.read_bytes()[:5]) == (".pdf", b"%PDF-")
    code = downloaded(host, host.get_by_role("link", name="Download the QR code").click, tmp_path)
    assert (code.suffix, b"<svg" in code.read_bytes()[:200]) == (".svg", True)

    host.locator(".stay-list a").click()
    expect(host.get_by_label("Address of the guest page")).to_have_value(f"{site}/g/{own.token}/")
    assert host.get_by_alt_text("QR code of this stay's page").evaluate(DRAWN)
    host.get_by_role("link", name="Français").click()
    expect(host.locator("textarea")).to_have_attribute("lang", "fr")
    assert flaws(host, TARGET_PX) == []
