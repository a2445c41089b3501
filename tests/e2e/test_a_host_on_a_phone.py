"""The host's shell on a phone: the bar below says each place in full, in every language, and nobody is told of keys."""

import pytest
from django.conf import settings as site
from django.urls import reverse
from playwright.sync_api import Page

from accounts import language
from accounts.models import User

pytestmark = pytest.mark.browser
TALLEST_PX = 64  # of a place in the bar
CUT = """() => [...document.querySelectorAll(".side > nav .nav-link > span:not(.badge)")]
  .filter(each => each.scrollWidth > each.clientWidth).map(each => each.textContent)"""
ASKEW = """() => {
  const tile = document.querySelector(".read-head .feed-logo");
  const text = document.createRange();
  text.selectNodeContents(tile);
  const [inner, outer] = [text.getBoundingClientRect(), tile.getBoundingClientRect()];
  return [Math.abs(inner.left + inner.right - outer.left - outer.right) / 2,
          Math.abs(inner.top + inner.bottom - outer.top - outer.bottom) / 2];
}"""


@pytest.mark.parametrize("code", [code for code, _name in site.LANGUAGES])
def test_each_place_is_said_in_full(pocket: Page, alice: User, code: str) -> None:
    language.learn(alice, code)
    for width in (360, 390):
        pocket.set_viewport_size({"width": width, "height": 844})
        pocket.goto(reverse("properties:list"))
        assert pocket.evaluate(CUT) == [], width
        box = pocket.locator(".side > nav .nav-link").first.bounding_box()
        assert box
        assert box["height"] < TALLEST_PX


def test_no_keys_are_named_where_there_are_none(pocket: Page) -> None:
    pocket.goto(reverse("properties:list"))
    hint = pocket.locator(".find kbd")
    assert hint.count() == 1
    assert not hint.is_visible()
    pocket.set_viewport_size({"width": 1440, "height": 900})
    assert hint.is_visible()


def test_a_sites_initials_stand_in_the_middle_of_their_tile(pocket: Page) -> None:
    pocket.goto(reverse("pages:channel", args=["booking"]))
    assert max(pocket.evaluate(ASKEW)) < 1.5
