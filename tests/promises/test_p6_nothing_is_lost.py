from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import psutil
import pytest
import redis
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from calendars import leases, polling
from calendars.models import Feed
from domain.spans import Span
from properties.models import Property
from tests import cast, fleet
from tests.conftest import Listing, Simulator
from tests.post import Post, an_office
from tests.short_leases import LEASE
from tests.upsells.pages import a_purchase
from tests.workers import Worker, broker, within
from upsells import checkout, deliveries
from upsells.models import Delivery, Purchase

pytestmark = pytest.mark.django_db(transaction=True)

SHORT = "tests.short_leases"
FEEDS, GROWING = 2000, 100
GROWN = 3  # times in the storm
INTERVAL = timedelta(seconds=20)
LONGEST_LEASE = timedelta(minutes=2)


@pytest.fixture
def worker(tmp_path: Path, simulator: Simulator) -> Iterator[Worker]:
    worker = Worker(tmp_path, simulator.port, app=SHORT)
    yield worker
    worker.stop()


@pytest.fixture
def crew(tmp_path: Path, simulator: Simulator) -> Iterator[Worker]:
    """Two processes that read a fleet; what they lease is free again after seconds."""
    crew = Worker(
        tmp_path,
        simulator.port,
        app=SHORT,
        processes=2,
        POLL_INTERVAL_SECONDS=str(INTERVAL.seconds),
        READS_PER_SECOND_AND_SERVER="10000",
    )
    yield crew
    crew.stop()


@pytest.fixture
def home() -> Property:
    return cast.a_property(cast.an_organization())


def caught_reading(count: int, *, since: datetime | None = None) -> None:
    """Wait until that many batches are being read that were begun since then, or from now on."""
    held = Feed.objects.filter(lease_until__gt=(since or timezone.now()) + LEASE)
    assert within(lambda: held.values("lease_token").distinct().count() >= count, every_s=0.005)


@contextmanager
def silence(simulator: Simulator) -> Iterator[None]:
    """No server answers as long as the context lasts; every process waits for one when it begins."""
    (process,) = {
        psutil.Process(door.pid)
        for door in psutil.net_connections("tcp")
        if door.status == psutil.CONN_LISTEN and door.laddr.port == simulator.port
    }
    process.suspend()
    try:
        caught_reading(2, since=timezone.now() - LEASE)
        assert within(lambda: not fleet.answer(fleet.WHO_WORKS))  # and none holds a lock
        yield
    finally:
        process.resume()


@contextmanager
def locked_log() -> Iterator[None]:
    """No line of the log can be written as long as the context lasts; every process wants to when it begins."""
    with transaction.atomic():
        fleet.answer(fleet.LOCK_LOG)
        assert within(lambda: len(fleet.answer(fleet.WHO_WAITS)) == 2)
        yield


def storm(crew: Worker, simulator: Simulator) -> datetime:
    """Everything that may happen to a crew, each time in the middle of reading; when it was over."""
    caught_reading(1)
    redis.Redis.from_url(broker()).flushdb()
    simulator.call("POST", "/api/grow")
    with silence(simulator):
        sleeper, since = crew.pool()[0], timezone.now()
        sleeper.suspend()
    caught_reading(1)
    taken = Feed.objects.filter(lease_until__lt=since + LEASE).exclude(lease_token=None)
    assert taken.exists()
    assert within(lambda: not taken.exists())  # another has read what it leased
    sleeper.resume()
    caught_reading(2)  # it has gone on to another batch
    simulator.call("POST", "/api/grow")
    with locked_log():
        for victim in crew.pool():
            victim.kill()
    simulator.call("POST", "/api/grow")
    caught_reading(2)
    redis.Redis.from_url(broker()).flushdb()
    crew.kill()
    return timezone.now()


