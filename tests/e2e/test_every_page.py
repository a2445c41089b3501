"""Every page that there is, in every state that can be brought about: on a phone and on a desk, in light and dark.

The pages come from the addresses themselves: each is asked for, and whatever answers with a whole page is looked at.
So a new page is looked at without being named here; where it needs a row of a new kind, `town.py` has to make one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings as product
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from playwright.sync_api import Browser, Page, Route, ViewportSize
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.addresses import ALL, OURS
from tests.e2e.conftest import overheard
from tests.e2e.sight import PHONE, WIDTHS, barriers, jumps, no_tables, overflows, small, stops, unseen
from tests.e2e.town import a_town

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(480)]

DESK: ViewportSize = {"width": 1440, "height": 900}
LEAST_PX = 24  # WCAG 2.5.8; what guests tap is larger, which other tests see to
MOST_STOPS = {"guest": 30, "home": 30, "planner": 30, "calendars:connections": 50}
# of the tabulator, where people spend their time; connections has some for each calendar, link and site's help
NOT_FOUND, GOOD = 404, 200
NO_SUCH_ROW = "nothing"
PARTS = 3  # of the longest walk, which several processes can share
UNPROCESSABLE = 422
WITHOUT_PAGE = {"photo", "export", "data-guest", "invitation"}  # bytes for others, and rows of their own
OF_STRANGERS = ("pages:", "guest:", "account_", "home", "styleguide", "notices:mails-off", "directory:")
HOSTS_ACCOUNT = {"account_logout", "account_email", "account_change_password", "account_reauthenticate"}
STRANGERS = {name for name in ALL if name.startswith(OF_STRANGERS) and not name.startswith("guest:")}
OF_PROGRAMS = {name for name in ALL if name.startswith(("api:", "api-", "staff:"))}  # not pages of ours
HOSTS = (
    ALL.keys() - STRANGERS - WITHOUT_PAGE - OF_PROGRAMS - {"guest:stay", "guest:purchase", "guest:receipt"}
    | HOSTS_ACCOUNT
    | {"home"}
)
NONSENSE: dict[str, dict[str, str]] = {
    "properties:new": {"name": "", "rate": "x"},
    "upsells:facts": {"name": "", "rate": "-1"},
    "properties:rates": {"week-day_4": "x"},
    "properties:taxes": {"tax-0-name": "", "tax-0-percent": "x"},
    "upsells:terms": {"mode": "instant", "priced_by": "fixed", "price": "x"},
    "upsells:new-stay": {"arrival": "x", "departure": ""},
    "calendars:add-feeds": {"links": "no link"},
    "calendars:import": {"text": "x,y"},
    "webhooks:new": {"link": "http://x"},
}
EXCUSED = {
    # It shows one page's part many times, and forms of which nothing is sent.
    "styleguide": ("landmark-unique", "unique-landmark", "no-dup-id", "wcag/h32"),
    "pages:example": ("wcag/h32",),  # a guest's page to try, of which nothing is sent
}
OTHER_IDS = {
    "pages:channel": {"key": "booking"},
    "account_confirm_email": {"key": "no-such-key"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "no-such-key"},
}
PAGES_JS = Path(os.environ.get("PAGES_JS") or Path(__file__).parents[1] / "pages_js")
HERE = Path(__file__).parents[1] / "pages_js"


@dataclass
class Walk:
    """One browser window that goes from page to page and writes down what is wrong."""

    page: Page
    folder: Path
    said: list[str]
    found: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def visit(self, name: str, path: str) -> None:
        """Ask for the page and look at it."""
        answer = self.page.goto(path)
        assert answer, path
        if not answer.ok:  # which the browser says aloud
            self.said[:] = [each for each in self.said if str(answer.status) not in each]
        self.look(name, answer.text())

    def shown(self, name: str, html: str, path: str = "/shown/") -> None:
        """Look at a page that no GET brings about: an answer to a form, or one of an accident."""
        address = f"**{path}"

        def answer(route: Route) -> None:
            route.fulfill(body=html, content_type="text/html; charset=utf-8")

        self.page.route(address, answer)
        self.page.goto(path)
        self.page.unroute(address)
        self.look(name, html)

    def look(self, name: str, html: str) -> None:
        """Everything that can be measured on the page that is there now; the window is a phone before and after."""
        self.seen.append(name)
        (self.folder / f"{len(self.seen)}.html").write_text(html)
        wrong = [*jumps(self.page), *barriers(self.page), *small(self.page, LEAST_PX), *unseen(self.page)]
        wide = overflows(self.page, PHONE["width"])
        self.page.set_viewport_size(DESK)
        wrong += [
            *barriers(self.page),
            *small(self.page, LEAST_PX),
            *unseen(self.page),
            *no_tables(self.page),
        ]
        wide += overflows(self.page, *(width for width in WIDTHS if width != PHONE["width"]))
        wrong += [f"scrolls sideways at {width}" for width in wide]
        count = stops(self.page)
        if count > MOST_STOPS.get(name.partition(" ")[0], count):
            wrong.append(f"{count} stops of the tabulator")
        self.page.set_viewport_size(PHONE)
        wrong += self.said
        self.said.clear()
        for each in dict.fromkeys(wrong):
            self.note(name, each)

    def note(self, name: str, wrong: str) -> None:
        """Write it down, unless that page has a reason for it."""
        if not any(rule in wrong for rule in EXCUSED.get(name, ())):
            print(f"{name}: {wrong}")
            self.found.append(f"{name}: {wrong}")


@pytest.fixture
def walk(chromium: Browser, live_server: LiveServer, settings: Settings, tmp_path: Path) -> Iterator[Walk]:
    settings.SITE_URL = live_server.url
    context = chromium.new_context(
        base_url=live_server.url, viewport=PHONE, locale="en-GB", reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    yield Walk(page, tmp_path, overheard(page))
    context.close()


def log_in(walk: Walk, browser: Client) -> None:
    name = product.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": browser.cookies[name].value, "url": product.SITE_URL}
    walk.page.context.add_cookies([cookie])  # type: ignore[list-item]  # Playwright's own name for these three


def pages(browser: Client, ids: dict[str, str], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and path of each of these addresses that answers with a whole page."""
    for name in sorted(names):
        if ALL[name].ids and name not in OURS and name not in OTHER_IDS:
            continue  # allauth's pages of one key or factor
        named = {**ids, **OTHER_IDS.get(name, {})}
        path = reverse(name, kwargs={part: named.get(part, NO_SUCH_ROW) for part in ALL[name].ids})
        answer = browser.get(path)
        assert answer.status_code != NOT_FOUND or name not in OURS, (  # allauth's need factors of all kinds
            f"{name} needs a row that town.py doesn't make: {ALL[name].ids}"
        )
        if (
            answer.status_code == GOOD
            and answer["Content-Type"].startswith("text/html")
            and is_whole(answer.content)
        ):
            yield name, path


