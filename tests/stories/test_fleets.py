"""Many feeds: claimed once, spread over time, and written down without a word too many."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from calendars import leases, polling, verdicts
from calendars.models import Feed, FeedRead
from properties.models import Property
from tests import cast
from tests.conftest import Listing, Simulator, read

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
Outcome = FeedRead.Outcome


@pytest.fixture
def now() -> datetime:
    """Noon: a feed is read whole again when its home's day ends, which starts a new line of the log."""
    return timezone.now().replace(hour=12)


@pytest.fixture
def feeds(home: Property, now: datetime) -> list[Feed]:
    """Thirty feeds that are due, the last one since longest."""
    return [
        cast.a_feed(
            home, f"https://www.airbnb.com/calendar/ical/{number}.ics", next_poll_at=now - number * MINUTE
        )
        for number in range(30)
    ]


# Claims


def test_a_claim_takes_as_many_as_it_may_those_first_that_wait_longest(
    feeds: list[Feed], now: datetime
) -> None:
    taken = [set(leases.claim_due(now, 12)[1]) for _ in range(4)]
    assert [len(each) for each in taken] == [12, 12, 6, 0]
    assert taken[0] == {feed.pk for feed in feeds[-12:]}


def test_what_must_be_read_alone_is_claimed_one_by_one(feeds: list[Feed], now: datetime) -> None:
    Feed.objects.update(attempts=1)
    assert leases.claim_due(now)[1] == []
    taken = [leases.claim_suspect(now)[1] for _ in range(len(feeds) + 1)]
    assert [len(each) for each in taken] == [1] * len(feeds) + [0]
    assert len({pk for each in taken for pk in each}) == len(feeds)


def test_feeds_of_archived_homes_are_passed_over_and_stand_in_nobodys_way(
    feeds: list[Feed], settings: Settings, now: datetime
) -> None:
    other = cast.a_property(cast.an_organization("Others"))
    feed = cast.a_feed(other, next_poll_at=now)  # last in the line
    Property.objects.exclude(pk=other.pk).update(archived_at=now)
    assert leases.claim_due(now, 5)[1] == [feed.pk]
    assert leases.claim_due(now, 5)[1] == []
    assert leases.due(now, 100) == (0, False)
    Property.objects.update(archived_at=None)
    again = now + settings.POLL_INTERVAL
    assert set(leases.claim_due(again)[1]) == {feed.pk for feed in feeds}


@pytest.mark.django_db(transaction=True)
def test_workers_that_claim_at_the_same_moment_share_the_feeds_among_them(
    feeds: list[Feed], now: datetime
) -> None:
    taken: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        while ids := leases.claim_due(now, 2)[1]:
            taken.extend(ids)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken) == sorted(feed.pk for feed in feeds)


def test_what_is_due_is_counted_up_to_what_can_be_read_and_suspects_are_told_apart(
    feeds: list[Feed], now: datetime
) -> None:
    assert leases.due(now, 20) == (20, False)
    assert leases.due(now - 25 * MINUTE, 20) == (5, False)
    Feed.objects.filter(pk=feeds[0].pk).update(attempts=1)
    assert leases.due(now, 100) == (29, True)
    leases.claim_suspect(now)
    leases.claim_due(now)
    assert leases.due(now, 100) == (0, False)


@contextmanager
def plans() -> Iterator[list[str]]:
    """How PostgreSQL would do what is asked of it in the context, as it says itself."""
    asked: list[tuple[str, Any]] = []
    found: list[str] = []

    def note(execute: Callable[..., object], sql: str, params: object, many: bool, context: object) -> object:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found
    with connection.cursor() as cursor:
        for sql, params in asked:
            cursor.execute(f"EXPLAIN {sql}", params)
            found.append("\n".join(line for (line,) in cursor.fetchall()))


def test_claims_and_counts_look_only_at_what_is_due(home: Property, now: datetime) -> None:
    later = now + 10 * HOUR
    copies = [
        Feed(**{**_columns(home), "url_digest": str(number), "next_poll_at": later}) for number in range(3000)
    ]
    Feed.objects.bulk_create(copies)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE calendars_feed")
    with plans() as of_claim:
        leases.claim_due(now)
    with plans() as of_suspect:
        leases.claim_suspect(now)
    with plans() as of_count:
        leases.due(now, 100)
    assert "feed_due" in of_claim[0]
    assert "feed_suspect" in of_suspect[0]
    assert all(index in of_count[0] for index in ("feed_due", "feed_suspect"))
    assert not any("Seq Scan on calendars_feed" in plan for plan in (*of_claim, *of_suspect, *of_count))


def _columns(home: Property) -> dict[str, object]:
    return {
        "organization_id": home.organization_id,
        "property": home,
        "channel": "airbnb",
        "url": "https://www.airbnb.com/calendar/ical/1.ics",
        "host": "www.airbnb.com",
        "created_at": cast.NOW,
    }


# Schedule


