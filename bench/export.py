"""`export`: the address that channels poll, against a bare Django view of the same bytes on the same server."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from http.client import HTTPConnection
from statistics import mean, median
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from bench import rows
from bench.load import Outcome, Round
from bench.processes import HOST, BenchError, Processor, await_port, database_root, running
from calendars import exports
from calendars.models import ExportLink

PROPERTIES = 100
CONNECTIONS = 8
CYCLES = 15
ROUND_S = 0.8
QUICK_CYCLES = 3
QUICK_ROUND_S = 0.25
WARM_UP_S = 1.0
KINDS = ("baseline", "full", "not_modified")
SATURATED = 0.8


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
        return self.outcome.milliseconds[int(share * (self.outcome.answers - 1))]


def run(*, quick: bool) -> dict[str, Any]:
    """The figures; raises BenchError."""
    port = urlsplit(settings.SITE_URL).port or 0
    now = timezone.now()
    homes = rows.properties(rows.a_host(), PROPERTIES)
    links = [rows.export_link(home, rows.sales(home, now.date(), now), now) for home in homes]
    rows.settle()
    with ExitStack() as stack:
        words = ("--interface", "wsgi", "--host", HOST, "--port", str(port), "--blocking-threads", "8")
        web = stack.enter_context(running("-m", "granian", *words, "amplistay.wsgi:application"))
        await_port(web, port)
        check_bytes(port, links)
        caller = stack.enter_context(running("-m", "bench.load", str(port), str(CONNECTIONS), talks=True))
        processors = (Processor(web.pid), Processor(database_root()))
        return figures(measure(caller, requests(port, links), processors, quick=quick), links, now)


def paths(link: ExportLink) -> tuple[str, str]:
    """Where the bare view and where the product answer the link's bytes."""
    return f"/bare/{link.public_id}.ics", urlsplit(exports.address(link)).path


def check_bytes(port: int, links: Sequence[ExportLink]) -> None:
    """Raises BenchError unless both answer the same bytes; the bare view fills its memory here."""
    door = HTTPConnection(HOST, port, timeout=10)
    for path in paths(links[0]):
        door.request("GET", path)
        if door.getresponse().read() != bytes(links[0].body):
            message = f"{path} does not answer the link's bytes"
            raise BenchError(message)
    door.close()


def requests(port: int, links: Sequence[ExportLink]) -> dict[str, list[str]]:
    """Every kind's requests, word for word."""
    asked: dict[str, list[str]] = defaultdict(list)
    common = f"Host: {HOST}:{port}\r\nUser-Agent: bench\r\nAccept: text/calendar\r\n"
    for link in links:
        bare, full = paths(link)
        asked["baseline"].append(f"GET {bare} HTTP/1.1\r\n{common}\r\n")
        asked["full"].append(f"GET {full} HTTP/1.1\r\n{common}\r\n")
        asked["not_modified"].append(f'GET {full} HTTP/1.1\r\n{common}If-None-Match: "{link.etag}"\r\n\r\n')
    return asked


def measure(
    caller: subprocess.Popen[str],
    asked: dict[str, list[str]],
    processors: tuple[Processor, Processor],
    *,
    quick: bool,
) -> dict[str, list[Measured]]:
    """Short rounds of each kind in turn, so that whatever else the machine does hits all alike."""
    for kind in KINDS:
        play(caller, asked[kind], kind, QUICK_ROUND_S if quick else WARM_UP_S)
    found: dict[str, list[Measured]] = defaultdict(list)
    for number in range(QUICK_CYCLES if quick else CYCLES):
        turn = number % len(KINDS)
        for kind in KINDS[turn:] + KINDS[:turn]:
            before = [processor.seconds() for processor in processors]
            outcome = play(caller, asked[kind], kind, QUICK_ROUND_S if quick else ROUND_S)
            web, database = (p.seconds() - b for p, b in zip(processors, before, strict=True))
            found[kind].append(Measured(outcome, web, database))
    return found


def play(caller: subprocess.Popen[str], asked: list[str], kind: str, seconds: float) -> Outcome:
    """One round of the load generator's; raises BenchError when it gave up."""
    status = 304 if kind == "not_modified" else 200
    if caller.stdin is None or caller.stdout is None:
        raise TypeError
    caller.stdin.write(json.dumps(asdict(Round(asked, status, seconds))) + "\n")
    caller.stdin.flush()
    line = caller.stdout.readline()
    if not line:
        message = f"the load generator ended during {kind}"
        raise BenchError(message)
    outcome = Outcome(**json.loads(line))
    sys.stderr.write(f"{kind:<13} {outcome.answers / outcome.seconds:7.0f}/s\n")
    return outcome


def figures(found: dict[str, list[Measured]], links: Sequence[ExportLink], now: datetime) -> dict[str, Any]:
    """Medians over rounds, and their ratios."""
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
        "notes": {
            "not_modified_rps": round(rates["not_modified"], 1),
            "p99_ms": {kind: round(p99[kind], 2) for kind in KINDS},
            "p50_ms": {kind: round(median(one.slowest(0.5) for one in found[kind]), 2) for kind in KINDS},
            "web_cpu_ms": {kind: per_answer(found[kind], "web_seconds") for kind in KINDS},
            "database_cpu_ms": {kind: per_answer(found[kind], "database_seconds") for kind in KINDS},
            "load_generator_busy": round(busy, 2),
            "body_bytes": len(bytes(links[0].body)),
            "properties": len(links),
            "connections": CONNECTIONS,
            "rounds": len(found["full"]),
            "seconds": round((timezone.now() - now).total_seconds(), 1),
        },
    }


def per_answer(found: Sequence[Measured], column: str) -> float:
    """Milliseconds of processor time per answer, over all rounds."""
    answers = sum(one.outcome.answers for one in found)
    return round(1000 * sum(float(getattr(one, column)) for one in found) / answers, 3)
