"""Feeds that answer, but leave something open: nothing is sold on what nobody could read."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from calendars import leases, polling, standing
from calendars.models import Feed, FeedRead
from calendars.standing import Standing
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.conftest import read
from tests.stories.lookalikes import Site, airbnb_reserved, entry
from upsells import checkout, shelves
from upsells.shelves import Nothing, Side, Stay

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def stay(home: Property) -> Span:
    return Span(*cast.stay_of(home, 0, 3))


ENDLESS = "BEGIN:VEVENT\r\nUID:x\r\nDTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=SECONDLY\r\nEND:VEVENT"
NO_DATE = "BEGIN:VEVENT\r\nUID:x\r\nDTSTART;VALUE=DATE:20263131\r\nEND:VEVENT"


@pytest.mark.parametrize("doubtful", [ENDLESS, NO_DATE])
def test_nothing_is_sold_while_an_entry_of_a_feed_cant_be_read(
    home: Property, site: Site, now: datetime, doubtful: str
) -> None:
    cast.an_offer(home)
    site.says(airbnb_reserved(stay(home)))
    feed = site.feed(home)
    read(feed, now)
    departure = Stay(stay(home).end, Side.LEAVING)
    assert shelves.shelf(home, departure, now).choices
    site.says(airbnb_reserved(stay(home)), doubtful)
    link = cast.a_stay_link(home)
    nights = shelves.shelf(home, departure, now).choices[0].quote
    purchase = checkout.begin(link, departure, nights.key, nights.price.total.amount, now + MINUTE)
    checkout.book(purchase, name="Marta", email="marta@example.org", now=now + MINUTE)
    read(feed, now + 2 * MINUTE)
    purchase.refresh_from_db()
    assert standing.standing(feed, now + 2 * MINUTE) is Standing.PARTLY
    assert checkout.decide(purchase, now + 3 * MINUTE) != "confirmed"
    assert shelves.shelf(home, departure, now + 2 * HOUR).why is Nothing.STALE
    site.says(airbnb_reserved(stay(home)))
    read(feed, now + 2 * HOUR)
    assert standing.standing(feed, now + 2 * HOUR) is Standing.FRESH


def test_an_entry_that_is_closed_altogether_although_odd_stops_no_sale(
    home: Property, site: Site, now: datetime
) -> None:
    cast.an_offer(home)
    later = Span(*cast.stay_of(home, 20, 22))
    swapped = entry(later, "Reserved", "odd").replace("DTSTART", "X").replace("DTEND", "DTSTART")
    site.says(airbnb_reserved(stay(home)), swapped.replace("X;", "DTEND;"))
    feed = site.feed(home)
    line = read(feed, now)
    assert "ends before it begins" in str(line.problem)
    assert shelves.shelf(home, Stay(stay(home).end, Side.LEAVING), now).choices


def test_nothing_new_is_no_answer_to_the_question_for_the_whole(
    home: Property, site: Site, now: datetime
) -> None:
    site.says(airbnb_reserved(stay(home)))
    feed = site.feed(home)
    read(feed, now)
    site.status, site.instead = "304 Not Modified", b""
    line = read(feed, now + HOUR)
    assert line.outcome == FeedRead.Outcome.FAILED
    assert (feed.last_good_at, feed.failures) == (now, 1)


def test_a_server_that_begins_to_send_validators_is_asked_with_them(
    home: Property, site: Site, now: datetime
) -> None:
    site.says(airbnb_reserved(stay(home)))
    feed = site.feed(home)
    read(feed, now)
    site.head = ('ETag: "seven"',)
    for minutes in (15, 30):
        read(feed, now + minutes * MINUTE)
    assert site.asked_with == [None, None, '"seven"']


def test_reading_a_broken_feed_by_hand_does_not_put_off_the_next_read(
    home: Property, site: Site, now: datetime
) -> None:
    site.status, site.instead = "404 Not Found", b""
    feed = site.feed(home)
    for minutes in range(6):
        lease, ids = leases.claim_these([feed.pk], now + minutes * MINUTE)
        assert len(polling.read(ids, lease, now + minutes * MINUTE, somebody_waits=True)) == 1
    feed.refresh_from_db()
    assert feed.failures == 1
    assert feed.next_poll_at is not None
    assert feed.next_poll_at - now < timedelta(minutes=30)
    assert Feed.objects.get(pk=feed.pk).failing_since == now