def is_whole(body: bytes) -> bool:
    """Whether it is a page, and not a part of one or a file."""
    return b"<!doctype html>" in body[:200]


def validate(walk: Walk) -> None:
    """Note what html-validate finds in the pages; where it isn't installed, only a build server minds."""
    tool = PAGES_JS / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
    if not tool.exists():
        if os.environ.get("CI"):
            pytest.fail(f"html-validate needs `npm ci` in {PAGES_JS} (PAGES_JS names another folder)")
        return
    told = walk.folder / "told.json"  # what it says on a pipe ends after 64 KB
    node = Path(sys.executable).with_name("node")
    command = [str(node), str(tool), "--config", str(HERE / "htmlvalidate.json")]
    command += ["--formatter", f"json={told}", "--ext", "html", str(walk.folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in {0, 1}, done.stderr
    for each in json.loads(told.read_text()):
        name = walk.seen[int(Path(each["filePath"]).stem) - 1]
        for one in each["messages"]:
            walk.note(name, f"line {one['line']}: {one['ruleId']}: {one['message']} ({one['selector']})")


def well(walk: Walk) -> bool:
    """Whether nothing was found; what was found is in the test's output, line by line."""
    validate(walk)
    return not walk.found


@pytest.mark.parametrize("part", range(PARTS))
def test_hosts_pages_with_everything_on_them(walk: Walk, alice: User, alices: Client, part: int) -> None:
    log_in(walk, alices)
    for name, path in pages(alices, a_town(alice).ids, sorted(HOSTS)[part::PARTS]):
        walk.visit(name, path)
    assert len(walk.seen) > 30 / PARTS
    assert well(walk)


def test_hosts_pages_of_somebody_who_has_nothing_yet(walk: Walk, alices: Client) -> None:
    log_in(walk, alices)
    for name, path in pages(alices, {}, (name for name in HOSTS if not ALL[name].ids)):
        walk.visit(f"{name} empty", path)
    assert well(walk)


def test_what_comes_back_when_a_host_fills_in_nonsense(walk: Walk, alice: User, alices: Client) -> None:
    log_in(walk, alices)
    town = a_town(alice)
    for name, body in NONSENSE.items():
        path = reverse(name, kwargs={part: town.ids[part] for part in ALL[name].ids})
        answer = alices.post(path, body)
        assert answer.status_code in {GOOD, UNPROCESSABLE}, name
        assert is_whole(answer.content), name
        walk.shown(f"{name} refused", answer.content.decode(), path)
    assert well(walk)


def test_guests_pages_in_every_state(walk: Walk, alice: User, client: Client) -> None:
    town = a_town(alice)
    for name, path in town.guests.items():
        walk.visit(f"guest {name}", path)
    held = town.guests["held purchase"]
    answer = client.post(held, {"name": "", "email": "nobody"}, follow=True)
    assert answer.status_code == UNPROCESSABLE
    walk.shown("guest purchase refused", answer.content.decode(), held)
    here = town.guests["which day"]
    gone = client.post(here, {"departure": town.leaves, "choice": "extra_nights-2:1"})
    walk.shown("guest offer changed", gone.content.decode(), here)
    waits = render_to_string(
        "guest/wait.html", {"property": town.home, "minutes": 4}, request=RequestFactory().get("/")
    )
    walk.shown("guest too often", waits, here)
    assert well(walk)


def test_pages_for_everybody_the_way_in_and_accidents(walk: Walk, alice: User, client: Client) -> None:
    for name, path in pages(client, a_town(alice).ids, STRANGERS):
        walk.visit(name, path)
    for name, body in (("account_login", {"login": "x"}), ("account_signup", {"email": "x"})):
        answer = client.post(reverse(name), body)
        walk.shown(f"{name} refused", answer.content.decode(), reverse(name))
    request = RequestFactory().get("/")
    for number in (400, 403, 404, 405, 429, 500, 503):
        walk.shown(f"error {number}", render_to_string(f"{number}.html", {}, request=request))
    assert well(walk)
