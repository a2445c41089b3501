"""In a language that nobody speaks, whose words are 40 % longer than English ones, no page's layout breaks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as site
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts import language
from accounts.models import User
from tests import pseudo
from tests.conftest import Listing
from upsells.models import StayLink

pytestmark = pytest.mark.browser
WIDTHS = (320, 390, 1440)
MEMBERS = ("home", "planner", "properties:list", "properties:new", "sales:list", "sales:revenue", "notices:list",
           "notices:wishes", "webhooks:list", "payments:account", "calendars:import", "account_email")  # fmt: skip
OF_A_HOME = ("overview", "calendars:month", "calendars:connections", "upsells:offers", "upsells:guest-page",
             "upsells:sales", "properties:settings")  # fmt: skip
ANYBODY = ("pages:how", "pages:help", "pages:status", "account_login")
BROKEN = """() => {
  const found = [];
  const seen = each => each.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && !each.closest(".sr, .skip, iframe, svg, [inert]");
  const ruler = document.createElement("canvas").getContext("2d");
  const columns = each => {
    const style = getComputedStyle(each);
    ruler.font = style.font;
    const inner = each.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return inner / ruler.measureText("0").width;
  };
  const told = each => (each.textContent.trim() || each.name || "").slice(0, 50);
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`scrolls sideways by ${root.scrollWidth - root.clientWidth}`);
  for (const each of document.querySelectorAll("button, .btn, input[type=submit]"))
    if (seen(each) && each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== "inline")
      found.push(`button cut: ${told(each)}`);
  for (const each of document.querySelectorAll("main p, main dd, main li"))
    if (seen(each) && !each.children.length && each.textContent.trim().length > 40
        && getComputedStyle(each).display !== "inline" && columns(each) < 15.9)
      found.push(`narrow text, ${columns(each).toFixed(1)} ch: ${told(each)}`);
  for (const each of document.querySelectorAll("input:is([type=text], [type=email], [type=url], [type=search])"))
    if (seen(each) && !each.inputMode && !each.maxLength > 0 && columns(each) < 15.9)
      found.push(`narrow field, ${columns(each).toFixed(1)} ch: ${each.name}`);
  return found;
}"""


@pytest.fixture
def spoken(settings: Settings, tmp_path: Path) -> None:
    """The site has the language."""
    settings.LANGUAGES = [*site.LANGUAGES, (pseudo.CODE, pseudo.accented("Nobody's"))]
    settings.LOCALE_PATHS = [pseudo.written(tmp_path)]


@pytest.fixture
def screen(chromium: Browser, live_server: LiveServer, alice: User, spoken: None) -> Iterator[BrowserContext]:
    """Alice's browser, in the language."""
    language.learn(alice, pseudo.CODE)
    logged_in = Client()
    logged_in.force_login(alice)
    context = chromium.new_context(base_url=live_server.url, locale=pseudo.CODE, reduced_motion="reduce")
    cookie = logged_in.cookies[site.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    yield context
    context.close()


def test_nothing_is_cut_narrow_or_wider_than_the_screen(
    screen: BrowserContext, place: Listing, link: StayLink
) -> None:
    home = link.property
    paths = [reverse(name) for name in (*MEMBERS, *ANYBODY)]
    paths += [reverse(name, args=[home.public_id]) for name in OF_A_HOME]
    paths.append(reverse("guest:stay", args=[link.token]))
    page, found = screen.new_page(), []
    for path in paths:
        page.goto(path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            found += [f"{path} at {width}: {flaw}" for flaw in page.evaluate(BROKEN)]
    assert not found, "\n".join(found)
