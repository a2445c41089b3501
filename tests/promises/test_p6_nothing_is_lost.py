from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis
from django.utils import timezone

from calendars import leases, polling
from calendars.models import Feed
from properties.models import Property
from tests import cast
from tests.conftest import Listing, Simulator
from tests.workers import Worker, broker, within
from upsells import checkout
from upsells.models import Purchase

pytestmark = pytest.mark.django_db(transaction=True)

FEEDS = 12


@pytest.fixture
def worker(tmp_path: Path, simulator: Simulator) -> Iterator[Worker]:
    worker = Worker(tmp_path, simulator.port)
    yield worker
    worker.stop()


@pytest.fixture
def home() -> Property:
    return cast.a_property(cast.an_organization())


def _all_read_since(moment: datetime) -> bool:
    return Feed.objects.filter(last_good_at__gt=moment).count() == FEEDS


def test_emptied_redis_and_a_killed_worker_cost_no_feed_its_next_read(
    home: Property, simulator: Simulator, worker: Worker
) -> None:
    for number in range(FEEDS):
        url = f"http://airbnb.localhost:{simulator.port}/bench/{number}.ics?events=3"
        cast.a_feed(home, url, next_poll_at=timezone.now())
    worker.start()
    assert within(lambda: _all_read_since(cast.NOW.replace(year=2020)))
    redis.Redis.from_url(broker()).flushdb()
    emptied = timezone.now()
    assert within(lambda: _all_read_since(emptied))
    worker.kill()
    killed = timezone.now()
    # Two minutes later: whatever the dead worker had leased is free again.
    Feed.objects.exclude(lease_until=None).update(lease_until=killed - leases.LEASE)
    worker.start()
    assert within(lambda: _all_read_since(killed))
    assert within(
        lambda: not Feed.objects.filter(lease_until__gt=timezone.now() + timedelta(seconds=121)).exists()
    )


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
    nights = checkout.shelf(home, today + timedelta(days=2), now).quotes[0].nights
    purchase = checkout.begin(link, nights, 9_900, now)
    checkout.book(purchase, name="Marta", email="marta@example.org", now=timezone.now())
    worker.start()
    assert within(lambda: cast.the_states() == [Purchase.State.CONFIRMED])
