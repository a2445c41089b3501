"""What a feed said, kept when it changed: sealed, for thirteen months, and gone with its feed."""

import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from amplistay import sweeping
from calendars import leases, ledger, polling, tasks, verdicts
from calendars.models import Feed, FeedRead, Snapshot
from domain import ics
from properties.models import Property
from tests import cast
from tests.cast import nights
from tests.conftest import Listing, read
from tests.stories.lookalikes import Site, airbnb_reserved, entry

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NOW = cast.NOW
GUEST = "Reservation URL: https://www.airbnb.com/hosting/reservations/details/HMCANARY99"


@pytest.fixture
def airbnb(settings: Settings) -> Iterator[Site]:
    with Site("airbnb") as site:
        site.says(airbnb_reserved(nights(10, 3)))
        yield site


@pytest.fixture
def feed(home: Property, airbnb: Site) -> Feed:
    return airbnb.feed(home)


def bodies(feed: Feed) -> list[bytes]:
    return [snapshot.body for snapshot in feed.snapshots.order_by("at")]


def stored() -> bytes:
    """The sealed column, and everything else in the table, as the database holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT body, s::text FROM calendars_snapshot s")
        return b"".join(bytes(body) + row.encode() for body, row in cursor.fetchall())


def test_each_change_is_kept_as_it_was_said(feed: Feed, airbnb: Site) -> None:
    said = []
    for step, count in enumerate((1, 2, 2, 3, 1)):
        airbnb.says(*(airbnb_reserved(nights(10 * n, 3), guest=str(n)) for n in range(1, count + 1)))
        said.append(airbnb.body)
        read(feed, NOW + step * 15 * MINUTE)
    assert bodies(feed) == [said[0], said[1], said[3], said[4]]
    assert [snapshot.digest for snapshot in feed.snapshots.order_by("at")] == [
        ics.content_digest(body) for body in bodies(feed)
    ]


def test_new_stamps_alone_are_no_change_neither_while_nights_wait_nor_on_the_next_day(
    home: Property, simulator: object, listing: object
) -> None:
    place: Listing = listing("airbnb")  # type: ignore[operator]  # conftest's fixture
    today = home.house.today(timezone.now())
    place.book(today + 20 * DAY, today + 40 * DAY)
    gone = place.book(today + 50 * DAY, today + 52 * DAY)
    feed = cast.a_feed(home, place.export_url)
    now = timezone.now()
    for step in range(3):
        read(feed, now + step * MINUTE)
    assert len(bodies(feed)) == 1
    place.cancel(gone)
    for step in range(3, 6):
        assert read(feed, now + step * MINUTE).held == 2
    assert len(bodies(feed)) == 2
    read(feed, now + 2 * DAY)
    assert len(bodies(feed)) == 2


def test_the_same_content_after_a_refusal_or_a_failure_is_no_change(feed: Feed, airbnb: Site) -> None:
    read(feed, NOW)
    for step, answer in enumerate((b"<html>Back soon</html>", b"", airbnb.body[:-20]), start=1):
        airbnb.instead = answer
        assert read(feed, NOW + step * MINUTE).outcome == FeedRead.Outcome.REFUSED
        airbnb.instead = None
        read(feed, NOW + step * MINUTE + MINUTE / 2)
    assert len(bodies(feed)) == 1


def test_a_calendar_that_is_half_understood_is_kept_too(feed: Feed, airbnb: Site) -> None:
    broken = "BEGIN:VEVENT\r\nUID:x\r\nDTSTART;VALUE=DATE:20261399\r\nEND:VEVENT"
    airbnb.says(airbnb_reserved(nights(10, 3)), broken)
    assert read(feed, NOW).problem
    assert bodies(feed) == [airbnb.body]


def test_who_lost_the_lease_keeps_nothing(feed: Feed) -> None:
    old, ids = leases.claim_these([feed.pk], NOW)
    feeds = list(Feed.objects.filter(pk__in=ids).select_related("property"))
    leases.claim_these(ids, NOW + leases.LEASE + MINUTE)
    body = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    with pytest.raises(leases.Superseded), ledger.changing(feeds[0].property, NOW):
        leases.fence(feeds[0], old)
        verdicts.keep(feeds[0], body, "digest", NOW)
    assert polling.read(ids, old, NOW) == []
    assert not Snapshot.objects.exists()


def test_a_feed_that_says_something_else_with_every_read_does_not_fill_the_disk(feed: Feed) -> None:
    def kept(now: datetime) -> int:
        for number in range(2 * verdicts.MOST_A_DAY):
            body = f"{now} {number}".encode()
            verdicts.keep(feed, body, ics.content_digest(body), now + number * MINUTE)
        return Snapshot.objects.count()

    assert kept(NOW) == verdicts.MOST_A_DAY
    assert kept(NOW + 2 * DAY) == 2 * verdicts.MOST_A_DAY


def test_the_database_holds_neither_the_text_nor_its_compressed_form(feed: Feed, airbnb: Site) -> None:
    airbnb.says(entry(nights(10, 3), "Reserved", "1418fb94e984-x@airbnb.com", f"DESCRIPTION:{GUEST}"))
    read(feed, NOW)
    (body,) = bodies(feed)
    assert GUEST.encode() in body
    raw = stored()
    for level in range(10):
        packed = zlib.compress(body, level)
        assert packed[2:40] not in raw
        assert packed not in raw
    for plain in (body, GUEST.encode(), b"HMCANARY99", b"BEGIN:VCALENDAR", b"VEVENT"):
        assert plain not in raw
        assert plain.hex().encode() not in raw


def test_equal_texts_are_stored_differently_and_take_less_room_than_they_have(home: Property) -> None:
    feeds = [cast.a_feed(home, f"https://www.airbnb.com/calendar/ical/{n}.ics") for n in range(2)]
    body = b"\r\n".join(airbnb_reserved(nights(n, 1)).encode() for n in range(200))
    for feed in feeds:
        verdicts.keep(feed, body, "digest", NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM calendars_snapshot")
        first, second = (bytes(row[0]) for row in cursor.fetchall())
    assert first != second
    assert len(first) < len(body) / 4


def test_history_ends_after_thirteen_months(feed: Feed) -> None:
    now = timezone.now()
    for age in (399, 401, 500):
        verdicts.keep(feed, str(age).encode(), str(age), now - age * DAY)
    with CaptureQueriesContext(connection) as queries:
        tasks.prune()
    assert [snapshot.digest for snapshot in feed.snapshots.all()] == ["399"]
    assert not any("SELECT" in query["sql"] and '"body"' in query["sql"] for query in queries)


@pytest.mark.parametrize("what", ["feed", "property", "organization"])
def test_history_goes_with_its_feed_and_with_the_property_without_being_opened(
    home: Property, feed: Feed, airbnb: Site, what: str
) -> None:
    read(feed, NOW)
    other = cast.a_property(cast.an_organization("Sants Homes"))
    kept = airbnb.feed(other)
    read(kept, NOW)
    with CaptureQueriesContext(connection) as queries:
        if what == "feed":
            with ledger.changing(home, NOW + MINUTE) as change:
                ledger.remove_feed(change, feed)
            assert Snapshot.objects.count() > 1, "it can come back"
            sweeping.sweep(NOW + 2 * DAY)
        else:
            (home if what == "property" else home.organization).delete()
    assert [snapshot.feed for snapshot in Snapshot.objects.all()] == [kept]
    assert not any('"calendars_snapshot"."body"' in query["sql"] for query in queries)
