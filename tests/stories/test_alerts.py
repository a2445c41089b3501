"""What hosts are told, once, over a real mail server that isn't always well."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts import wishes
from accounts.models import User
from calendars import alerts, sentences, tasks
from calendars.models import Alert, Feed
from calendars.standing import Standing, standing
from domain.events import Kind
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.conftest import Listing, free_port, read
from tests.post import GIVES_UP_AFTER_S, Post, mail_server

Open = Callable[..., Listing]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = cast.NOW
MEMBERS = {"alice@example.org", "bob@example.org"}


@pytest.fixture(autouse=True)
def an_hours_patience(settings: Settings) -> None:
    settings.ALERT_AFTER, settings.POLL_INTERVAL = HOUR, 15 * MINUTE


@pytest.fixture
def members(alice: User, bob: User, mallory: User) -> None:
    """Alice and Bob in one organization, Mallory in another."""


def sweep(now: datetime) -> int:
    """What the worker does every 20 seconds; how many e-mails that were."""
    alerts.watch(now)
    return alerts.tell(now)


def failing(home: Property, number: int = 0, **columns: object) -> Feed:
    """A feed that has failed for an hour."""
    url = f"https://www.airbnb.com/calendar/ical/{number}.ics?s=secret"
    return cast.a_feed(home, url, **{"failing_since": NOW - HOUR, "failures": 5, **columns})


def held(home: Property, span: Span | None = None, **columns: object) -> Feed:
    """A feed of which nights are missing as they go missing in faults."""
    feed = cast.a_feed(home, last_good_at=NOW, held_nights=3)
    missing = {"missing_since": NOW, "missing_reads": 1, "missing_slow": True, **columns}
    cast.an_import(feed, span or cast.nights(20, 3), **missing)
    return feed


def works_again(feed: Feed, now: datetime) -> None:
    Feed.objects.filter(pk=feed.pk).update(failing_since=None, failures=0, last_good_at=now)


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


def test_a_double_booking_is_told_at_once(home: Property, members: None, post: Post) -> None:
    for url in ("https://www.airbnb.com/calendar/ical/1.ics", "http://www.vrbo.com/icalendar/2.ics"):
        cast.an_import(cast.a_feed(home, url, last_good_at=NOW), cast.nights(12, 3))
    assert alerts.tell(NOW) == 2
    assert post.to("bob@example.org") == [
        "Double booking at Casa Gràcia: Airbnb and Vrbo, 13 Dec 2026 to 16 Dec 2026"
    ]


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


# A mail server that isn't well


@pytest.mark.parametrize(
    "trouble",
    [
        {"mode": "refuse"},
        {"mode": "refuse", "status": 550},
        {"mode": "refuse_content", "status": 451},
        {"mode": "refuse_content", "status": 554},
        {"mode": "hang_up"},
        {"mode": "slow", "seconds": 3 * GIVES_UP_AFTER_S},
    ],
    ids=lambda trouble: f"{trouble['mode']} {trouble.get('status', '')}".strip(),
)
def test_while_the_mail_server_refuses_or_hangs_nothing_is_lost_and_nothing_sent_twice(
    home: Property, members: None, post: Post, trouble: dict[str, object]
) -> None:
    failing(home)
    post.trouble(**trouble)  # type: ignore[arg-type]  # the parameters above
    for minutes in (0, 3, 6):
        assert sweep(NOW + minutes * MINUTE) == 0
    assert Alert.objects.open().get().told_at is None
    post.trouble("none")
    assert sweep(NOW + 20 * MINUTE) == 2
    assert sweep(NOW + 60 * MINUTE) == 0
    assert {mail["to"][0] for mail in post.mails} == MEMBERS
    assert len(post.mails) == 2


def test_while_there_is_no_mail_server_nothing_is_lost(
    home: Property, members: None, post: Post, settings: Settings
) -> None:
    failing(home)
    there = settings.MAILERS
    mail_server(settings, "127.0.0.1", free_port())
    assert sweep(NOW) == 0
    settings.MAILERS = there
    assert sweep(NOW + MINUTE) == 0
    assert sweep(NOW + 2 * MINUTE) == 2


def test_an_address_that_is_refused_costs_the_others_nothing_and_is_tried_ever_more_rarely(
    home: Property, members: None, post: Post
) -> None:
    failing(home)
    post.trouble("refuse", status=550, recipient="alice@example.org")
    for minutes in (*range(0, 20, 2), *range(20, 60, 5), *range(60, 24 * 60, 90)):
        sweep(NOW + minutes * MINUTE)
    tries = post.state["attempts"] - 1
    assert 5 < tries < 15
    assert (len(post.to("alice@example.org")), len(post.to("bob@example.org"))) == (0, 1)
    post.trouble("none")
    assert sweep(NOW + 2 * DAY) == 1
    assert (len(post.to("alice@example.org")), len(post.to("bob@example.org"))) == (1, 1)


def test_only_who_heard_of_it_is_told_that_it_is_over(home: Property, members: None, post: Post) -> None:
    feed = failing(home)
    post.trouble("refuse", recipient="alice@example.org")
    assert sweep(NOW) == 1
    post.trouble("none")
    works_again(feed, NOW + MINUTE)
    assert sweep(NOW + 20 * MINUTE) == 1
    assert len(post.to("bob@example.org")) == 2
    assert post.to("alice@example.org") == []


def test_an_organization_whose_mail_cannot_be_written_does_not_keep_others_from_theirs(
    home: Property, members: None, mallory: User, post: Post
) -> None:
    poisoned = cast.a_property(mallory.organizations.get())
    failing(poisoned)
    failing(home)
    alerts.watch(NOW)
    Alert.objects.filter(property=poisoned).update(details={})
    assert alerts.tell(NOW) == 2
    assert {mail["to"][0] for mail in post.mails} == MEMBERS
    assert alerts.tell(NOW + HOUR) == 0


def test_what_a_killed_worker_had_taken_on_is_told_two_minutes_later(
    home: Property, members: None, post: Post
) -> None:
    failing(home)
    alerts.watch(NOW)
    Alert.objects.update(telling_until=NOW + alerts.TELLING)
    assert sweep(NOW + MINUTE) == 0
    assert sweep(NOW + 2 * MINUTE) == 2


# Two workers at once


def in_threads(*acts: Callable[[], Any]) -> list[Any]:
    """The acts at the same time, each on a connection of its own; their results."""
    found: list[Any] = [None] * len(acts)

    def run(place: int) -> None:
        try:
            found[place] = acts[place]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


@pytest.fixture
def crowd(transactional_db: None) -> Property:
    """A home of Alice's with forty failing feeds, committed."""
    organization = cast.an_organization()
    cast.a_member(organization, "alice@example.org")
    home = cast.a_property(organization)
    for number in range(40):
        failing(home, number)
    return home


