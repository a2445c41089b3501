"""`poll`: feeds that are due, from the scheduler's task to the log line, through the broker and real workers.

The baseline is a bare fetch of the same links. The simulator that answers them is not counted.
"""

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import pycurl
import redis
from django.conf import settings
from django.utils import timezone

from amplistay.celery import app
from bench import rows
from bench.percentiles import slowest
from bench.processes import (
    STARTS_WITHIN_S,
    BenchError,
    Processor,
    await_port,
    broker_root,
    database_root,
    running,
)
from bench.settings import KEYS
from calendars import leases, polling
from calendars.models import Feed, FeedRead
from calendars.tasks import read_due_feeds
from properties.models import Property

FEEDS_PER_PROPERTY = 2
EVENTS = 20
WORKERS = 2
OVERDUE = timedelta(minutes=1)
PATIENCE_S = 60.0
ASK_AGAIN_S = 2.0
TICK_S = 0.1
CHANGES_PER_FEED = 20
EVENTS_BEFORE = 40  # the simulator adds 1, 2, 3 … stays: the timed reads have 42 to 61


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    properties: int
    passes: int
    fetches: int
    changing_feeds: int


WHOLE = Size(properties=1000, passes=5, fetches=500, changing_feeds=5)
QUICK = Size(properties=25, passes=2, fetches=50, changing_feeds=1)


@dataclass(frozen=True, slots=True)
class Pass:
    """Every feed read once: wall time, and processor time by part, in seconds."""

    reads: int
    seconds: float
    used: dict[str, float]

    @property
    def cpu_ms(self) -> float:
        """Processor time per read, all parts."""
        return 1000 * sum(self.used.values()) / self.reads


def run(*, quick: bool) -> dict[str, Any]:
    """The figures; raises BenchError."""
    began = time.monotonic()
    size = QUICK if quick else WHOLE
    port = urlsplit(settings.SIMULATOR_URL).port or 0
    with ExitStack() as stack:
        broker = stack.enter_context(tidy_broker())
        simulator = stack.enter_context(running("-m", "simulator", "--port", str(port)))
        await_port(simulator, port)
        words = ("-A", "amplistay", "worker", "--concurrency", str(WORKERS), "--loglevel", "WARNING")
        worker = stack.enter_context(running("-m", "celery", *words))
        await_worker(worker)
        feeds = known_feeds(size, timezone.now())
        rows.settle()
        parts = {"workers": worker.pid, "postgresql": database_root(), "valkey": broker_root(broker)}
        processors = {name: Processor(pid) for name, pid in parts.items()}
        passes, bare = [], []
        read_all(len(feeds), processors)  # so that connections are open and caches warm
        for _ in range(size.passes):
            bare.append(fetch_bare(feeds[: size.fetches]))
            passes.append(read_all(len(feeds), processors))
        changed = [ms for feed in changing_feeds(size, timezone.now()) for ms in changes(feed)]
    notes = told(passes, bare, changed, processors) | {"seconds": round(time.monotonic() - began, 1)}
    return figures(passes, changed) | {"notes": notes}


def await_worker(worker: subprocess.Popen[str]) -> None:
    """Waits until the worker takes tasks; raises BenchError when it ends or takes too long."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and worker.poll() is None:
        if app.control.ping(timeout=0.5):
            return
    message = "the worker does not start"
    raise BenchError(message)


@contextmanager
def tidy_broker() -> Iterator[redis.Redis]:
    """The broker, with everything of ours gone before and after; what others keep there stays."""
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        sweep(broker)
        try:
            yield broker
        finally:
            sweep(broker)


def sweep(broker: redis.Redis) -> None:
    for key in broker.scan_iter(f"{KEYS}*"):
        broker.delete(key)


def known_feeds(size: Size, now: datetime) -> list[Feed]:
    """Properties with two feeds each that have been read before.

    One is read by the product; as all links answer alike, the others get copies of what that left behind.
    """
    first, *homes = rows.properties(rows.a_host(), size.properties)
    model = rows.a_feed(first, link_of(first, 0), now)
    model.save()
    read_changed(model)
    model.refresh_from_db()
    links = [(first, 1), *((home, number) for home in homes for number in range(FEEDS_PER_PROPERTY))]
    feeds = Feed.objects.bulk_create(
        rows.read_alike(rows.a_feed(home, link_of(home, number), now), model) for home, number in links
    )
    rows.copy_nights(model, feeds, homes, now)
    return [model, *feeds]


def link_of(home: Property, number: int) -> str:
    return f"{settings.SIMULATOR_URL}/bench/{home.pk}-{number}.ics?events={EVENTS}"


def read_all(count: int, processors: dict[str, Processor]) -> Pass:
    """Every feed is due; the scheduler's own task hands them out. Raises BenchError unless all are unchanged."""
    asked_at = timezone.now()
    Feed.objects.update(next_poll_at=asked_at - OVERDUE)
    began = time.monotonic()
    read = Feed.objects.filter(last_read_at__gte=asked_at)
    before = {name: processor.seconds() for name, processor in processors.items()}
    read_due_feeds.delay()
    due_again = ASK_AGAIN_S
    while (done := read.count()) < count:
        waited = time.monotonic() - began
        if waited > PATIENCE_S:
            message = f"only {done} of {count} feeds were read within {PATIENCE_S:.0f} s"
            raise BenchError(message)
        if waited >= due_again and is_any_due():
            read_due_feeds.delay()
            due_again = waited + ASK_AGAIN_S
        time.sleep(TICK_S)
    seconds = time.monotonic() - began
    used = {name: processor.seconds() - before[name] for name, processor in processors.items()}
    lines = FeedRead.objects.filter(until__gte=asked_at)
    if strange := lines.exclude(outcome=FeedRead.Outcome.UNCHANGED).count():
        message = f"{strange} of {count} reads found something changed"
        raise BenchError(message)
    found = Pass(count, seconds, used)
    sys.stderr.write(f"{count / seconds:6.0f} reads/s {found.cpu_ms:6.2f} ms CPU per read\n")
    return found


