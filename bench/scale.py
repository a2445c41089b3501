"""`scale`: claiming feeds, the address that channels poll and the guest page, in a small database and in a large one.

Both hold the same kind of properties, and every request to the one is followed by one to the other, so that whatever
else the machine does hits both alike.
"""

import gc
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO
from itertools import count
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.core.handlers.wsgi import WSGIHandler
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Value
from django.db.models.functions import Concat, Left
from django.utils import timezone

from accounts.fields import TOKEN_LENGTH
from accounts.models import Organization
from bench import quoting, rows
from bench.database import LARGE, copy_of_own
from bench.multiply import MARK, marked, multiply, name_in_copy
from bench.percentiles import slowest
from bench.poll import tidy_broker
from bench.processes import HOST, BenchError
from bench.settings import KEYS
from calendars import exports, leases, ledger
from calendars.models import Alert, Block, ExportLink, Feed
from calendars.tasks import MOST_TURNS
from properties.models import Property
from upsells.models import StayLink

SMALL = 100
PER_ORGANIZATION = 10
INTERVAL = timedelta(minutes=15)
CHECKED = 50
LONGEST_S = 40.0  # for each of the three
SMALL_NAME, LARGE_NAME = "small", "large"
GOOD = "200 OK"
ON_SALE = b'name="choice"'
SEED = 20_261_201


@dataclass(frozen=True, slots=True)
class Size:
    """How often each is measured, in each of the two databases."""

    claims: int
    exports: int
    offers: int
    warm_up: int


WHOLE = Size(claims=300, exports=4000, offers=1200, warm_up=100)
QUICK = Size(claims=20, exports=100, offers=60, warm_up=5)


@dataclass(frozen=True, slots=True)
class Model:
    """A property of the small database, as far as its addresses go; the large one has many that are called alike."""

    link: str
    token: str
    departures: tuple[date, ...]

    def export(self, number: int, _pick: random.Random) -> str:
        """Where channels read that copy's calendar."""
        link = ExportLink(public_id=name_in_copy(self.link, number), version=1)
        return urlsplit(exports.address(link)).path

    def page(self, number: int, pick: random.Random) -> str:
        """Where a guest of that copy looks what they may buy."""
        return f"/g/{name_in_copy(self.token, number)}/?departure={pick.choice(self.departures)}"


@dataclass(frozen=True, slots=True)
class Place:
    """One of the two databases: its connection, and how many copies of each model are in it beside the model."""

    name: str
    wrapper: BaseDatabaseWrapper
    copies: int

    @contextmanager
    def open(self) -> Iterator[None]:
        """Everything in this thread talks to this database."""
        before = connections[DEFAULT_DB_ALIAS]
        connections[DEFAULT_DB_ALIAS] = self.wrapper
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = before


Act = Callable[[Place], float]


