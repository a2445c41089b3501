from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from properties.models import Property
from tests import cast
from tests.conftest import Listing, read
from tests.stories.test_reading_feeds import days

FAULTS = [
    "empty", "half", "html", "listing_page", "not_found", "forbidden", "server_error", "too_many", "truncated",
    "garbage", "huge",
]  # fmt: skip


@pytest.mark.parametrize("channel", ["airbnb", "booking", "vrbo", "google", "manager"])
def test_no_run_of_faults_within_four_hours_frees_a_night(
    home: Property, listing: Callable[..., Listing], channel: str
) -> None:
    now = timezone.now()
    place = listing(channel)
    for start in range(2, 62, 10):
        place.book(*days(now, home, start, start + 4))
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    before = cast.busy(home)
    assert len(before) == 6
    for step, fault in enumerate(FAULTS, start=1):
        place.fault(fault)
        read(feed, now + timedelta(minutes=20 * step))
        assert cast.busy(home) == before, fault


def test_what_a_channel_adds_is_closed_at_once_while_a_removal_waits(
    home: Property, listing: Callable[..., Listing]
) -> None:
    now = timezone.now()
    place = listing("airbnb")
    bookings = [place.book(*days(now, home, start, start + 3)) for start in range(10, 70, 10)]
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    before = cast.busy(home)
    for booking in bookings[:3]:
        place.cancel(booking)
    added = days(now, home, 80, 83)
    place.book(*added)
    line = read(feed, now + timedelta(minutes=15))
    assert (line.closed, line.opened, line.held) == (3, 0, 9)
    assert cast.busy(home) == [*before, added]


def test_a_night_stays_closed_while_one_of_two_feeds_closes_it(
    home: Property, listing: Callable[..., Listing]
) -> None:
    now = timezone.now()
    first, second = listing("airbnb"), listing("vrbo")
    stay = days(now, home, 10, 12)
    booking = first.book(*stay)
    first.book(*days(now, home, 30, 50))
    second.book(*stay)
    feeds = [cast.a_feed(home, place.export_url) for place in (first, second)]
    for feed in feeds:
        read(feed, now)
    first.cancel(booking)
    for minutes in (1, 20, 40):
        read(feeds[0], now + timedelta(minutes=minutes))
    assert feeds[0].held_nights == 0
    assert stay in cast.busy(home)
