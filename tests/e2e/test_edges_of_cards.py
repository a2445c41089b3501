"""What stands in a card keeps to its edges, and what goes on beyond one shows it."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django import Settings

from accounts.models import User
from tests.e2e.sight import PHONE
from tests.e2e.town import Town, a_town

pytestmark = pytest.mark.browser
PADDING_PX = 12
BESIDE = """() => [...document.querySelectorAll(".card:has(> header) .table-wrap:not(.chart *) > .table")]
  .filter(table => getComputedStyle(table.querySelector("tr")).display === "table-row")
  .map(table => {
    const style = (each, side) => parseFloat(getComputedStyle(each)[side]);
    const header = table.closest(".card").querySelector("header"), row = table.querySelector("tbody tr");
    return [style(header, "paddingLeft"), style(row.firstElementChild, "paddingLeft"),
            style(header, "paddingRight"), style(row.lastElementChild, "paddingRight")];
  })"""
CURVES = """() => [...document.querySelectorAll(".figure")].map(tile => {
  const [outer, inner] = [tile, tile.querySelector(".spark")].map(each => each?.getBoundingClientRect());
  return inner && [inner.left - outer.left, outer.right - inner.right, !!tile.querySelector(".spark-key")];
}).filter(Boolean)"""
PARTS = """() => Object.values(Object.groupBy(document.querySelectorAll(".offer-card"), card => card.offsetTop))
  .map(row => row.map(card => [...card.children].map(part => part.offsetTop + part.offsetHeight).join()))
  .map(row => new Set(row).size)"""
BUTTON = """() => {
  const look = getComputedStyle(document.querySelector("input[type=file]"), "::file-selector-button");
  return [look.minHeight, look.borderRadius];
}"""

CLIPPED = """longest => [...document.querySelectorAll(".strip .tile .state")].map(tile => {
  const word = tile.querySelector("[data-short]");
  if (word) word.textContent = longest;
  return [tile.scrollWidth - tile.clientWidth, tile.innerText];
}).filter(([over]) => over > 0)"""


LINES = """nav => Object.fromEntries([...nav.children].reverse().map(each => {
  const box = each.getBoundingClientRect();
  return [box.top, box.left];
}))"""


@pytest.fixture
def town(alice: User) -> Town:
    return a_town(alice)


@pytest.mark.parametrize("width", [390, 1440])
def test_the_first_and_last_columns_stand_under_the_edges_of_the_cards_header(
    pocket: Page, town: Town, settings: Settings, width: int
) -> None:
    settings.BILLING = True
    pocket.set_viewport_size({"width": width, "height": 900})
    seen = 0
    for path in ("/", reverse("plan:page")):
        pocket.goto(path)
        for start, first, end, last in pocket.evaluate(BESIDE):
            assert (first, last) == (start, end), (path, width)
            seen += 1
    assert seen


def test_a_figures_curve_and_its_key_stand_inside_the_tile(pocket: Page, town: Town) -> None:
    pocket.goto("/")
    curves = pocket.evaluate(CURVES)
    assert curves, town
    for start, end, has_key in curves:
        assert min(start, end) >= PADDING_PX
        assert has_key


def test_the_button_that_chooses_a_file_is_dressed_like_the_others(pocket: Page, town: Town) -> None:
    for path in (reverse("calendars:import"), reverse("properties:settings", args=[town.home.public_id])):
        pocket.goto(path)
        assert pocket.evaluate(BUTTON) == ["44px", "10px"]


def test_a_table_that_scrolls_has_a_shade_at_its_edge(pocket: Page, town: Town) -> None:
    pocket.set_viewport_size({**PHONE, "width": 320})
    pocket.goto(reverse("team:list"))
    wrap = pocket.locator(".table-wrap:has(.powers)")
    assert "local" in wrap.evaluate("each => getComputedStyle(each).backgroundAttachment"), town


def test_a_table_that_scrolls_leaves_the_card_its_corners(pocket: Page, town: Town) -> None:
    pocket.goto(reverse("sales:list"))
    wrap = pocket.locator(".card > .table-wrap")
    assert wrap.evaluate("each => getComputedStyle(each).borderTopLeftRadius") == "15px", town
    pocket.goto(reverse("team:list"))
    assert wrap.last.evaluate("each => getComputedStyle(each).borderBottomRightRadius") == "15px"


def test_the_days_of_the_audit_logs_filter_stand_in_one_row(pocket: Page, town: Town) -> None:
    pocket.set_viewport_size({"width": 1440, "height": 900})
    pocket.goto(reverse("audit"))
    tops = {pocket.locator(f"[name={each}]").bounding_box()["y"] for each in ("start", "end")}  # type: ignore[index]
    assert len(tops) == 1, town


@pytest.mark.parametrize("width", [320, 390, 800, 1024, 1440])
def test_no_word_is_clipped_in_the_tile_of_a_night(pocket: Page, town: Town, width: int) -> None:
    pocket.set_viewport_size({"width": width, "height": 900})
    pocket.goto(town.home.get_absolute_url())
    assert pocket.locator(".strip .tile [data-short]").count()
    for longest in ("verkauft", "gehalten", "guardada", "riservata"):
        assert pocket.evaluate(CLIPPED, longest) == [], (longest, width)


def test_the_parts_of_offers_side_by_side_are_as_high(pocket: Page, town: Town) -> None:
    for width in (800, 1024, 1440):
        pocket.set_viewport_size({"width": width, "height": 900})
        pocket.goto(reverse("upsells:offers", args=[town.home.public_id]))
        pocket.locator(".offer-card h2").nth(1).evaluate(
            "each => { each.textContent = each.textContent.repeat(3); }"
        )
        assert set(pocket.evaluate(PARTS)) == {1}, width


def test_a_homes_links_begin_under_its_name_on_every_line(pocket: Page, town: Town) -> None:
    pocket.goto(reverse("properties:list"))
    lines = pocket.locator("nav.in.links").first.evaluate(LINES)
    assert len(lines) > 1, town
    assert len(set(lines.values())) == 1


def test_a_price_that_would_be_offered_stands_beside_its_words(pocket: Page, town: Town) -> None:
    pocket.goto(reverse("upsells:offers", args=[town.home.public_id]))
    row = pocket.locator(".sample summary").first
    words, price = row.locator(".what").bounding_box(), row.locator(".price").bounding_box()
    assert words
    assert price
    assert words["y"] <= price["y"] < words["y"] + words["height"]


def test_the_button_beside_a_field_stands_at_its_foot(pocket: Page, town: Town) -> None:
    pocket.set_viewport_size({"width": 1440, "height": 900})
    pocket.goto(reverse("directory:vendors"))
    feet = [pocket.locator(each).bounding_box() for each in ("#q", "#q >> xpath=../../button")]
    assert len({box["y"] + box["height"] for box in feet if box}) == 1, town
