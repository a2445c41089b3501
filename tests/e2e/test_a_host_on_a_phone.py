"""The host's shell on a phone: the bar below says each place in full, in every language, and nobody is told of keys."""

from collections.abc import Iterator

import pytest
from django.conf import settings as site
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from accounts import language
from accounts.models import User
from tests.e2e.sight import PHONE

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


@pytest.fixture
def pocket(chromium: Browser, live_server: LiveServer, alice: User) -> Iterator[Page]:
    """Alice's phone."""
    logged_in = Client()
    logged_in.force_login(alice)
    context = chromium.new_context(base_url=live_server.url, viewport=PHONE, reduced_motion="reduce")
    cookie = logged_in.cookies[site.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    yield context.new_page()
    context.close()


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
