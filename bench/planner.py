"""`calendar`: the calendar of a hundred homes over sixty days, what it shows later, Home, and a host's other pages.

A real server is asked over a socket, one request at a time, each kind in turn with a bare view that answers the same
page's bytes from memory: so that whatever else the machine does hits all alike, and the machine's own speed is told.
"""

import gzip
import importlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from http.client import HTTPConnection
from importlib.util import find_spec
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, User
from bench import rows
from bench.percentiles import slowest
from bench.processes import HOST, BenchError, Processor, await_port, database_root, running
from launcher import chromium
from properties.models import Property

HOMES, FEW_HOMES = 100, 10
DAYS_BETWEEN_STAYS = (
    7  # each on two sites, and a night of ours after every second: some 1,300 bars on the board
)
TIMES, QUICK_TIMES = 120, 3
VISITS = 3  # of a browser
BATCH = 25  # answers for which processor time is counted at once
WARM_UP = 5
LONGEST_S = 120.0  # on a slow machine it is done less often
FEW = "Home 1"  # the filter that leaves a tenth of the homes
ENOUGH_BARS = 1_000
FARTHEST = 200  # days from today: until then the board is full, and so many are never asked for
PATHS = {
    "baseline": "/bare/calendar/",
    "calendar": "/calendar/",
    "undrawn": "/calendar/?from={day}",  # a day that nobody has asked for yet: no row was drawn before
    "gaps": "/calendar/?gaps=1",
    "home": "/",
}
SMALL_HOME = "small_home"
PAGES = {  # of a host with a tenth of the homes
    SMALL_HOME: "/",
    "properties": "/properties/",
    "turnovers": "/turnovers/",
    "sales": "/sales/",
    "revenue": "/sales/revenue/",
    "notifications": "/notifications/",
    "overview": "/properties/{home}/",
    "month": "/properties/{home}/calendar/",
    "connections": "/properties/{home}/connections/",
    "offers": "/properties/{home}/offers/",
    "guest_page": "/properties/{home}/guest-page/",
    "settings": "/properties/{home}/settings/",
}
PARTS = {"HX-Request": "true"}  # the gaps come as parts of a page that is there already
GOOD = 200
COMPRESSION = 6


def run(*, quick: bool) -> dict[str, Any]:
    """The figures; raises BenchError."""
    began = timezone.now()
    browser, other = (a_browser(a_member(number, began)) for number in (HOMES, FEW_HOMES))
    rows.settle()
    say("The homes are there")
    home = Property.objects.latest("pk").public_id
    days = fresh_days(began.date())
    browser.get(PATHS["calendar"])
    browsers = dict.fromkeys(PATHS, browser) | dict.fromkeys(PAGES, other)
    paths = PATHS | {kind: each.format(home=home) for kind, each in PAGES.items()}
    asked = {
        kind: queries(each, path(paths[kind], days)) for kind, each in browsers.items() if kind != "baseline"
    }
    few = queries(browser, f"{PATHS['calendar']}?q={FEW.replace(' ', '+')}")
    sessions = {kind: each.cookies[settings.SESSION_COOKIE_NAME].value for kind, each in browsers.items()}
    connection.close()
    port = urlsplit(settings.SITE_URL).port or 0
    words = ("--interface", "wsgi", "--host", HOST, "--port", str(port), "--blocking-threads", "4")
    with running("-m", "granian", *words, "amplistay.wsgi:application") as web:
        await_port(web, port)
        desk = Desk(port, paths, sessions, days)
        found = waits(desk, QUICK_TIMES if quick else TIMES)
        processor = used(desk, web.pid, QUICK_TIMES if quick else BATCH)
        pages = {kind: desk.body(kind) for kind in paths}
        if pages["calendar"].count(b'class="bar ') < ENOUGH_BARS or b'class="gap ' not in pages["gaps"]:
            message = "the calendar does not show what it should"
            raise BenchError(message)
        seen = look(port, sessions["calendar"], quick=quick)
    return figures(found, processor, pages, asked | {"calendar of few homes": few}, seen)


def fresh_days(today: date) -> Iterator[date]:
    """Days on which the board is full, each another one."""
    return (today + timedelta(days=number) for number in range(1, FARTHEST))


def path(address: str, days: Iterator[date]) -> str:
    """The page's address, with a day of its own where it takes one."""
    return address.format(day=next(days)) if "{day}" in address else address


def a_member(homes: int, now: datetime) -> User:
    """The account of a host with so many homes; it never logs in by password."""
    user = User.objects.create_user(f"bench-{homes}@amplistay.example")
    organization = rows.a_host()
    Membership.objects.create(user=user, organization=organization, role=Membership.Role.OWNER)
    rows.homes_to_look_at(organization, homes, now, DAYS_BETWEEN_STAYS)
    return user


def a_browser(user: User) -> Client:
    """One that has logged in."""
    browser = Client(headers={"host": HOST})
    browser.force_login(user)
    return browser


def queries(browser: Client, path: str) -> int:
    """How often that page asks the database; raises BenchError when it isn't there."""
    with CaptureQueriesContext(connection) as captured:
        answer = browser.get(path)
    if answer.status_code != GOOD:
        message = f"{path} answers {answer.status_code}"
        raise BenchError(message)
    return len(captured)


