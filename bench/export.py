"""`export`: the address that channels poll, against a bare Django view of the same bytes on the same server.

The same server on a database with very many properties takes turns with them, and so do links of homes that mirror a
unit, which need one more join; so whatever else the machine does hits all alike.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from http.client import HTTPConnection
from statistics import mean, median
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import Organization
from bench import rows
from bench.database import copy_of_own
from bench.load import Outcome, Round
from bench.multiply import marked, multiply, name_in_copy
from bench.percentiles import slowest
from bench.processes import HOST, BenchError, Processor, await_port, database_root, free_port, running
from calendars import exports
from calendars.models import ExportLink
from properties.models import Property

PROPERTIES = 100
MIRRORED = 20  # more, that mirror a unit
LARGE = 100_000
QUICK_LARGE = 1_000
ASKED = 2_000  # different properties of the large database in one round
CONNECTIONS = 8
CYCLES = 15
ROUND_S = 0.8
QUICK_CYCLES = 3
QUICK_ROUND_S = 0.25
WARM_UP_S = 1.0
KINDS = ("baseline", "full", "not_modified", "mirrored", "large_full", "large_not_modified")
SATURATED = 0.8
SEED = 20_261_121


@dataclass(frozen=True, slots=True)
class Measured:
    """One round's outcome, and the processor time in seconds that web process and database used meanwhile."""

    outcome: Outcome
    web_seconds: float
    database_seconds: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.outcome.answers / self.outcome.seconds

    def slowest(self, share: float) -> float:
        """The time in milliseconds that this share of the answers stayed within."""
        return slowest(self.outcome.milliseconds, share)


@dataclass(frozen=True, slots=True)
class Site:
    """A server on one of the two databases, who calls it, and how many copies of each link there are.

    `start_ms` is from the process's beginning to its first answer, `first_ms` what of that was the request's own.
    """

    port: int
    caller: subprocess.Popen[str]
    processors: tuple[Processor, Processor]
    copies: int
    start_ms: float
    first_ms: float


def run(*, quick: bool) -> dict[str, Any]:
    """The figures; raises BenchError."""
    now = timezone.now()
    host = rows.a_host()
    linked(rows.properties(host, PROPERTIES), now)
    for table in (Organization, Property, ExportLink):
        table.objects.update(public_id=marked())
    rows.settle()
    links = list(ExportLink.objects.order_by("pk"))
    copies = (QUICK_LARGE if quick else LARGE) // PROPERTIES - 1
    connection.close()
    large = many_links(os.environ["DATABASE_URL"], copies)
    asked = dict.fromkeys(KINDS, links) | {"mirrored": mirrored_links(host, now)}
    port = urlsplit(settings.SITE_URL).port or 0
    with (
        serving(port, os.environ["DATABASE_URL"], links[0], 0) as small,
        serving(free_port(), large, links[0], copies) as other,
    ):
        check_bytes(port, links)
        return figures(measure(small, other, asked, quick=quick), (small, other), links, now)


def linked(homes: Sequence[Property], now: datetime) -> list[int]:
    """Gives each home sales and a link that tells of them; the links' keys."""
    return [rows.export_link(home, rows.sales(home, now.date(), now), now).pk for home in homes]


def mirrored_links(host: Organization, now: datetime) -> list[ExportLink]:
    """Links that say the same, of homes that mirror a unit; made when the database was copied already."""
    homes = rows.properties(host, MIRRORED)
    rows.mirrored(homes, now)
    found = ExportLink.objects.filter(pk__in=linked(homes, now))
    found.update(public_id=marked())
    rows.settle()
    links = list(found.order_by("pk"))
    connection.close()
    return links


def many_links(address: str, copies: int) -> str:
    """Another database with so many more properties and links as it has; what the links tell isn't in it."""
    large = copy_of_own(address)
    with psycopg.connect(large, autocommit=True) as server:
        server.execute("TRUNCATE calendars_block, calendars_busy CASCADE")
    multiply(large, copies)
    with psycopg.connect(large, autocommit=True) as server:
        server.execute("VACUUM (ANALYZE)")
    return large


