from collections.abc import Callable, Iterator
from datetime import time, timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from calendars import leases, ledger, polling
from calendars.models import Feed, FeedRead, Server
from connectors import sandbox
from connectors.sandbox import Sandbox
from domain.spans import Span, nights_in
from domain.switches import PLAIN, Switches
from properties.models import Property
from tests import cast
from tests.conftest import Listing, read
from tests.stories.lookalikes import Site, airbnb_reserved
from tests.stories.test_reading_feeds import days

NOW = cast.NOW
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
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


# Beyond single faults


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    """Airbnb's calendar of the home, with two stays."""
    with Site("airbnb") as site:
        site.says(
            airbnb_reserved(cast.nights(3, 4), guest="a"), airbnb_reserved(cast.nights(20, 9), guest="b")
        )
        yield site


STAYS = [(span.start, span.end) for span in (cast.nights(3, 4), cast.nights(20, 9))]


def test_a_calendar_that_is_set_aside_keeps_its_nights_until_it_can_be_read_again(
    home: Property, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Sandbox(module="tests.connectors.hostile_child")
    monkeypatch.setattr(sandbox, "_kept", SimpleNamespace(sandbox=box))
    feed = site.feed(home)
    read(feed, NOW)
    for step, deed in enumerate((b"crash", b"leave", b"trip", b"say {}"), start=1):
        site.instead = deed
        assert read(feed, NOW + step * 7 * HOUR).outcome == FeedRead.Outcome.QUARANTINED
        assert cast.busy(home) == STAYS
    site.instead = None
    site.says()
    read(feed, NOW + 40 * HOUR)
    box.close()
    assert (feed.quarantined_at, feed.held_nights, cast.busy(home)) == (None, 13, STAYS)


def test_feeds_of_a_server_that_is_left_alone_keep_their_nights(home: Property, site: Site) -> None:
    feed = site.feed(home)
    read(feed, NOW)
    site.says()
    shut = {"failing": list(range(10)), "shut_until": NOW + DAY}
    Server.objects.update_or_create(name=feed.host, defaults={"free_at": NOW, **shut})
    for hours in range(1, 23):
        Feed.objects.update(next_poll_at=NOW)
        now = NOW + hours * HOUR
        lease, ids = leases.claim_due(now)
        assert (ids, polling.read(ids, lease, now)) == ([feed.pk], [])
        assert cast.busy(home) == STAYS
    feed.refresh_from_db()
    assert feed.failing_since == NOW + HOUR


@pytest.mark.parametrize("new", [[], [airbnb_reserved(cast.nights(20, 9), guest="z")]], ids=["empty", "half"])
def test_the_new_link_of_an_emptier_calendar_frees_nothing_before_its_reads_agree(
    alices: Client, home: Property, site: Site, new: list[str]
) -> None:
    feed = site.feed(home)
    read(feed, NOW)
    address = reverse("calendars:replace", args=[home.public_id, feed.public_id])
    link = feed.url.replace(".ics", "-new.ics")
    assert alices.post(address, {"link": link}).status_code == 302
    feed.refresh_from_db()
    assert feed.url == link
    site.says(*new)
    for hours in (1, 2, 4):
        read(feed, NOW + hours * HOUR)
        assert cast.busy(home) == STAYS
    read(feed, NOW + 5 * HOUR)
    assert cast.busy(home) == STAYS[2 - len(new) :]


def test_whoever_reads_the_old_link_while_it_is_replaced_changes_nothing(
    alices: Client, home: Property, site: Site
) -> None:
    feed = site.feed(home)
    read(feed, NOW)
    lease, ids = leases.claim_these([feed.pk], NOW + HOUR)
    address = reverse("calendars:replace", args=[home.public_id, feed.public_id])
    alices.post(address, {"link": feed.url.replace(".ics", "-new.ics")})
    site.says()
    assert polling.read(ids, lease, NOW + HOUR) == []
    feed.refresh_from_db()
    assert (feed.held_nights, cast.busy(home)) == (0, STAYS)


def test_a_paused_feed_keeps_its_nights_and_the_time_of_the_pause_counts_for_no_removal(
    home: Property, site: Site
) -> None:
    feed = site.feed(home)
    read(feed, NOW)
    site.says()
    read(feed, NOW + HOUR)
    assert feed.held_nights == 13
    Feed.objects.update(paused_at=NOW + HOUR)
    for hours in (2, 10, 40):
        assert leases.claim_due(NOW + hours * HOUR)[1] == []
        assert leases.claim_these([feed.pk], NOW + hours * HOUR)[1] == []
        assert cast.busy(home) == STAYS
    Feed.objects.update(paused_at=None)
    feed.refresh_from_db()
    assert read(feed, NOW + 41 * HOUR).opened == 0
    assert cast.busy(home) == STAYS


@pytest.mark.parametrize(
    "clock",
    [
        {"check_in": time(23), "check_out": time(6)},
        {"check_in": time(8), "check_out": time(8)},
        {"time_zone": "Pacific/Auckland"},
        {"time_zone": "Pacific/Honolulu"},
        {"time_zone": "Pacific/Kiritimati", "check_in": time(20), "check_out": time(1)},
    ],
    ids=str,
)
@pytest.mark.parametrize("channel", ["airbnb", "manager", "google"])
def test_a_new_clock_of_the_house_frees_no_night_before_the_reads_agree(
    home: Property, listing: Callable[..., Listing], channel: str, clock: dict[str, object]
) -> None:
    now = timezone.now()
    place = listing(channel)
    for start in range(5, 45, 8):
        place.book(*days(now, home, start, start + 4))
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    before = nights_in(Span(*pair) for pair in cast.busy(home))
    assert len(before) == 20
    Property.objects.update(**clock)
    for minutes in (1, 10, 20, 29):
        feed = Feed.objects.get()
        read(feed, now + minutes * MINUTE)
        assert before <= nights_in(Span(*pair) for pair in cast.busy(home))
    if channel == "airbnb":
        assert feed.held_nights == 0


def test_a_switch_that_is_turned_while_a_fault_lasts_frees_nothing(home: Property, site: Site) -> None:
    feed = site.feed(home)
    read(feed, NOW)
    site.says()
    read(feed, NOW + HOUR)
    everything = Switches(sells_around=True, sells_tentative=True)
    for step, switches in enumerate((everything, Switches(ends_inclusive=True), PLAIN), start=2):
        with ledger.changing(home, NOW + step * HOUR) as change:
            ledger.treat(change, feed, switches)
        assert cast.busy(home) == STAYS
        site.instead = b"<html>still broken</html>"
        feed.refresh_from_db()
        read(feed, NOW + step * HOUR + MINUTE)
        assert cast.busy(home) == STAYS