def test_feeds_that_were_read_together_are_read_again_one_after_the_other(
    home: Property, simulator: Simulator, settings: Settings, now: datetime
) -> None:
    for number in range(40):
        cast.a_feed(
            home, f"http://airbnb.localhost:{simulator.port}/bench/{number}.ics?events=1", next_poll_at=now
        )
    lease, ids = leases.claim_due(now)
    assert len(polling.read(ids, lease, now)) == 40
    pauses = [at - now for at in Feed.objects.values_list("next_poll_at", flat=True) if at]
    assert len(set(pauses)) > 30
    assert max(pauses) - min(pauses) > settings.POLL_INTERVAL / 10
    assert min(pauses) >= settings.POLL_INTERVAL * 0.9
    assert max(pauses) <= settings.POLL_INTERVAL * 1.1


# The log


@pytest.fixture
def steady(home: Property, listing: Callable[..., Listing], now: datetime) -> tuple[Feed, Listing]:
    """A feed that was read once."""
    place = listing("airbnb")
    place.book(*cast.stay_of(home, 10, 12))
    feed = cast.a_feed(home, place.export_url)
    read(feed, now)
    return feed, place


def log(feed: Feed) -> list[tuple[str, int, datetime, datetime]]:
    return list(feed.reads.order_by("at", "pk").values_list("outcome", "times", "at", "until"))


def test_reads_without_news_are_counted_on_one_line(steady: tuple[Feed, Listing], now: datetime) -> None:
    feed, _ = steady
    for minutes in (15, 30, 45):
        line = read(feed, now + minutes * MINUTE)
    quiet = (Outcome.UNCHANGED, 3, now + 15 * MINUTE, now + 45 * MINUTE)
    assert log(feed) == [(Outcome.CHANGED, 1, now, now), quiet]
    assert (line.outcome, line.times, line.at, line.until) == quiet


def test_news_and_trouble_end_the_line(home: Property, steady: tuple[Feed, Listing], now: datetime) -> None:
    feed, place = steady
    read(feed, now + 1 * MINUTE)
    place.book(*cast.stay_of(home, 20, 22))
    read(feed, now + 2 * MINUTE)
    read(feed, now + 3 * MINUTE)
    place.fault("server_error", for_reads=1)
    read(feed, now + 4 * MINUTE)
    read(feed, now + 5 * MINUTE)
    read(feed, now + 6 * MINUTE)
    told = [(outcome, times) for outcome, times, _, _ in log(feed)]
    assert told[:4] == [
        (Outcome.CHANGED, 1),
        (Outcome.UNCHANGED, 1),
        (Outcome.CHANGED, 1),
        (Outcome.UNCHANGED, 1),
    ]
    assert told[4] == (Outcome.FAILED, 1)
    assert {outcome for outcome, _ in told[5:]} == {Outcome.UNCHANGED}
    assert sum(times for _, times in told) == 7


def test_a_line_counts_the_reads_of_a_day_at_most(steady: tuple[Feed, Listing], now: datetime) -> None:
    feed, _ = steady
    for hours in (1, 23, 26, 27):
        read(feed, now + hours * HOUR)
    quiet = [line for line in log(feed) if line[0] == Outcome.UNCHANGED]
    assert sum(times for _, times, _, _ in quiet) == 4
    assert len(quiet) >= 2
    assert all(until - at < verdicts.LONGEST_LINE for _, _, at, until in quiet)


def test_a_line_that_was_pruned_is_begun_anew(steady: tuple[Feed, Listing], now: datetime) -> None:
    feed, _ = steady
    read(feed, now + MINUTE)
    FeedRead.objects.all().delete()
    read(feed, now + 2 * MINUTE)
    read(feed, now + 3 * MINUTE)
    assert log(feed) == [(Outcome.UNCHANGED, 2, now + 2 * MINUTE, now + 3 * MINUTE)]


REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON calendars_feedread FOR EACH ROW WHEN (NEW.outcome = 'changed')
EXECUTE FUNCTION refuse();
"""


@pytest.mark.django_db(transaction=True)
def test_no_night_changes_without_the_line_that_says_so(
    home: Property, steady: tuple[Feed, Listing], now: datetime
) -> None:
    feed, place = steady
    before = cast.busy(home)
    place.book(*cast.stay_of(home, 20, 22))
    with connection.cursor() as cursor:
        cursor.execute(REFUSE)
        try:
            lease, ids = leases.claim_these([feed.pk], now + MINUTE)
            assert polling.read(ids, lease, now + MINUTE) == []
        finally:
            cursor.execute("DROP TRIGGER refuse ON calendars_feedread; DROP FUNCTION refuse()")
    assert cast.busy(home) == before
    lease, ids = leases.claim_suspect(now + HOUR)
    (line,) = polling.read(ids, lease, now + HOUR)
    assert (line.outcome, line.closed) == (Outcome.CHANGED, 2)
    assert len(cast.busy(home)) == 2