def is_any_due() -> bool:
    return Feed.objects.filter(next_poll_at__lte=timezone.now(), lease_token=None).exists()


def fetch_bare(feeds: Sequence[Feed]) -> float:
    """Milliseconds of processor time per fetch of the same links with one kept connection and nothing else."""
    handle = pycurl.Curl()
    handle.setopt(pycurl.WRITEFUNCTION, lambda _chunk: None)
    before = time.process_time()
    for feed in feeds:
        handle.setopt(pycurl.URL, feed.url)
        handle.perform()
    used = time.process_time() - before
    handle.close()
    return 1000 * used / len(feeds)


def changing_feeds(size: Size, now: datetime) -> Iterator[Feed]:
    """Feeds that say something more at every read, of properties with sales and an export link; read once."""
    for home in rows.properties(rows.a_host(), size.changing_feeds):
        rows.export_link(home, rows.sales(home, now.date(), now), now)
        url = f"{settings.SIMULATOR_URL}/bench/changing-{home.pk}.ics?events={EVENTS_BEFORE}&changing=1"
        feed = rows.a_feed(home, url, now + timedelta(days=1))
        feed.save()
        read_changed(feed)
        yield feed


def changes(feed: Feed) -> Iterator[float]:
    """Milliseconds from asking for changed content to committed nights, export body and log line."""
    for _ in range(CHANGES_PER_FEED):
        began = time.perf_counter()
        read_changed(feed)
        yield (time.perf_counter() - began) * 1000


def read_changed(feed: Feed) -> None:
    """One read of one feed, as the worker does it; raises BenchError unless it changed something."""
    now = timezone.now()
    lease, ids = leases.claim_these([feed.pk], now)
    outcomes = [read.outcome for read in polling.read(ids, lease, now)]
    if outcomes != [FeedRead.Outcome.CHANGED]:
        message = f"a read of changed content came to {outcomes}"
        raise BenchError(message)


def figures(passes: Sequence[Pass], changed: Sequence[float]) -> dict[str, Any]:
    """Medians over passes and reads."""
    return {
        "reads_per_s": round(median(one.reads / one.seconds for one in passes), 1),
        "cpu_ms_per_read": round(median(one.cpu_ms for one in passes), 3),
        "changed_p50_ms": round(median(changed), 1),
    }


def told(
    passes: Sequence[Pass], bare: Sequence[float], changed: Sequence[float], parts: Iterable[str]
) -> dict[str, Any]:
    """What the figures consist of, and the machine's own baseline."""
    baseline = median(bare)
    return {
        "cpu_ms_per_read_by_part": {
            part: round(median(1000 * one.used[part] / one.reads for one in passes), 3) for part in parts
        },
        "bare_fetch_cpu_ms": round(baseline, 3),
        "cpu_ratio": round(median(one.cpu_ms for one in passes) / baseline, 2),
        "changed_p99_ms": round(slowest(sorted(changed), 0.99), 1),
        "changed_includes": "claim, fetch over loopback, digest, parsing, plan, ledger, commit, log line",
        "changed_reads": len(changed),
        "feeds": passes[0].reads,
        "events": EVENTS,
        "workers": WORKERS,
        "passes": len(passes),
    }