def test_two_workers_at_once_open_one_alert_each_and_send_one_mail(crowd: Property, post: Post) -> None:
    start = threading.Barrier(3)

    def work() -> int:
        start.wait(10)
        return sweep(NOW)

    assert sorted(in_threads(work, work, work)) == [0, 0, 1]
    assert Alert.objects.count() == 40
    assert post.mails[0]["subject"] == "40 things about your calendars"


@pytest.mark.parametrize("is_claimed", [True, False])
def test_it_is_the_claim_that_keeps_a_second_worker_from_writing_the_same(
    crowd: Property, post: Post, settings: Settings, is_claimed: bool
) -> None:
    mail_server(settings, *post.state["address"], patience_s=30)
    post.trouble("slow", seconds=3, for_mails=1)
    alerts.watch(NOW)

    def while_the_first_one_writes() -> int:
        until = time.monotonic() + 20
        while not post.state["attempts"]:
            assert time.monotonic() < until
            time.sleep(0.02)
        if not is_claimed:
            Alert.objects.update(telling_until=None)
        return alerts.tell(NOW)

    assert in_threads(lambda: alerts.tell(NOW), while_the_first_one_writes) == [1, 0 if is_claimed else 1]
    assert len(post.mails) == (1 if is_claimed else 2)


def test_what_is_over_while_somebody_writes_that_it_began_is_told_as_over(
    crowd: Property, post: Post
) -> None:
    alerts.watch(NOW)
    claimed = alerts._claimed(NOW)
    Feed.objects.update(failing_since=None, failures=0, last_good_at=NOW + MINUTE)
    assert sweep(NOW + MINUTE) == 0
    ((organization, mine),) = claimed.items()
    assert alerts._write_to(wishes.members([organization]), mine, NOW + MINUTE) == 1
    assert sweep(NOW + 20 * MINUTE) == 1
    assert sweep(NOW + 40 * MINUTE) == 0
    assert Alert.objects.filter(cleared_at=None).count() == 0