@pytest.mark.timeout(240)  # it takes one minute; two busy cores may need more than the usual two
def test_emptied_redis_and_killed_workers_cost_a_fleet_no_read_and_nothing_is_applied_twice(
    simulator: Simulator, crew: Worker
) -> None:
    """Leases last eight seconds here instead of 110, so that the test can wait for those of the dead to run out."""
    fleet.assemble(simulator.port, steady=FEEDS - GROWING, growing=GROWING, over=INTERVAL)
    with fleet.account():
        crew.start()
        killed = storm(crew, simulator)
        assert Feed.objects.exclude(lease_token=None).exists()
        crew.start()
        caught_reading(1)
        again = max(timezone.now(), killed + LEASE)
        assert within(lambda: not fleet.unread_since(killed))
        crew.kill()
        assert max(at for _, at in fleet.answer(fleet.NEXT_READS, killed)) < again + 2 * INTERVAL
        assert fleet.answer(fleet.READ_TWICE) == []
        assert fleet.answer(fleet.READ_WITHOUT_LEASE) == []
        assert fleet.answer(fleet.UNLIKE_THE_LOG) == []
        ((longest,),) = fleet.answer(fleet.LONGEST_LEASE)
        assert longest < LEASE + 2 * INTERVAL  # the new crew took some seconds to start
        assert leases.LEASE < LONGEST_LEASE
    for feed in fleet.growing():
        stays = sorted(block.span for block in feed.blocks.all() if block.span)
        assert len(stays) == len(set(stays)) == fleet.EVENTS + GROWN
        assert closings(feed) == [night for stay in stays[fleet.EVENTS :] for night in stay.nights()]
    call_command("verify_ledger")


def closings(feed: Feed) -> list[date]:
    """Every night that a line of the log says was closed, as often as one says so."""
    told = [line.nights["closed"] for line in feed.reads.all() if line.nights]
    spans = [Span(*map(date.fromisoformat, pair)) for pairs in told for pair in pairs]
    return sorted(night for span in spans for night in span.nights())


def test_a_purchase_whose_task_was_lost_is_settled_by_the_sweep(
    home: Property, simulator: Simulator, worker: Worker
) -> None:
    now = timezone.now()
    today = home.house.today(now)
    place: Listing = simulator.listing("airbnb")
    place.book(today, today + timedelta(days=2))
    feed = cast.a_feed(home, place.export_url)
    lease, ids = leases.claim_these([feed.pk], now)
    polling.read(ids, lease, now)
    cast.an_offer(home)
    link = cast.a_stay_link(home)
    purchase = checkout.begin(link, cast.leaving(home, 2), "extra_nights-1", 9_900, now)
    checkout.book(purchase, name="Marta", email="marta@example.org", now=timezone.now())
    worker.start()
    assert within(lambda: cast.the_states() == [Purchase.State.CONFIRMED])


@pytest.fixture
def post() -> Iterator[Post]:
    with an_office() as address:
        yield Post(address)


def test_no_mail_is_lost_while_the_mail_server_hangs_and_the_worker_is_killed_in_the_middle_of_one(
    home: Property, simulator: Simulator, post: Post, tmp_path: Path
) -> None:
    """One who was killed holds the mail for two minutes: the test brings the end of that forward.

    The outbox is looked through every two seconds here instead of ten.
    """
    cast.a_member(home.organization, "alice@example.org")
    sale = a_purchase(
        cast.a_stay_link(home), "confirmed", guest_email="marta@example.org", decided_at=cast.NOW
    )
    with transaction.atomic():
        deliveries.announce(sale, Delivery.News.CONFIRMED, timezone.now())
    host, number = post.state["address"]
    mailing = {"EMAIL_HOST": host, "EMAIL_PORT": str(number), "EMAIL_USE_TLS": "0"}
    worker = Worker(tmp_path, simulator.port, app=SHORT, **mailing)
    post.trouble("slow", seconds=60)
    try:
        worker.start()
        assert within(lambda: post.state["attempts"] > 0)
        worker.kill()
        assert [post.mails, Delivery.objects.filter(delivered_at=None).count()] == [[], 2]
        redis.Redis.from_url(broker()).flushdb()
        post.trouble("none")
        Delivery.objects.update(next_try_at=timezone.now())
        worker.start()
        assert within(lambda: not Delivery.objects.filter(delivered_at=None).exists())
    finally:
        worker.stop()
    assert sorted(mail["to"][0] for mail in post.mails) == ["alice@example.org", "marta@example.org"]
