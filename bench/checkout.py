"""`checkout`: many guests press for the same night at once, through HTTP; exactly one may get it.

Then guests who have a night to themselves pay for it by card, and wait until their page confirms it.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from bench import buying, rows
from bench.guests import READY, Outcome, Rush
from bench.percentiles import slowest
from bench.poll import sweep, tidy_broker
from bench.processes import HOST, BenchError, Processor, await_port, database_root, running
from calendars.models import Block
from properties.models import Property

GUESTS = 32
ROUNDS = 40
QUICK_ROUNDS = 3
WARM_UP = 3
PURCHASES = 40
QUICK_PURCHASES = 2
WARM_UP_PURCHASES = 1
WEB = (
    "--interface",
    "wsgi",
    "--workers",
    "2",
    "--blocking-threads",
    "4",
    "--no-ws",
)  # as the image starts it
GOT_IT, TOO_LATE = 302, 409
SETTLES_S = 1.5  # PostgreSQL's processes report what they counted every second

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
OVERLAPS = """SELECT count(*) FROM calendars_block a JOIN calendars_block b ON a.property_id = b.property_id
              WHERE a.id <> b.id AND a.origin IN ('hold', 'sale') AND (a.id < b.id OR b.origin IN ('feed', 'host'))
                AND (a.nights && b.nights OR a.period && b.period)"""


def run(*, quick: bool) -> dict[str, Any]:
    """The figures; raises BenchError."""
    began = time.monotonic()
    port = urlsplit(settings.SITE_URL).port or 0
    rounds = QUICK_ROUNDS if quick else ROUNDS
    homes = rows.homes_on_sale(rows.a_host(), WARM_UP + rounds, timezone.now())
    rows.settle()
    with ExitStack() as stack:
        broker = stack.enter_context(tidy_broker())
        words = ("--host", HOST, "--port", str(port), "amplistay.wsgi:application")
        web = stack.enter_context(running("-m", "granian", *WEB, *words))
        await_port(web, port)
        crowd = stack.enter_context(running("-m", "bench.guests", str(port), talks=True))
        processors = Processor(web.pid), Processor(database_root())
        rushes = [rush(crowd, home, processors) for home in homes][WARM_UP:]
        sweep(broker)  # hints of the rush, which nobody took
        stack.enter_context(buying.open_for_business())
        ways_in = buying.doors(WARM_UP_PURCHASES + (QUICK_PURCHASES if quick else PURCHASES), timezone.now())
        buying.paid_to_confirmed(ways_in[:WARM_UP_PURCHASES])
        waits = buying.paid_to_confirmed(ways_in[WARM_UP_PURCHASES:])
    outcomes = [outcome for outcome, _ in rushes]
    winners = [won(home, outcome) for home, outcome in zip(homes[WARM_UP:], outcomes, strict=True)]
    used = [sum(seconds) for seconds in zip(*(seconds for _, seconds in rushes), strict=True)]
    notes = told(outcomes, used) | {
        "winners_by_round": winners,
        "purchases": len(waits),
        "paid_to_confirmed_p50_ms": round(slowest(waits, 0.5)),
        "paid_to_confirmed_from": "the card's form at the simulated Stripe; the page asks again at its own pace",
        "seconds": round(time.monotonic() - began, 1),
    }
    confirmed = {"paid_to_confirmed_p95_ms": round(slowest(waits, 0.95))}
    return figures(outcomes, winners) | confirmed | {"notes": notes}


def rush(
    crowd: subprocess.Popen[str], home: Property, processors: Sequence[Processor]
) -> tuple[Outcome, list[float]]:
    """One round, at a property that nobody was at before, and the processor seconds that the presses took.

    Raises BenchError when the guests gave up.
    """
    link = home.staylinks.get(nights=None)
    path = f"{reverse('guest:stay', args=[link.token])}?departure={rows.departures(home)[0]}"
    if said(crowd, json.dumps(asdict(Rush(path, GUESTS)))) != READY:
        raise TypeError
    before = [processor.seconds() for processor in processors]
    outcome = Outcome(**json.loads(said(crowd, "go")))
    used = [processor.seconds() - start for processor, start in zip(processors, before, strict=True)]
    sys.stderr.write(f"{len(outcome.statuses) / outcome.seconds:6.0f}/s {Counter(outcome.statuses)}\n")
    return outcome, used


def said(crowd: subprocess.Popen[str], line: str) -> str:
    """What the guests answer to a line; raises BenchError when they gave up."""
    if crowd.stdin is None or crowd.stdout is None:
        raise TypeError
    crowd.stdin.write(f"{line}\n")
    crowd.stdin.flush()
    answer = crowd.stdout.readline().rstrip()
    if not answer:
        message = "the guests gave up"
        raise BenchError(message)
    return answer


def won(home: Property, outcome: Outcome) -> int:
    """How many guests were told that the night is theirs; raises BenchError where the ledger knows another number."""
    if strange := set(outcome.statuses) - {GOT_IT, TOO_LATE}:
        message = f"guests were answered {sorted(strange)}"
        raise BenchError(message)
    count = outcome.statuses.count(GOT_IT)
    holds = Block.objects.filter(property=home, origin=Block.Origin.HOLD).count()
    if holds != count:
        message = f"{count} guests were told that the night is theirs, and there are {holds} holds"
        raise BenchError(message)
    return count


def figures(outcomes: Sequence[Outcome], winners: Sequence[int]) -> dict[str, Any]:
    """All rounds together; `winners` is that of the worst round."""
    times = sorted(ms for outcome in outcomes for ms in outcome.milliseconds)
    time.sleep(SETTLES_S)
    return {
        "attempts_per_s": round(len(times) / sum(outcome.seconds for outcome in outcomes), 1),
        "p99_ms": round(slowest(times, 0.99), 1),
        "winners": max(winners, key=lambda count: abs(count - 1)),
        "overlaps": counted(OVERLAPS),
        "deadlocks": counted(DEADLOCKS),
    }


def counted(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


def told(outcomes: Sequence[Outcome], used: Sequence[float]) -> dict[str, Any]:
    """What the figures consist of."""
    times = sorted(ms for outcome in outcomes for ms in outcome.milliseconds)
    presses, seconds = len(times), sum(outcome.seconds for outcome in outcomes)
    web, database = used
    return {
        "guests": GUESTS,
        "rounds": len(outcomes),
        "attempt": "POST of the guest page's form: lock, shelf, hold; or the page that says somebody was quicker",
        "guests_addresses": "each their own, told by X-Forwarded-For (BEHIND_PROXY=1); limits as in production",
        "p50_ms": round(slowest(times, 0.5), 1),
        "web_cpu_ms_per_press": round(1000 * web / presses, 2),
        "database_cpu_ms_per_press": round(1000 * database / presses, 2),
        "cores_used": round((web + database) / seconds, 2),
        "guests_busy": round(sum(outcome.busy_seconds for outcome in outcomes) / seconds, 2),
        "web": " ".join(WEB),
    }
