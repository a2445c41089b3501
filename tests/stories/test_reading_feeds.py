from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from calendars import leases, ledger, polling, sentences
from calendars.models import Block, FeedRead
from properties.models import Property
from tests import cast
from tests.conftest import Listing, read

Open = Callable[..., Listing]


def days(now: datetime, home: Property, start: int, end: int) -> tuple[object, object]:
    day = home.house.today(now)
    return day + timedelta(days=start), day + timedelta(days=end)


@pytest.mark.parametrize("channel", ["airbnb", "booking", "booking_legacy", "vrbo", "google", "manager"])
def test_a_booking_on_any_channel_closes_exactly_its_nights(
    home: Property, listing: Open, channel: str
) -> None:
    place = listing(channel)
    stay = days(timezone.now(), home, 10, 13)
    place.book(*stay)
    feed = cast.a_feed(home, place.export_url)
    assert read(feed).outcome == FeedRead.Outcome.CHANGED
    assert cast.busy(home) == [stay]
    assert feed.closed_nights == 3


def test_the_channel_is_recognised_from_the_host_name(home: Property, listing: Open) -> None:
    found = {
        kind: cast.a_feed(home, listing(kind).export_url).channel for kind in ("airbnb", "booking", "vrbo")
    }
    assert found == {"airbnb": "airbnb", "booking": "booking", "vrbo": "vrbo"}


def test_unchanged_content_is_recognised_although_every_stamp_is_new(home: Property, listing: Open) -> None:
    place = listing("airbnb")
    place.book(*days(timezone.now(), home, 10, 13))
    feed = cast.a_feed(home, place.export_url)
    read(feed)
    blocks = list(Block.objects.values_list("pk", flat=True))
    parsed = feed.digest
    line = read(feed)
    assert line.outcome == FeedRead.Outcome.UNCHANGED
    assert (feed.digest, list(Block.objects.values_list("pk", flat=True))) == (parsed, blocks)


def test_a_new_booking_closes_at_once_and_a_cancelled_one_opens_after_two_agreeing_reads(
    home: Property, listing: Open
) -> None:
    now = timezone.now()
    place = listing("airbnb")
    kept = days(now, home, 20, 40)
    gone = days(now, home, 50, 52)
    place.book(*kept)
    booking = place.book(*gone)
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    assert cast.busy(home) == [kept, gone]
    place.cancel(booking)
    first = read(feed, now + timedelta(minutes=1))
    assert (first.held, first.opened) == (2, 0)
    assert cast.busy(home) == [kept, gone]
    early = read(feed, now + timedelta(minutes=20))
    assert (early.held, early.opened) == (2, 0)
    last = read(feed, now + timedelta(minutes=31, seconds=1))
    assert (last.held, last.opened) == (0, 2)
    assert cast.busy(home) == [kept]


@pytest.mark.parametrize("fault", ["empty", "half"])
def test_a_mass_removal_needs_three_reads_over_four_hours(home: Property, listing: Open, fault: str) -> None:
    now = timezone.now()
    place = listing("booking")
    for start in range(10, 60, 10):
        place.book(*days(now, home, start, start + 4))
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    before = cast.busy(home)
    place.fault(fault)
    for hours in (1, 2, 3, 4):
        read(feed, now + timedelta(hours=hours))
        assert cast.busy(home) == before
    read(feed, now + timedelta(hours=5, minutes=1))
    assert len(cast.busy(home)) < len(before)


def test_nights_come_back_without_a_trace_when_the_fault_passes(home: Property, listing: Open) -> None:
    now = timezone.now()
    place = listing("airbnb")
    place.book(*days(now, home, 10, 14))
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    before = cast.busy(home)
    place.fault("empty")
    assert read(feed, now + timedelta(minutes=15)).held == 4
    place.fault("none")
    assert read(feed, now + timedelta(minutes=30)).held == 0
    assert not Block.objects.exclude(missing_since=None).exists()
    assert cast.busy(home) == before