@contextmanager
def serving(port: int, database: str, link: ExportLink, copies: int) -> Iterator[Site]:
    """A server on that database; what it is asked first, before anything else, is the link."""
    words = ("--interface", "wsgi", "--host", HOST, "--port", str(port), "--blocking-threads", "8")
    began = time.perf_counter()
    with running("-m", "granian", *words, "amplistay.wsgi:application", DATABASE_URL=database) as web:
        await_port(web, port)
        asked = time.perf_counter()
        if answer(port, path_of(link, copies)) != bytes(link.body):
            message = "the first answer of a server is not the link's bytes"
            raise BenchError(message)
        ended = time.perf_counter()
        times = ((ended - began) * 1000, (ended - asked) * 1000)
        with running("-m", "bench.load", str(port), str(CONNECTIONS), talks=True) as caller:
            yield Site(port, caller, (Processor(web.pid), Processor(database_root())), copies, *times)


def answer(port: int, path: str) -> bytes:
    """What the server says there."""
    door = HTTPConnection(HOST, port, timeout=60)
    door.request("GET", path)
    body = door.getresponse().read()
    door.close()
    return body


def path_of(link: ExportLink, number: int) -> str:
    """Where that copy of the link is answered."""
    copy = ExportLink(public_id=name_in_copy(link.public_id, number), version=link.version)
    return urlsplit(exports.address(copy)).path


def bare(link: ExportLink) -> str:
    """Where the bare view answers the same."""
    return f"/bare/{link.public_id}.ics"


def check_bytes(port: int, links: Sequence[ExportLink]) -> None:
    """Raises BenchError unless both answer the same bytes; the bare view fills its memory here."""
    for path in (bare(links[0]), path_of(links[0], 0)):
        if answer(port, path) != bytes(links[0].body):
            message = f"{path} does not answer the link's bytes"
            raise BenchError(message)


def requests(kind: str, site: Site, links: Sequence[ExportLink], pick: random.Random) -> list[str]:
    """What is asked in one round of that kind, word for word; in the large database somebody else each time."""
    common = f"Host: {HOST}:{site.port}\r\nUser-Agent: bench\r\nAccept: text/calendar\r\n"
    if kind == "baseline":
        return [f"GET {bare(link)} HTTP/1.1\r\n{common}\r\n" for link in links]
    asked = [(link, 0) for link in links]
    if site.copies:
        asked = [(pick.choice(links), pick.randint(0, site.copies)) for _ in range(ASKED)]
    known = 'If-None-Match: "{}"\r\n' if kind.endswith("not_modified") else ""
    return [
        f"GET {path_of(link, number)} HTTP/1.1\r\n{common}{known.format(link.etag)}\r\n"
        for link, number in asked
    ]


def measure(
    small: Site, large: Site, links: Mapping[str, Sequence[ExportLink]], *, quick: bool
) -> dict[str, list[Measured]]:
    """Short rounds of each kind with its links in turn, so that whatever else the machine does hits all alike."""
    pick = random.Random(SEED)  # noqa: S311 - nobody need not guess it
    found: dict[str, list[Measured]] = defaultdict(list)
    seconds = QUICK_ROUND_S if quick else ROUND_S
    for number in range(-1, QUICK_CYCLES if quick else CYCLES):
        turn = number % len(KINDS)
        for kind in KINDS[turn:] + KINDS[:turn]:
            site = large if kind.startswith("large") else small
            asked = requests(kind, site, links[kind], pick)
            before = [processor.seconds() for processor in site.processors]
            outcome = play(site.caller, asked, kind, seconds if quick or number >= 0 else WARM_UP_S)
            web, database = (p.seconds() - b for p, b in zip(site.processors, before, strict=True))
            if number >= 0:
                found[kind].append(Measured(outcome, web, database))
    return found


