"""One rule for the way back on every page of the host; the style guide tells it."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.addresses import ALL, OURS
from tests.e2e.town import a_town

TABS_OF_THE_MENU = {"sales:revenue"}
NOT_FROM_THE_MENU = {"search", "turnovers"}  # the search is on every page; hosts find their turnovers with it
NO_PAGES_OF_HOSTS = ("staff:", "api:", "guest:", "export", "photo", "styleguide")
MENU = re.compile(r'<nav aria-label="Main menu">(.*?)</nav>', re.DOTALL)
CRUMBS = re.compile(r'<nav class="crumbs"[^>]*>(.*?)</nav>', re.DOTALL)
STEP = re.compile(r"<li([^>]*)>(.*?)</li>", re.DOTALL)
LINK = re.compile(r'href="([^"#?]*)')

pytestmark = pytest.mark.django_db


def pages(browser: Client, ids: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Path and text of each page in the host's frame, by the name of its address."""
    found = {}
    for name, address in sorted(ALL.items()):
        if name.startswith(NO_PAGES_OF_HOSTS) or (address.ids and name not in OURS):
            continue
        path = reverse(name, kwargs={part: ids.get(part, "nothing") for part in address.ids})
        answer = browser.get(path)
        if answer.status_code == 200 and b'class="crumbs"' in answer.getvalue():
            found[name] = path, answer.getvalue().decode()
    return found


def wrong(name: str, path: str, html: str) -> str:
    """What is wrong with the way back of a page, or nothing."""
    in_menu = {link for part in MENU.findall(html) for link in LINK.findall(part)}
    crumbs = CRUMBS.search(html)
    steps = STEP.findall(crumbs[1]) if crumbs else []
    if path in in_menu or name in TABS_OF_THE_MENU | NOT_FROM_THE_MENU:
        return "the menu leads there, and yet it has a breadcrumb" if steps else ""
    if len(steps) < 2:
        return "no way back"
    *above, (attributes, here) = steps
    if 'aria-current="page"' not in attributes or "<a" in here:
        return "doesn't end with itself"
    links = [LINK.findall(text) for _, text in above]
    if not all(links):
        return "a page above is no link"
    return "" if links[0][0] in in_menu else "doesn't begin in the menu"


def test_every_page_below_the_menu_names_the_pages_above_it(alice: User, alices: Client) -> None:
    found = pages(alices, a_town(alice).ids)
    assert len(found) > 40
    assert {name: said for name, (path, html) in found.items() if (said := wrong(name, path, html))} == {}
