"""The calendar of more homes than a screen holds: all of them are there, with what is on sale, by script or without."""

import re
from collections import Counter
from datetime import timedelta
from io import BytesIO

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect
from pypdf import PdfReader
from pytest_django.live_server_helper import LiveServer

from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.e2e.sight import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOMES = 40
LEAST_PADDING_PX = 8
A4_ON_ITS_SIDE: ViewportSize = {"width": 1040, "height": 720}
STOPS = (
    "board => [board, ...board.querySelectorAll('a, [tabindex]')].filter(each => each.tabIndex >= 0)"
    ".map(each => each.textContent)"
)
CUT = """() => [...document.querySelectorAll(".head .nr, .who > a")]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== "inline")
    .map(each => each.textContent)"""


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
    bar.focus()
    bar.press("ArrowRight")
    expect(row.locator(".gap")).to_be_focused()


@pytest.fixture
def board(
    screen: BrowserContext, page: Page, alices: Client, last: Property, live_server: LiveServer
) -> Page:
    """The board of all these homes, once everything is there."""
    let_in(screen, alices, live_server.url)
    page.goto("/calendar/")
    expect(page.get_by_role("group", name=last.name).locator(".gap")).to_be_attached()
    return page


def named(page: Page, name: str) -> Locator:
    """The name of a home on the board, which leads to the home."""
    return page.locator(".board").get_by_role("link", name=name, exact=True)


def test_the_board_is_one_stop_of_the_tabulator_and_arrows_lead_to_every_home(
    board: Page, home: Property, last: Property
) -> None:
    assert board.locator(".board").evaluate(STOPS) == [home.name]
    board.get_by_role("search").get_by_role("button", name="Show").focus()
    board.keyboard.press("Tab")
    expect(named(board, home.name)).to_be_focused()
    board.keyboard.press("ArrowDown")
    expect(named(board, "Home 000")).to_be_focused()
    for _ten in range(HOMES // 10):
        board.keyboard.press("PageDown")
    expect(named(board, last.name)).to_be_focused()
    board.keyboard.press("ArrowRight")
    row = board.get_by_role("group", name=last.name)
    expect(row.locator(".bar")).to_be_focused()
    board.keyboard.press("ArrowUp")  # no other home has a bar
    expect(row.locator(".bar")).to_be_focused()
    assert board.locator(".board").evaluate(STOPS) == [row.locator(".bar").inner_text()]
    board.keyboard.press("ArrowLeft")
    expect(named(board, last.name)).to_be_focused()
    board.keyboard.press("Tab")
    expect(board.locator(".board :focus")).to_have_count(0)
    board.keyboard.press("Shift+Tab")
    board.keyboard.press("Enter")
    board.wait_for_url(f"**/properties/{last.public_id}/**")


@pytest.mark.parametrize("leave", ["Escape", "the link"])
def test_a_panel_that_is_opened_by_key_takes_the_focus_and_gives_it_back(
    board: Page, last: Property, leave: str
) -> None:
    bar = board.get_by_role("group", name=last.name).locator(".bar")
    bar.press("Enter")
    heading = board.locator("#why-place").get_by_role("heading").first
    expect(heading).to_be_focused()
    if leave == "the link":
        board.keyboard.press("Tab")
        expect(board.locator("#why-place").get_by_role("link", name="Close", exact=True)).to_be_focused()
    board.keyboard.press("Enter" if leave == "the link" else leave)
    expect(heading).to_have_count(0)
    expect(bar).to_be_focused()


def test_a_panel_that_is_opened_by_mouse_leaves_the_focus_where_it_is(board: Page, last: Property) -> None:
    bar = board.get_by_role("group", name=last.name).locator(".bar")
    bar.click()
    expect(board.locator("#why-place").get_by_role("heading").first).to_be_visible()
    expect(bar).to_be_focused()


def test_printed_all_days_fit_the_sheet_under_their_heading_and_no_text_is_cut(
    board: Page, last: Property
) -> None:
    named(board, last.name).evaluate("name => { name.textContent = 'A house with a view of the mountains'; }")
    board.set_viewport_size(A4_ON_ITS_SIDE)
    board.emulate_media(media="print")
    heading = board.locator("#board-h").bounding_box()
    assert heading
    assert heading["height"] > 1  # seen, not only heard
    assert board.evaluate(CUT) == []
    assert board.locator(".board").evaluate("board => board.scrollWidth <= board.clientWidth")
    gap = board.get_by_role("group", name=last.name).locator(".gap")
    assert gap.evaluate("gap => parseFloat(getComputedStyle(gap).fontSize)") > 0
    assert gap.evaluate("gap => gap.scrollWidth <= gap.clientWidth + 1")
    night = board.get_by_role("group", name=last.name).locator(".bar")
    night.evaluate("bar => { bar.className = 'bar s5 n2 is-sale'; }")
    assert night.evaluate("bar => getComputedStyle(bar, '::before').content") != "none"


def test_a_price_begins_a_choice_of_nights_and_shows_its_panel(board: Page, last: Property) -> None:
    row, panel = board.get_by_role("group", name=last.name), board.locator("#why-place")
    gap = row.locator(".gap")
    gap.click()
    expect(panel.get_by_role("heading").first).to_contain_text(f"{last.name} · ")
    expect(panel).to_contain_text("On sale now")
    expect(gap).to_be_in_viewport()
    expect(row.locator(".ghost")).to_be_visible()
    gap.click()
    ask = board.get_by_role("dialog", name=last.name)
    expect(ask).to_be_visible()
    leaves = last.house.today(timezone.now()) + timedelta(days=3)
    expect(ask.get_by_label("First night")).to_have_value(str(leaves))
    expect(ask.get_by_label("Free again on")).to_have_value(str(leaves + timedelta(days=1)))


def test_a_row_is_as_high_as_its_lanes(board: Page, last: Property) -> None:
    row = board.get_by_role("group", name=last.name)
    heights = [
        row.evaluate("(row, lanes) => { row.dataset.lanes = lanes; return row.offsetHeight; }", lanes)
        for lanes in (2, 3)
    ]
    lanes = row.evaluate("row => { delete row.dataset.lanes; return row.offsetHeight; }")
    lane = heights[1] - heights[0]
    assert heights[0] - lanes == lane > 0


def test_printed_every_page_has_the_days_over_its_homes(board: Page) -> None:
    days = [re.sub(r"\s", "", text) for text in board.locator(".head .nr").all_text_contents()]
    printed = PdfReader(BytesIO(board.pdf(format="A4", landscape=True))).pages
    of_homes = [text for page in printed if "Home 0" in (text := page.extract_text())]
    assert len(of_homes) > 1
    for text in of_homes:
        assert Counter(days) <= Counter(text.split())


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
    assert len(page.locator(".board").evaluate(STOPS)) > HOMES  # all of them plain links
    page.set_viewport_size(PHONE)
    link, card = (
        page.get_by_role("link", name="Show the agenda").bounding_box(),
        page.locator(".agenda").bounding_box(),
    )
    assert link
    assert card
    assert link["x"] - card["x"] > LEAST_PADDING_PX
    page.get_by_role("link", name="Show what is on sale").click()
    expect(page.get_by_role("group", name=last.name).locator(".gap")).to_contain_text("€")
    context.close()