FAULTS = {
    "html": "isn’t a calendar|web page|isn't a calendar|not a calendar",
    "listing_page": "page",
    "not_found": "404",
    "forbidden": "refuses",
    "server_error": "503",
    "too_many": "less often",
    "truncated": "",
    "garbage": "",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_keeps_every_night_and_tells_the_host_what_to_do(
    home: Property, listing: Open, fault: str
) -> None:
    now = timezone.now()
    place = listing("airbnb")
    place.book(*days(now, home, 10, 14))
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    before = cast.busy(home)
    place.fault(fault)
    line = read(feed, now + timedelta(minutes=15))
    assert line.outcome in (FeedRead.Outcome.FAILED, FeedRead.Outcome.REFUSED)
    assert cast.busy(home) == before
    said = sentences.sentence(feed.problem)
    assert said
    assert any(word in said for word in FAULTS[fault].split("|"))
    assert place.export_url not in said
    assert feed.failures == 1
    place.fault("none")
    read(feed, now + timedelta(minutes=30))
    assert (feed.failures, feed.problem, feed.failing_since) == (0, None, None)


def test_of_a_calendar_that_was_never_read_nobody_is_told_that_its_nights_are_kept(
    home: Property, listing: Open
) -> None:
    place = listing("airbnb")
    place.book(*days(timezone.now(), home, 10, 13))
    never, before = cast.a_feed(home, place.export_url), cast.a_feed(home, listing("vrbo").export_url)
    read(before)
    for feed, keeps in ((never, False), (before, True)):
        for found in (sentences.status(503, feed.host), sentences.failure("timeout", feed.host)):
            said = sentences.sentence(sentences.of(feed, found))
            assert ("We keep the nights" in said, "try again" in said) == (keeps, True)
    place.fault("server_error")
    assert "We try again." in sentences.sentence(read(never).problem)


def test_a_server_that_asks_for_patience_gets_it(home: Property, listing: Open) -> None:
    now = timezone.now()
    place = listing("airbnb")
    feed = cast.a_feed(home, place.export_url)
    place.fault("too_many", retry_after=7200)
    read(feed, now)
    assert feed.next_poll_at is not None
    assert feed.next_poll_at - now >= timedelta(hours=2)


def test_a_link_to_a_private_address_is_never_opened(home: Property, simulator: object) -> None:
    feed = cast.a_feed(home, "https://10.0.0.7/calendar.ics")
    assert read(feed).outcome == FeedRead.Outcome.FAILED
    assert "private address" in sentences.sentence(feed.problem)


def test_loopback_is_private_where_the_setting_is_empty(
    home: Property, listing: Open, settings: Settings
) -> None:
    feed = cast.a_feed(home, listing("airbnb").export_url)
    settings.LOOPBACK_FEED_PORTS = frozenset()
    assert read(feed).outcome == FeedRead.Outcome.FAILED
    assert "private address" in sentences.sentence(feed.problem)


def test_due_feeds_are_claimed_once_and_one_whose_lease_was_lost_is_read_alone(home: Property) -> None:
    now = timezone.now()
    feed = cast.a_feed(home, next_poll_at=now)
    _, first = leases.claim_due(now, 10)
    _, second = leases.claim_due(now, 10)
    lost = now + leases.LEASE + timedelta(seconds=1)
    assert (first, second) == ([feed.pk], [])
    assert leases.claim_suspect(now)[1] == []
    assert (leases.claim_due(lost, 10)[1], leases.claim_suspect(lost)[1]) == ([], [feed.pk])


def test_paused_feeds_and_archived_homes_are_not_claimed(home: Property) -> None:
    now = timezone.now()
    cast.a_feed(home, next_poll_at=now, paused_at=now)
    other = cast.a_property(home.organization, "Archived")
    Property.objects.filter(pk=other.pk).update(archived_at=now)
    cast.a_feed(other, next_poll_at=now)
    assert leases.claim_due(now, 10)[1] == []


def test_a_worker_that_lost_its_lease_writes_nothing(home: Property, listing: Open) -> None:
    now = timezone.now()
    place = listing("airbnb")
    place.book(*days(now, home, 10, 14))
    feed = cast.a_feed(home, place.export_url)
    old, ids = leases.claim_these([feed.pk], now)
    stolen = now + leases.LEASE + timedelta(seconds=1)
    new, _ = leases.claim_these([feed.pk], stolen)
    assert polling.read(ids, old, now) == []
    assert (cast.busy(home), FeedRead.objects.count()) == ([], 0)
    assert len(polling.read(ids, new, stolen)) == 1


def test_the_host_can_free_waiting_nights_at_once(home: Property, listing: Open) -> None:
    now = timezone.now()
    place = listing("airbnb")
    place.book(*days(now, home, 10, 14))
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    place.fault("empty")
    read(feed, now + timedelta(minutes=15))
    with ledger.changing(home, now + timedelta(minutes=16)) as change:
        assert polling.free_held(change, feed) == 4
    assert cast.busy(home) == []


def test_new_house_times_are_applied_to_content_that_has_not_changed(home: Property, listing: Open) -> None:
    now = timezone.now()
    place = listing("manager")  # timed events: 16:00 to 11:00
    stay = days(now, home, 10, 12)
    place.book(*stay)
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    assert cast.busy(home) == [stay]
    Property.objects.update(check_in=time(8), check_out=time(8))
    read(feed, now + timedelta(minutes=15))
    assert cast.busy(home) == [days(now, home, 10, 13)]


def test_nights_that_wait_are_counted_as_closed(home: Property, listing: Open) -> None:
    now = timezone.now()
    place = listing("airbnb")
    place.book(*days(now, home, 10, 14))
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    place.fault("empty")
    read(feed, now + timedelta(minutes=15))
    assert (feed.closed_nights, feed.held_nights) == (4, 4)