def test_what_comes_back_while_somebody_writes_that_it_is_over_is_told_again(
    crowd: Property, post: Post
) -> None:
    assert sweep(NOW) == 1
    Feed.objects.update(failing_since=None, failures=0, last_good_at=NOW + MINUTE)
    alerts.watch(NOW + 20 * MINUTE)
    ((organization, mine),) = alerts._claimed(NOW + 20 * MINUTE).items()
    Feed.objects.update(failing_since=NOW - HOUR, failures=5)
    alerts.watch(NOW + 21 * MINUTE)
    alerts._write_to(wishes.members([organization]), mine, NOW + 21 * MINUTE)
    assert sweep(NOW + 40 * MINUTE) == 1
    assert Alert.objects.open().exclude(told_at=None).count() == 40


# How it reads


def test_a_mail_has_two_parts_and_a_link_to_what_can_be_done(
    home: Property, members: None, post: Post
) -> None:
    failing(home)
    sweep(NOW)
    (mail, _other) = post.mails
    alert = Alert.objects.get()
    link = f"https://stay.example/properties/alerts/{alert.public_id}/"
    assert link in mail["text"]
    assert f'href="{link}"' in mail["html"]
    assert "What it closed stays closed." in mail["text"]
    headers = dict(mail["headers"])
    assert headers["Content-Type"].startswith("multipart/alternative")
    assert headers["Auto-Submitted"] == "auto-generated"
    assert "secret" not in mail["text"] + mail["html"]


NASTY = 'Flat"><script>alert(1)</script>\r\nBcc: victim@example.org\r\n\r\nHello\u2028there %(home)s'


def test_names_can_neither_add_headers_nor_lines_nor_markup(
    home: Property, members: None, post: Post
) -> None:
    Property.objects.update(name="Casa\r\nBcc: other@example.org")
    failing(home, label=NASTY[:80])
    assert sweep(NOW) == 2
    for mail in post.mails:
        headers = [name for name, _value in mail["headers"]]
        assert "Bcc" not in headers
        assert len(mail["to"]) == 1
        assert "\n" not in mail["subject"]
        assert "<script>" not in mail["html"]
        assert "&lt;script&gt;" in mail["html"]
        assert not any(line.startswith("Bcc:") for line in mail["text"].splitlines())


def test_every_kind_of_alert_has_its_words(home: Property) -> None:
    details = {"feed": "Airbnb", "nights": 1, "closed": 9, "first": "", "second": "Vrbo"}
    details |= {"link": "Airbnb", "since": NOW.isoformat(), "account": "Escapia"}
    details |= {"system": "Escapia", "reason": "The request was refused."}
    dates = {"arrival": "2026-12-10", "departure": "2026-12-12"}
    for kind in Alert.Kind:
        alert = Alert(property=home, kind=kind, details=details | dates)
        for words in (sentences.headline, sentences.advice, sentences.relief):
            assert words(alert)
            assert "%" not in words(alert)


def test_the_workers_task_opens_alerts_and_tells_them(home: Property, members: None, post: Post) -> None:
    failing(home, failing_since=timezone.now() - 2 * HOUR)
    tasks.watch()
    assert len(post.mails) == 2
