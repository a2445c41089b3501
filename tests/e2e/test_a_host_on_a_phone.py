"""The host's shell on a phone: the bar below says each place in full, in every language, and nobody is told of keys."""

import pytest
from django.conf import settings as site
from django.urls import reverse
from playwright.sync_api import Page

from accounts import language
from accounts.models import User
from tests.e2e.town import a_town

pytestmark = pytest.mark.browser
TALLEST_PX = 64  # of a place in the bar
CUT = """() => [...document.querySelectorAll(".side > nav .nav-link > span:not(.badge)")]
  .filter(each => each.scrollWidth > each.clientWidth).map(each => each.textContent)"""
BADGES = """() => [...document.querySelectorAll(".side .badge")].map(badge => {
  const box = badge.getBoundingClientRect(), list = badge.closest("ul"), room = list.getBoundingClientRect();
  const isCut = getComputedStyle(list).overflowX !== "visible" && box.right > room.right;
  return !isCut && box.right <= innerWidth;
})"""
LEFTS = """() => {
  const links = [...document.querySelectorAll(".card > nav.in > a")].map(each => each.getBoundingClientRect());
  return links.filter((each, number) => !number || each.top > links[number - 1].top).map(each => each.left);
}"""
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


@pytest.mark.parametrize("width", [320, 390])
def test_how_much_is_new_is_said_in_full_at_each_place(pocket: Page, alice: User, width: int) -> None:
    a_town(alice)
    pocket.set_viewport_size({"width": width, "height": 844})
    pocket.goto(reverse("properties:list"))
    assert pocket.evaluate(BADGES) == [True, True]


def test_the_roles_and_what_each_may_do_fit_a_phone(pocket: Page, alice: User) -> None:
    pocket.goto(reverse("team:list"))
    assert pocket.locator(".table-wrap:has(.powers)").evaluate("each => each.scrollWidth <= each.clientWidth")


def test_each_line_of_links_begins_under_the_cards_heading(pocket: Page, alice: User) -> None:
    a_town(alice)
    pocket.goto(reverse("properties:list"))
    lefts = pocket.evaluate(LEFTS)
    assert len(lefts) == 2
    assert len(set(lefts)) == 1


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
