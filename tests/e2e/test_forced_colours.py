"""Where the system draws the colours, what is current stands out, and a legend's swatches differ from each other."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from tests.e2e.town import a_town

pytestmark = pytest.mark.browser
LOOKS = """selector => [...document.querySelectorAll(selector)].map(each => {
  const look = getComputedStyle(each);
  return [each.hasAttribute("aria-current"), [look.backgroundColor, look.color, look.borderBlockEndColor].join()];
})"""
SWATCHES = """() => [...document.querySelectorAll(".legend li > :first-child")].map(each => {
  const looks = [each, ...each.children].map(part => getComputedStyle(part));
  return [each.textContent.trim(), ...looks.map(look => [look.borderStyle, look.borderColor].join())].join(" ");
})"""


@pytest.fixture
def forced(pocket: Page) -> Page:
    """Alice's window, in the colours that her system chose."""
    pocket.emulate_media(forced_colors="active")
    return pocket


@pytest.mark.parametrize("width", [390, 1440])
def test_the_current_tab_and_the_current_place_look_unlike_the_others(
    forced: Page, alice: User, width: int
) -> None:
    town = a_town(alice)
    forced.set_viewport_size({"width": width, "height": 844})
    forced.goto(town.home.get_absolute_url())
    for selector in (".tabs a", ".nav-link"):
        found = forced.evaluate(LOOKS, selector)
        current = {look for is_current, look in found if is_current}
        others = {look for is_current, look in found if not is_current}
        assert current
        assert not current & others, selector


def test_no_two_swatches_of_a_legend_look_the_same(forced: Page, alice: User) -> None:
    town = a_town(alice)
    for path in (town.home.get_absolute_url(), reverse("calendars:month", args=[town.home.public_id])):
        forced.goto(path)
        swatches = forced.evaluate(SWATCHES)
        assert len(swatches) > 5
        assert len(set(swatches)) == len(swatches), swatches
