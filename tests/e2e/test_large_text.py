"""Who reads text at twice the usual size reaches everything: nothing is beside the window or under another."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from tests.e2e.sight import OVERFLOWS
from tests.e2e.town import Town, a_town

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
TWICE = """addEventListener("DOMContentLoaded", () => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("html { font-size: 200% }");
  document.adoptedStyleSheets.push(sheet);
})"""
OF_BARS = ".side a, .side summary, .side button"
OVER_EACH_OTHER = """selector => {
  const seen = [...document.querySelectorAll(selector)].filter(each => each.checkVisibility());
  const boxes = seen.map(each => [each, each.getBoundingClientRect()]).filter(([, box]) => box.width);
  const wrong = [];
  for (const [one, a] of boxes) {
    if (a.left < -1 || a.right > innerWidth + 1) wrong.push(`off the window: ${one.textContent.trim()}`);
    for (const [other, b] of boxes)
      if (one !== other && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
        wrong.push(`${one.textContent.trim()} over ${other.textContent.trim()}`);
  }
  return wrong;
}"""
UNDER_THE_SIDE = """() => {
  const side = document.querySelector(".side").getBoundingClientRect();
  return document.querySelector("main").getBoundingClientRect().left < side.right - 1;
}"""
LETTERS = """() => [...document.querySelectorAll(".stay span, .stay b")].filter(each => {
  const line = parseFloat(getComputedStyle(each).lineHeight);
  return each.getBoundingClientRect().height > 3.5 * line;
}).map(each => each.textContent)"""


@pytest.fixture
def town(alice: User) -> Town:
    return a_town(alice)


@pytest.fixture
def large(pocket: Page) -> Page:
    """Alice's phone and desk, with text at twice its size."""
    pocket.add_init_script(TWICE)
    return pocket


def pages(town: Town) -> list[str]:
    of_home = ("calendars:connections", "upsells:offers", "upsells:guest-page")
    alone = (
        "home",
        "planner",
        "properties:list",
        "sales:list",
        "notices:wishes",
        "plan:page",
        "team:list",
        "audit",
    )
    return [
        *(reverse(name) for name in alone),
        town.home.get_absolute_url(),
        *(reverse(name, args=[town.home.public_id]) for name in of_home),
    ]


def test_no_page_scrolls_sideways_and_nothing_in_the_bars_lies_over_another(large: Page, town: Town) -> None:
    wrong = []
    for width in (1440, 390):
        large.set_viewport_size({"width": width, "height": 900})
        for path in pages(town):
            answer = large.goto(path)
            assert answer
            assert answer.ok, path
            if large.evaluate(OVERFLOWS):
                wrong.append(f"{path} scrolls sideways at {width}")
            wrong += [f"{path} at {width}: {each}" for each in large.evaluate(OVER_EACH_OTHER, OF_BARS)]
            if width == 1440 and large.evaluate(UNDER_THE_SIDE):
                wrong.append(f"{path}: the page lies under the menu")
    assert wrong == []


def test_a_page_with_nothing_aside_has_its_whole_width(pocket: Page, town: Town) -> None:
    pocket.set_viewport_size({"width": 1440, "height": 900})
    pocket.goto(reverse("properties:list"))
    assert town.home.name in pocket.locator(".cols h2").first.inner_text()
    whole, card = (pocket.locator(each).first.bounding_box() for each in (".cols", ".cols .card"))
    assert whole
    assert card
    assert card["width"] == whole["width"]


def test_a_guests_own_stay_is_told_in_words_and_not_in_letters(large: Page, town: Town) -> None:
    large.goto(town.guests["what is free"])
    assert large.locator(".stay").count()
    assert large.evaluate(LETTERS) == []
    assert not large.evaluate(OVERFLOWS)