def run(*, quick: bool, properties: int) -> dict[str, Any]:
    """The figures, for at least so many properties; raises BenchError."""
    began = time.monotonic()
    size = QUICK if quick else WHOLE
    models = settle_in(timezone.now())
    places = small_and_large(-(-properties // SMALL) - 1)
    filled = time.monotonic() - began
    say(f"the databases are filled after {filled:.0f} s")
    gc.collect()
    gc.freeze()  # as in a process that has served for long
    with tidy_broker():
        found = {
            "claim": measure(places[-1:], size.claims, size.warm_up, claim),
            "export": measure(places, size.exports, size.warm_up, asking(models, Model.export)),
            "offers": measure(places, size.offers, size.warm_up, asking(models, Model.page)),
        }
    check(places[-1])
    notes = told(found) | quoting.figures(quick=quick)
    notes |= {"filled_s": round(filled, 1), "seconds": round(time.monotonic() - began, 1)}
    return counted(places[-1]) | figures(found) | {"notes": notes}


def say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def settle_in(now: datetime) -> list[Model]:
    """The small database, through the one writer; what is unique in it bears the mark that copies replace."""
    homes = [
        home
        for _ in range(SMALL // PER_ORGANIZATION)
        for home in rows.homes_on_sale(rows.a_host(), PER_ORGANIZATION, now)
    ]
    for table in (Organization, Property, Feed, Block, ExportLink):
        table.objects.update(public_id=marked())
    StayLink.objects.update(token=Concat(Left("token", TOKEN_LENGTH - len(MARK)), Value(MARK)))
    feeds = list(Feed.objects.defer("url"))
    for number, feed in enumerate(feeds):
        feed.next_poll_at = now - INTERVAL * number / len(feeds)
    Feed.objects.bulk_update(feeds, ["next_poll_at"])
    for home in homes:
        with ledger.changing(home, now) as change:
            change.touched = True  # its export tells the blocks' names
    return [
        Model(
            home.exportlinks.get().public_id,
            home.staylinks.get(nights=None).token,
            tuple(rows.departures(home)),
        )
        for home in homes
    ]


def small_and_large(copies: int) -> tuple[Place, Place]:
    """The database as it is, and one that holds each of its properties `copies` times more."""
    connection.close()
    multiply(copy_of_own(os.environ["DATABASE_URL"]), copies)
    small = connections[DEFAULT_DB_ALIAS]
    large = small.copy()
    large.settings_dict["NAME"] = LARGE
    places = Place(SMALL_NAME, small, 0), Place(LARGE_NAME, large, copies)
    for place in places:
        with place.open():
            rows.settle()
    return places


def measure(places: Sequence[Place], times: int, warm_up: int, act: Act) -> dict[str, list[float]]:
    """Each act in every place in turn, the first one changing: the milliseconds, sorted.

    On a slow machine it is done less often.
    """
    found: dict[str, list[float]] = {place.name: [] for place in places}
    ends = time.monotonic() + LONGEST_S
    for number in range(-warm_up, times):
        if time.monotonic() > ends:
            break
        for place in places if number % 2 else places[::-1]:
            with place.open():
                took = act(place)
            if number >= 0:
                found[place.name].append(took)
    return {name: sorted(took) for name, took in found.items()}


def claim(_place: Place) -> float:
    """Milliseconds in which the scheduler sees what is due and one worker claims a batch; all feeds are overdue."""
    now = timezone.now()
    began = time.perf_counter()
    leases.due(now, MOST_TURNS * leases.BATCH)
    _, ids = leases.claim_due(now)
    took = (time.perf_counter() - began) * 1000
    read = {"lease_until": None, "lease_token": None, "attempts": 0}
    Feed.objects.filter(pk__in=ids).update(**read, next_poll_at=now + INTERVAL)
    if len(ids) < leases.BATCH:
        Feed.objects.update(next_poll_at=now - INTERVAL)
    return took


def asking(models: Sequence[Model], path: Callable[[Model, int, random.Random], str]) -> Act:
    """Milliseconds in which the whole product answers for any property; each request is somebody's first."""
    pick, numbers = random.Random(SEED), count()  # noqa: S311 - nobody need not guess it

    def act(place: Place) -> float:
        caches[DEFAULT_CACHE_ALIAS].key_prefix = f"{KEYS}{next(numbers)}"
        return ask(path(pick.choice(models), pick.randint(0, place.copies), pick))

    return act


@cache
def product() -> WSGIHandler:
    return WSGIHandler()


def ask(address: str) -> float:
    """Milliseconds from the request to the end of the answer; raises BenchError where that isn't what was wanted."""
    path, _, query = address.partition("?")
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": HOST,
        "SERVER_PORT": "80",
        "HTTP_HOST": HOST,
        "REMOTE_ADDR": HOST,
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
    }

    def start_response(status: str, *_: object) -> Callable[[bytes], object]:
        statuses.append(status)
        return body.append

    body: list[bytes] = []
    began = time.perf_counter()
    response = product()(environ, start_response)
    body += response
    response.close()
    took = (time.perf_counter() - began) * 1000
    if statuses != [GOOD] or (query and ON_SALE not in b"".join(body)):
        message = f"{path} answers {statuses[0]} without what was asked for"
        raise BenchError(message)
    return took


def check(place: Place) -> None:
    """Raises BenchError unless what is derived in the copies is what their blocks say."""
    with place.open():
        for home in Property.objects.order_by("?")[:CHECKED]:
            if found := ledger.differences(home):
                message = f"the copies are wrong: {found[0]}"
                raise BenchError(message)
        if Alert.objects.exists():
            message = "the properties are double-booked"
            raise BenchError(message)


def counted(place: Place) -> dict[str, int]:
    """How much there is in the database."""
    with place.open():
        return {
            "properties": Property.objects.count(),
            "feeds": Feed.objects.count(),
            "blocks": Block.objects.count(),
        }


def figures(found: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, Any]:
    """The large database's claim, and by how much its slowest answers are slower than the small one's."""
    return {
        "claim_ms": round(median(found["claim"][LARGE_NAME]), 2),
        "export_p99_ratio": ratio(found["export"], 0.99),
        "offers_p99_ratio": ratio(found["offers"], 0.99),
    }


def ratio(times: Mapping[str, Sequence[float]], share: float) -> float:
    return round(slowest(times[LARGE_NAME], share) / slowest(times[SMALL_NAME], share), 3)


def told(found: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, Any]:
    """What the figures consist of."""
    shares = {"p50": 0.5, "p99": 0.99}
    return {
        "small_properties": SMALL,
        "milliseconds": {
            what: {
                place: {name: round(slowest(times, share), 2) for name, share in shares.items()}
                for place, times in places.items()
            }
            for what, places in found.items()
        },
        "p50_ratios": {what: ratio(found[what], 0.5) for what in ("export", "offers")},
        "samples": {what: len(places[LARGE_NAME]) for what, places in found.items()},
        "claim": "what is due is counted, and a batch of 50 claimed; every feed is overdue",
        "layout": "the blocks of one property lie as far apart as years of changes would leave them",
        "requests": "through the whole product without a socket, each for any property and somebody's first",
        "checked": f"every constraint, and what is derived for {CHECKED} properties",
    }
