"""The status page: counts over everybody, nothing of anybody, and the truth about what isn't known."""

import re
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoDbBlocker

from calendars.models import Alert, Feed, FeedRead, Readership
from pages import vitals
from properties.models import Property
from tests import cast

NOW = cast.NOW
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.delete(vitals.KEY)


def a_line(feed: Feed, outcome: str, at: datetime, until: datetime | None = None, times: int = 1) -> None:
    FeedRead.objects.create(feed=feed, outcome=outcome, at=at, until=until or at, times=times)


def test_without_any_row_it_claims_nothing(db: None) -> None:
    found = vitals.measured(NOW)
    assert (found.calendars, found.links, sum(found.reads.values())) == (0, 0, 0)
    assert (found.overdue, found.age, found.pause, found.last_pull, found.incident) == (None,) * 5
    page = Client().get(reverse("pages:status")).content.decode()
    assert "There is no calendar to read yet" in page
    assert "in time" not in page


def test_reads_are_counted_by_outcome_and_of_a_line_that_began_before_only_its_share(home: Property) -> None:
    feed = cast.a_feed(home)
    a_line(feed, "unchanged", NOW - 34 * HOUR, NOW - 14 * HOUR, times=80)  # the half of it is of the last day
    a_line(feed, "changed", NOW - HOUR)
    a_line(feed, "failed", NOW - 2 * HOUR, NOW - HOUR, times=4)
    a_line(feed, "failed", NOW - 25 * HOUR)
    found = vitals.measured(NOW)
    assert found.reads == {"unchanged": 40, "changed": 1, "failed": 4, "refused": 0, "quarantined": 0}


def test_the_longest_pause_is_never_told_shorter_than_it_was(home: Property) -> None:
    feed = cast.a_feed(home)
    a_line(feed, "changed", NOW - 23 * HOUR)
    assert vitals.measured(NOW).pause is None  # what was before it nobody knows
    a_line(feed, "changed", NOW - 25 * HOUR)
    assert vitals.measured(NOW).pause == 23 * HOUR + MINUTE
    for hours in range(24):
        a_line(feed, "changed", NOW - hours * HOUR - 20 * MINUTE)
    assert vitals.measured(NOW).pause == HOUR + MINUTE
    FeedRead.objects.filter(at=NOW - 5 * HOUR - 20 * MINUTE).delete()
    assert vitals.measured(NOW).pause == 2 * HOUR + MINUTE


def test_delays_leave_out_what_is_not_read_and_what_its_own_site_keeps_from_being_read(
    home: Property,
) -> None:
    late, failing, paused = (cast.a_feed(home, f"https://ics.example/{number}.ics") for number in range(3))
    Feed.objects.filter(pk=late.pk).update(next_poll_at=NOW - 3 * MINUTE, last_good_at=NOW - 18 * MINUTE)
    Feed.objects.filter(pk=failing.pk).update(failures=3, next_poll_at=NOW, last_good_at=NOW - 9 * HOUR)
    Feed.objects.filter(pk=paused.pk).update(paused_at=NOW, next_poll_at=NOW - 90 * HOUR)
    unit = cast.a_unit(home, cast.a_connection(home.organization), next_poll_at=NOW - 50 * HOUR)
    Feed.objects.filter(pk=unit.pk).update(last_good_at=NOW - 50 * HOUR)
    found = vitals.measured(NOW)
    assert (found.calendars, found.failing) == (3, 1)
    assert (found.overdue, found.age) == (3 * MINUTE, 18 * MINUTE)


def test_links_count_as_read_when_somebody_read_them_within_a_day(home: Property) -> None:
    for channel, ago in (("airbnb", HOUR), ("vrbo", 30 * HOUR), ("booking", None)):
        link = cast.an_export(home, channel)
        if ago:
            Readership.objects.create(
                organization_id=home.organization_id, link=link, reader="x", first_at=NOW - 40 * HOUR,
                last_at=NOW - ago, visits=1, gaps=[],
            )  # fmt: skip
    found = vitals.measured(NOW)
    assert (found.links, found.links_read, found.last_pull) == (3, 1, NOW - HOUR)


def test_the_last_incident_is_calendars_that_were_late_together(home: Property) -> None:
    feeds = [cast.a_feed(home, f"https://ics.example/{number}.ics") for number in range(3)]
    starts = (NOW - 50 * HOUR, NOW - 10 * HOUR, NOW - 10 * HOUR + 5 * MINUTE)
    for feed, start in zip(feeds, starts, strict=True):
        Alert.objects.create(
            organization_id=home.organization_id, property=home, feed=feed, kind=Alert.Kind.LATE, key=str(feed.pk),
            opened_at=start, resolved_at=start + HOUR,
        )  # fmt: skip
    incident = vitals.measured(NOW).incident
    assert incident == vitals.Incident(NOW - 10 * HOUR, NOW - 9 * HOUR + 5 * MINUTE, 2)
    Alert.objects.filter(feed=feeds[1]).update(resolved_at=None)
    incident = vitals.measured(NOW).incident
    assert incident is not None
    assert incident.end is None


def test_the_page_tells_counts_and_nothing_of_a_tenant_and_asks_once_a_minute(
    home: Property, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    feed = cast.a_feed(home, label="Alice's")
    link = cast.an_export(home)
    Feed.objects.filter(pk=feed.pk).update(last_good_at=timezone.now(), next_poll_at=timezone.now())
    a_line(feed, "changed", timezone.now())
    client = Client()
    page = unescape(client.get(reverse("pages:status")).content.decode())
    for secret in (home.name, home.organization.name, home.public_id, "Alice", feed.host, link.public_id):
        assert secret not in page
    assert len(re.findall("<h1", page)) == 1
    assert "Calendars are read in time" in page
    with django_assert_num_queries(0):
        assert unescape(client.get(reverse("pages:status")).content.decode()).count("<dl") == page.count(
            "<dl"
        )


def test_it_says_that_reading_is_late(home: Property) -> None:
    feed = cast.a_feed(home)
    Feed.objects.filter(pk=feed.pk).update(next_poll_at=timezone.now() - 3 * HOUR)
    assert "Calendars are read late." in Client().get(reverse("pages:status")).content.decode()


def test_without_a_database_it_says_so_in_the_brand(
    tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock():
        before = dict(connection.settings_dict)
        connection.close()
        connection.settings_dict |= {"HOST": str(tmp_path), "PORT": ""}  # where no server is
        try:
            answer = Client().get(reverse("pages:status"))
        finally:
            connection.close()
            connection.settings_dict.update(before)
    page = unescape(answer.content.decode())
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "Our database doesn't answer" in page
    assert 'class="brand"' in page