class Desk:
    """Hosts' browsers, as far as one kept connection goes, with the session that each kind of page is asked in."""

    def __init__(
        self, port: int, paths: Mapping[str, str], sessions: Mapping[str, str], days: Iterator[date]
    ) -> None:
        self.paths = paths
        self.door = HTTPConnection(HOST, port, timeout=60)
        self.days = days
        self.sessions = sessions

    def ask(self, kind: str) -> tuple[float, bytes]:
        """Milliseconds until the answer began, and the answer; raises BenchError when it is another page."""
        address = path(self.paths[kind], self.days)
        began = time.perf_counter()
        cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={self.sessions[kind]}"}
        self.door.request("GET", address, headers=cookie | (PARTS if kind == "gaps" else {}))
        answer = self.door.getresponse()
        took = (time.perf_counter() - began) * 1000
        body = answer.read()
        if answer.status != GOOD:
            message = f"{address} answers {answer.status}"
            raise BenchError(message)
        return took, body

    def body(self, kind: str) -> bytes:
        return self.ask(kind)[1]


def waits(desk: Desk, times: int) -> dict[str, list[float]]:
    """Of each kind in turn: milliseconds until the answer began, sorted."""
    say("Asking")
    found: dict[str, list[float]] = {kind: [] for kind in desk.paths}
    ends = time.monotonic() + LONGEST_S
    for number in range(-min(WARM_UP, times), times):
        if time.monotonic() > ends and found["home"]:
            break
        for kind in desk.paths:
            took, _ = desk.ask(kind)
            if number >= 0:
                found[kind].append(took)
    return {kind: sorted(each) for kind, each in found.items()}


def used(desk: Desk, web: int, times: int) -> dict[str, tuple[float, float]]:
    """Of each kind: processor milliseconds of web and database for one answer."""
    processors = Processor(web), Processor(database_root())
    connection.close()
    found = {}
    for kind in desk.paths:
        before = [processor.seconds() for processor in processors]
        for _ in range(times):
            desk.ask(kind)
        each = [1000 * (one.seconds() - b) / times for one, b in zip(processors, before, strict=True)]
        found[kind] = (round(each[0], 2), round(each[1], 2))
    return found


def look(port: int, session: str, *, quick: bool) -> dict[str, Any]:
    """What a browser measures; nothing where there is none."""
    browser = chromium.find()
    if not browser or find_spec("playwright") is None:
        say("No browser: what it would measure is left out")
        return {}
    say("Looking")
    cookies = {settings.SESSION_COOKIE_NAME: session}
    found: dict[str, Any] = importlib.import_module("bench.browsing").look(
        browser, f"http://{HOST}:{port}", cookies, PATHS["calendar"], VISITS if not quick else 1
    )
    return found


def figures(
    waited: Mapping[str, Sequence[float]],
    processor: Mapping[str, tuple[float, float]],
    pages: Mapping[str, bytes],
    asked: Mapping[str, int],
    seen: dict[str, Any],
) -> dict[str, Any]:
    """Medians and 95th percentiles; the calendar's first, then the others' in the notes."""
    compressed = {kind: len(gzip.compress(page, COMPRESSION)) for kind, page in pages.items()}
    return {
        "server_p50_ms": round(slowest(waited["calendar"], 0.5), 2),
        "server_p95_ms": round(slowest(waited["calendar"], 0.95), 2),
        "compressed_bytes": compressed["calendar"],
        "queries": asked["calendar"],
        "undrawn_p50_ms": round(slowest(waited["undrawn"], 0.5), 2),
        "undrawn_p95_ms": round(slowest(waited["undrawn"], 0.95), 2),
        "baseline_p50_ms": round(slowest(waited["baseline"], 0.5), 2),
        "home_p50_ms": round(slowest(waited["home"], 0.5), 2),
        "home_p95_ms": round(slowest(waited["home"], 0.95), 2),
        "small_home_p95_ms": round(slowest(waited[SMALL_HOME], 0.95), 2),
        "pages_p95_ms": round(slowest(sorted(chain.from_iterable(waited[kind] for kind in PAGES)), 0.95), 2),
        **seen,
        "notes": {
            "p50_ms": {kind: round(slowest(each, 0.5), 2) for kind, each in waited.items()},
            "p95_ms": {kind: round(slowest(each, 0.95), 2) for kind, each in waited.items()},
            "web_cpu_ms": {kind: web for kind, (web, _) in processor.items()},
            "database_cpu_ms": {kind: database for kind, (_, database) in processor.items()},
            "compressed_bytes": compressed,
            "bytes": {kind: len(page) for kind, page in pages.items()},
            "queries": dict(asked),
            "homes": HOMES,
            "pages_are": f"{', '.join(PAGES)}, each as often as the others, of a host with {FEW_HOMES} homes",
            "bars": pages["calendar"].count(b'class="bar '),
            "gaps": pages["gaps"].count(b'class="gap '),
            "samples": len(waited["calendar"]),
            "undrawn_is": "the same where nothing of it was drawn before",
            "gaps_are": "what is on sale: it comes after the board, by a request of its own",
        },
    }


def say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
