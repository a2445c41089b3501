"""What a menu opens lies inside the window: on the smallest phone, on one that lies on its side, and on a desk."""

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, ViewportSize

from accounts.models import User
from tests.e2e.town import Town, a_town

pytestmark = pytest.mark.browser
WINDOWS: tuple[ViewportSize, ...] = (
    {"width": 320, "height": 640},
    {"width": 390, "height": 844},
    {"width": 844, "height": 390},
    {"width": 1440, "height": 900},
)
OUTSIDE = """panel => {
  const box = panel.getBoundingClientRect(), last = panel.lastElementChild;
  const wrong = [];
  if (box.left < 0 || box.right > innerWidth) wrong.push(`x ${box.left} to ${box.right}`);
  if (box.top < 0 || box.bottom > innerHeight) wrong.push(`y ${box.top} to ${box.bottom}`);
  last.scrollIntoView({block: "nearest"});
  const end = last.getBoundingClientRect();
  if (end.bottom > innerHeight || end.top < 0) wrong.push("its end is out of reach");
  return wrong;
}"""


@pytest.fixture
def town(alice: User) -> Town:
    return a_town(alice)


def outside(menu: Locator) -> list[str]:
    """What of the menu's panel can't be seen once it is open."""
    menu.locator("> summary").click()
    panel = menu.locator("> .panel")
    if menu.page.locator(".side").filter(has=menu).count() == 0:
        panel.scroll_into_view_if_needed()  # it lies in the page, and scrolls with it
    found: list[str] = panel.evaluate(OUTSIDE)
    menu.page.keyboard.press("Escape")
    return found


def test_whatever_a_menu_opens_lies_inside_the_window(pocket: Page, town: Town) -> None:
    connections = reverse("calendars:connections", args=[town.home.public_id])
    wrong, seen = [], set()
    for size in WINDOWS:
        pocket.set_viewport_size(size)
        for path in (connections, f"{reverse('sales:list')}?state=confirmed"):
            pocket.goto(path)
            menus = pocket.locator("details.menu:visible")
            for number in range(menus.count()):
                menu = menus.nth(number)
                seen.add(menu.locator("> summary").inner_text() or path)
                wrong += [f"{size['width']} {path} {number}: {each}" for each in outside(menu)]
    assert wrong == []
    assert len(seen) > 2
