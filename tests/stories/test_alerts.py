"""What hosts are told, once, and how many mails that makes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calendars import alerts
from calendars.models import Alert, Feed
from calendars.sentences import headline, sentence
from calendars.standing import Standing, standing
from domain.events import Kind
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.conftest import Listing, read
from tests.post import Post
from tests.stories.troubles import DAY, HOUR, MEMBERS, MINUTE, NOW, failing, sweep, works_again

Open = Callable[..., Listing]

pytestmark = pytest.mark.usefixtures("an_hours_patience")


def held(home: Property, span: Span | None = None, **columns: object) -> Feed:
    """A feed of which nights are missing as they go missing in faults."""
    feed = cast.a_feed(home, last_good_at=NOW, held_nights=3)
    missing = {"missing_since": NOW, "missing_reads": 1, "missing_slow": True, **columns}
    cast.an_import(feed, span or cast.nights(20, 3), **missing)
    return feed


# What is told, and to whom


def test_a_site_that_fails_for_an_hour_is_told_once_to_each_member_and_once_more_when_it_is_back(
    home: Property, members: None, listing: Open, post: Post
) -> None:
    now = timezone.now()
    place = listing("airbnb")
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    place.fault("server_error")
    read(feed, now + 15 * MINUTE)
    assert sweep(now + 74 * MINUTE) == 0
    assert not Alert.objects.exists()
    late = now + 76 * MINUTE
    read(feed, late)
    assert sweep(late) == 2
    assert {mail["to"][0] for mail in post.mails} == MEMBERS
    assert post.to("alice@example.org") == ["Airbnb can't be read for Casa Gràcia"]
    for minutes in (0, 1, 16, 300):
        assert sweep(late + minutes * MINUTE) == 0
    place.fault("none")
    back = late + 301 * MINUTE
    read(feed, back)
    assert sweep(back) == 2
    assert post.to("bob@example.org")[1:] == ["Airbnb can be read again for Casa Gràcia"]
    for minutes in (0, 1, 16, 300):
        assert sweep(back + minutes * MINUTE) == 0
    assert len(post.mails) == 4


def test_a_link_that_is_not_found_was_reset_only_if_it_was_ever_read(home: Property, listing: Open) -> None:
    now = timezone.now()
    place = listing("airbnb")
    feed = cast.a_feed(home, place.export_url)
    place.fault("not_found")
    read(feed, now)
    feed.refresh_from_db()
    assert "Check that the whole link was copied" in sentence(feed.problem)
    place.fault("none")
    read(feed, now + 15 * MINUTE)
    place.fault("not_found")
    read(feed, now + 30 * MINUTE)
    feed.refresh_from_db()
    assert "The link was probably reset" in sentence(feed.problem)


def test_a_calendar_that_was_set_aside_is_told(home: Property, members: None, post: Post) -> None:
    feed = failing(home, quarantined_at=NOW)
    assert sweep(NOW) == 2
    assert post.to("alice@example.org") == ["Airbnb is set aside for Casa Gràcia"]
    Feed.objects.filter(pk=feed.pk).update(quarantined_at=None)
    works_again(feed, NOW + HOUR)
    assert sweep(NOW + HOUR) == 2
    assert post.to("alice@example.org")[1:] == ["Airbnb can be read again for Casa Gràcia"]


def test_a_calendar_that_nobody_reads_is_late_and_told_once_that_is_sure(
    home: Property, members: None, post: Post
) -> None:
    cast.a_feed(home, last_good_at=NOW - HOUR)
    assert sweep(NOW) == 0
    assert Alert.objects.open().get().kind == Alert.Kind.LATE
    assert sweep(NOW + 6 * MINUTE) == 2
    assert post.to("alice@example.org") == ["Airbnb hasn't been read in time for Casa Gràcia"]


def test_a_calendar_whose_reading_is_put_off_again_and_again_is_late_as_well(
    home: Property, members: None, post: Post
) -> None:
    cast.a_feed(home, created_at=NOW - 2 * HOUR, next_poll_at=NOW + MINUTE)
    sweep(NOW)
    assert Alert.objects.open().get().kind == Alert.Kind.LATE


def test_a_unit_that_is_read_as_seldom_as_the_budget_says_is_late_when_its_turn_has_long_come(
    home: Property, members: None, post: Post
) -> None:
    connection = cast.a_connection(home.organization)
    read = NOW - 3 * HOUR
    unit = cast.a_unit(home, connection, last_read_at=read, last_good_at=read, next_poll_at=NOW + HOUR)
    sweep(NOW)
    assert standing(unit, NOW) == Standing.FRESH
    assert not Alert.objects.exists()
    sweep(NOW + 2 * HOUR)
    assert standing(unit, NOW + 2 * HOUR) == Standing.LATE
    assert Alert.objects.open().get().kind == Alert.Kind.LATE


def test_a_unit_that_has_its_homes_name_is_told_of_by_its_systems(
    home: Property, members: None, post: Post
) -> None:
    connection = cast.a_connection(home.organization)
    failing = {"failures": 3, "failing_since": NOW - 2 * HOUR, "last_read_at": NOW, "last_good_at": NOW}
    cast.a_unit(home, connection, label=home.name, **failing)
    sweep(NOW)
    assert headline(Alert.objects.get()) == f"Escapia can't be read for {home.name}"


def test_a_double_booking_is_told_at_once(home: Property, members: None, post: Post) -> None:
    for url in ("https://www.airbnb.com/calendar/ical/1.ics", "http://www.vrbo.com/icalendar/2.ics"):
        cast.an_import(cast.a_feed(home, url, last_good_at=NOW), cast.nights(12, 3))
    assert alerts.tell(NOW) == 2
    assert post.to("bob@example.org") == ["Double booking at Casa Gràcia: Airbnb and Vrbo, 13–16 Dec 2026"]


def test_nights_that_vanish_as_they_do_in_faults_are_told_at_once(
    home: Property, members: None, listing: Open, post: Post
) -> None:
    now = timezone.now()
    place = listing("booking")
    today = home.house.today(now)
    for start in range(10, 60, 10):
        place.book(today + start * DAY, today + (start + 4) * DAY)
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    place.fault("empty")
    read(feed, now + 15 * MINUTE)
    assert sweep(now + 15 * MINUTE) == 2
    assert post.to("alice@example.org") == ["Booking.com dropped nights at Casa Gràcia: 20 nights held back"]
    place.fault("none")
    read(feed, now + 30 * MINUTE)
    assert sweep(now + 30 * MINUTE) == 0
    assert sweep(now + 61 * MINUTE) == 2
    assert post.to("alice@example.org")[1:] == ["No night of Booking.com waits any more at Casa Gràcia"]


def test_nights_that_opened_by_themselves_are_counted_when_it_is_over(
    home: Property, members: None, listing: Open, post: Post
) -> None:
    now = timezone.now()
    place = listing("booking")
    today = home.house.today(now)
    for start, length in ((10, 4), (30, 3)):
        place.book(today + start * DAY, today + (start + length) * DAY)
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    place.fault("empty")
    for hours in range(1, 7):
        read(feed, now + hours * HOUR)
        sweep(now + hours * HOUR)
    assert post.to("alice@example.org") == [
        "Booking.com dropped nights at Casa Gràcia: 7 nights held back",
        "7 nights of Booking.com opened at Casa Gràcia, because several reads no longer listed them",
    ]


def test_a_plain_cancellation_writes_no_mail_and_confirms_itself(
    home: Property, members: None, listing: Open, post: Post
) -> None:
    now = timezone.now()
    place = listing("airbnb")
    today = home.house.today(now)
    place.book(today + 20 * DAY, today + 40 * DAY)
    gone = place.book(today + 50 * DAY, today + 52 * DAY)
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    place.cancel(gone)
    for minutes in (15, 30, 46):
        read(feed, now + minutes * MINUTE)
        assert sweep(now + minutes * MINUTE) == 0
    assert (feed.held_nights, post.mails) == (0, [])


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({}, True),
        ({"missing_slow": False}, False),
        ({"missing_slow": False, "missing_since": NOW - HOUR}, True),
        ({"kind": Kind.BOOKING_WINDOW}, False),
        ({"kind": Kind.ADVANCE_NOTICE}, False),
        ({"kind": Kind.BLOCK}, True),
        ({"span": cast.nights(0, 1)}, False),
        ({"span": cast.nights(0, 2)}, True),
    ],
    ids=[
        "fault", "plain", "plain for long", "booking window", "advance notice", "closure", "tonight", "tonight and on"
    ],
)  # fmt: skip
def test_which_held_nights_are_news(
    home: Property, members: None, post: Post, columns: dict[str, Any], told: bool
) -> None:
    held(home, **columns)
    assert (sweep(NOW) > 0) is told


def test_nights_that_come_and_go_with_every_read_are_told_once(
    home: Property, members: None, post: Post
) -> None:
    feed = held(home)
    assert sweep(NOW) == 2
    for reads in range(1, 20):
        at = NOW + reads * 15 * MINUTE
        Feed.objects.filter(pk=feed.pk).update(held_nights=0 if reads % 2 else 3, last_good_at=at)
        assert sweep(at) == 0
    assert Alert.objects.count() == 1


def test_an_open_alert_says_how_many_nights_wait_now(home: Property, members: None, post: Post) -> None:
    feed = held(home)
    sweep(NOW)
    Feed.objects.filter(pk=feed.pk).update(held_nights=40)
    assert sweep(NOW + MINUTE) == 0
    assert Alert.objects.get().details["nights"] == 40


def test_what_was_over_before_anybody_was_told_is_not_told_at_all(
    home: Property, members: None, post: Post
) -> None:
    feed = failing(home)
    alerts.watch(NOW)
    works_again(feed, NOW + MINUTE)
    assert sweep(NOW + MINUTE) == 0
    assert Alert.objects.filter(told_at=None, cleared_at=NOW + MINUTE).count() == 1
    assert (sweep(NOW + DAY - HOUR), post.mails) == (0, [])


def test_a_feed_that_is_paused_or_removed_or_of_an_archived_home_is_nobodys_trouble_and_no_good_news(
    home: Property, members: None, post: Post
) -> None:
    paused, removed = failing(home, 1), failing(home, 2)
    archived = cast.a_property(home.organization, "Casa Sants")
    failing(archived, 3)
    held(archived)
    assert sweep(NOW) == 2
    Feed.objects.filter(pk=paused.pk).update(paused_at=NOW)
    removed.delete()
    Property.objects.filter(pk=archived.pk).update(archived_at=NOW)
    for minutes in (1, 20, 61, 120):
        assert sweep(NOW + minutes * MINUTE) == 0
    assert not Alert.objects.open().exists()


def test_a_feed_that_is_read_again_after_a_long_pause_is_no_news(
    home: Property, members: None, post: Post
) -> None:
    feed = cast.a_feed(home, last_good_at=NOW - 30 * DAY, paused_at=NOW - 29 * DAY)
    Feed.objects.filter(pk=feed.pk).update(paused_at=None)
    assert sweep(NOW) == 0
    works_again(feed, NOW + MINUTE)
    assert sweep(NOW + MINUTE) == sweep(NOW + 10 * MINUTE) == 0


def test_a_double_booking_whose_nights_have_come_ends_without_a_word(
    home: Property, members: None, post: Post
) -> None:
    feeds = [
        cast.a_feed(home, url, last_good_at=NOW)
        for url in ("https://www.airbnb.com/1.ics", "https://vrbo.com/2.ics")
    ]
    for feed in feeds:
        cast.an_import(feed, cast.nights(2, 2))
    assert alerts.tell(NOW) == 2
    Feed.objects.update(last_good_at=NOW + 9 * DAY)
    assert sweep(NOW + 6 * DAY) == sweep(NOW + 7 * DAY) == 0
    assert not Alert.objects.open().exists()


# Many at once


def test_forty_feeds_that_fail_together_are_one_mail_to_each(
    home: Property, members: None, post: Post
) -> None:
    labels = {f"Calendar {number}" for number in range(40)}
    for number, label in enumerate(sorted(labels)):
        failing(home, number, label=label)
    assert sweep(NOW) == 2
    for mail in post.mails:
        assert mail["subject"] == "40 things about your calendars"
        for part in (mail["text"], mail["html"]):
            assert all(label in part for label in labels)


def test_a_mail_lists_a_hundred_things_at_most_and_says_how_many_more_there_are(
    home: Property, members: None, post: Post
) -> None:
    for number in range(alerts.MOST_LISTED + 30):
        failing(home, number)
    assert sweep(NOW) == 2
    assert sweep(NOW + HOUR) == 0
    for mail in post.mails:
        assert mail["subject"] == "130 things about your calendars"
        assert mail["text"].count("can't be read for") == alerts.MOST_LISTED
        assert "And 30 things more." in mail["text"]
        assert "And 30 things more." in mail["html"]


def test_forty_feeds_that_fail_one_after_the_other_within_their_interval_are_few_mails(
    home: Property, members: None, post: Post
) -> None:
    for number in range(40):
        failing(home, number, failing_since=NOW - HOUR + number * timedelta(seconds=20))
    for minutes in (*range(16), *range(16, 60, 4)):
        sweep(NOW + minutes * MINUTE)
    assert not Alert.objects.filter(told_at=None).exists()
    assert len(post.mails) == 2 * 2


def test_a_double_booking_does_not_wait_for_the_pause_between_mails(
    home: Property, members: None, post: Post
) -> None:
    failing(home)
    assert sweep(NOW) == 2
    for url in ("https://www.airbnb.com/a.ics", "https://vrbo.com/b.ics"):
        cast.an_import(cast.a_feed(home, url, last_good_at=NOW), cast.nights(12, 3))
    assert sweep(NOW + MINUTE) == 2


def test_the_queries_of_a_sweep_do_not_grow_with_the_feeds(home: Property, members: None, post: Post) -> None:
    def queries(now: datetime) -> int:
        with CaptureQueriesContext(connection) as found:
            sweep(now)
        return len(found)

    failing(home)
    few = queries(NOW)
    for number in range(1, 40):
        failing(home, number)
    assert queries(NOW + HOUR) == few