def play(caller: subprocess.Popen[str], asked: list[str], kind: str, seconds: float) -> Outcome:
    """One round of the load generator's; raises BenchError when it gave up."""
    status = 304 if kind.endswith("not_modified") else 200
    if caller.stdin is None or caller.stdout is None:
        raise TypeError
    caller.stdin.write(json.dumps(asdict(Round(asked, status, seconds))) + "\n")
    caller.stdin.flush()
    line = caller.stdout.readline()
    if not line:
        message = f"the load generator ended during {kind}"
        raise BenchError(message)
    outcome = Outcome(**json.loads(line))
    sys.stderr.write(f"{kind:<18} {outcome.answers / outcome.seconds:7.0f}/s\n")
    return outcome


def figures(
    found: Mapping[str, Sequence[Measured]], sites: Sequence[Site], links: Sequence[ExportLink], now: datetime
) -> dict[str, Any]:
    """Medians over rounds, and their ratios: to the bare view, and of very many properties to few."""
    rates = {kind: median(one.rate for one in found[kind]) for kind in KINDS}
    p99 = {kind: median(one.slowest(0.99) for one in found[kind]) for kind in KINDS}
    busy = mean(one.outcome.busy_seconds / one.outcome.seconds for kind in KINDS for one in found[kind])
    if busy > SATURATED:
        message = (
            f"the load generator was busy {busy:.0%} of the time, so the server was not what was measured"
        )
        raise BenchError(message)
    return {
        "baseline_rps": round(rates["baseline"], 1),
        "full_rps": round(rates["full"], 1),
        "full_ratio": round(rates["full"] / rates["baseline"], 3),
        "not_modified_ratio": round(rates["not_modified"] / rates["baseline"], 3),
        "p99_ratio": round(p99["full"] / p99["baseline"], 3),
        "mirrored_rps": round(rates["mirrored"], 1),
        "mirrored_ratio": round(rates["mirrored"] / rates["full"], 3),
        "large_full_ratio": round(rates["large_full"] / rates["full"], 3),
        "large_not_modified_ratio": round(rates["large_not_modified"] / rates["not_modified"], 3),
        "large_full_p99_ratio": round(p99["large_full"] / p99["full"], 3),
        "large_not_modified_p99_ratio": round(p99["large_not_modified"] / p99["not_modified"], 3),
        "cold_first_ms": round(max(site.first_ms for site in sites), 1),
        "notes": notes(found, sites, links, now) | {"load_generator_busy": round(busy, 2)},
    }


def notes(
    found: Mapping[str, Sequence[Measured]], sites: Sequence[Site], links: Sequence[ExportLink], now: datetime
) -> dict[str, Any]:
    """What else was seen, for whoever wants to know why."""
    return {
        "rps": {kind: round(median(one.rate for one in found[kind]), 1) for kind in KINDS},
        "p99_ms": {kind: round(median(one.slowest(0.99) for one in found[kind]), 2) for kind in KINDS},
        "p50_ms": {kind: round(median(one.slowest(0.5) for one in found[kind]), 2) for kind in KINDS},
        "web_cpu_ms": {kind: per_answer(found[kind], "web_seconds") for kind in KINDS},
        "database_cpu_ms": {kind: per_answer(found[kind], "database_seconds") for kind in KINDS},
        "body_bytes": len(bytes(links[0].body)),
        "properties": [len(links) * (site.copies + 1) for site in sites],
        "cold": "from the open port to the first answer; from the process's beginning: start_ms",
        "start_ms": [round(site.start_ms) for site in sites],
        "connections": CONNECTIONS,
        "rounds": len(found["full"]),
        "seconds": round((timezone.now() - now).total_seconds(), 1),
    }


def per_answer(found: Sequence[Measured], column: str) -> float:
    """Milliseconds of processor time per answer, over all rounds."""
    answers = sum(one.outcome.answers for one in found)
    return round(1000 * sum(float(getattr(one, column)) for one in found) / answers, 3)
