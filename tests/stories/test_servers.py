"""Servers and feeds that misbehave cost the others nothing, and are asked again in their time."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from calendars import leases, polling, sentences, visits
from calendars.models import Feed, FeedRead, Server
from connectors import sandbox
from connectors.sandbox import Sandbox
from domain.pace import FEEDS_THAT_TRIP, PROBE_EVERY
from properties.models import Property
from tests import cast
from tests.conftest import Listing, read
from tests.workers import within

Open = Callable[..., Listing]

MINUTE = timedelta(minutes=1)
LOST = leases.LEASE + timedelta(seconds=1)
SLOW_S = 3  # what a slow server takes to answer


def a_turn(now: datetime, most: int = leases.BATCH) -> list[FeedRead]:
    """The lines of what a worker reads that takes what is due at the instant."""
    lease, ids = leases.claim_due(now, most)
    return polling.read(ids, lease, now)


def a_turn_alone(now: datetime) -> list[FeedRead]:
    """The lines of a worker that takes one of the feeds that are read alone."""
    lease, ids = leases.claim_suspect(now)
    return polling.read(ids, lease, now)


def who(lines: list[FeedRead]) -> set[int]:
    return {line.feed_id for line in lines}


def asked(place: Listing) -> object:
    """How often the listing's calendar was fetched."""
    reads = place.state()["feed_reads"]
    assert isinstance(reads, dict)
    return reads["count"]


def said(feed: Feed) -> str:
    """The sentence that the host reads at the feed, "" when all is well; its columns are fresh afterwards."""
    feed.refresh_from_db()
    return sentences.sentence(feed.problem)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def crowd(home: Property, listing: Open, now: datetime) -> Callable[..., dict[Feed, Listing]]:
    """Opens listings on one channel, each followed by a feed that is due at once."""

    def open_all(count: int, channel: str = "airbnb", **columns: object) -> dict[Feed, Listing]:
        places = [listing(channel) for _ in range(count)]
        return {
            cast.a_feed(home, place.export_url, **{"next_poll_at": now, **columns}): place for place in places
        }

    return open_all


# A server that is down


@pytest.fixture
def down(crowd: Callable[..., dict[Feed, Listing]], now: datetime) -> dict[Feed, Listing]:
    """Ten feeds of one server; all of them have just failed."""
    feeds = crowd(FEEDS_THAT_TRIP)
    for place in feeds.values():
        place.fault("server_error")
    assert {line.outcome for line in a_turn(now)} == {FeedRead.Outcome.FAILED}
    return feeds


def test_ten_feeds_that_fail_in_a_row_shut_their_server_and_no_other(
    down: dict[Feed, Listing], crowd: Callable[..., dict[Feed, Listing]], now: datetime
) -> None:
    waiting, elsewhere = crowd(3), crowd(2, "vrbo")
    assert who(a_turn(now + MINUTE)) == {feed.pk for feed in elsewhere}
    for feed, place in waiting.items():
        assert "Many calendars at airbnb.localhost can't be read" in said(feed)
        assert (feed.failing_since, feed.last_read_at, feed.attempts) == (now + MINUTE, None, 0)
        assert feed.next_poll_at is not None
        assert now + PROBE_EVERY <= feed.next_poll_at < now + PROBE_EVERY + MINUTE
        assert asked(place) == 0
    assert a_turn(now + 2 * MINUTE) == []


def test_nine_feeds_that_fail_shut_nothing(crowd: Callable[..., dict[Feed, Listing]], now: datetime) -> None:
    for place in crowd(FEEDS_THAT_TRIP - 1).values():
        place.fault("server_error")
    a_turn(now)
    healthy = crowd(1)
    assert who(a_turn(now + MINUTE)) >= {feed.pk for feed in healthy}


def test_a_shut_server_is_tried_with_one_feed_after_five_minutes_and_opened_by_its_success(
    down: dict[Feed, Listing], now: datetime
) -> None:
    probe = now + PROBE_EVERY
    Feed.objects.update(next_poll_at=probe)
    assert [line.outcome for line in a_turn(probe)] == [FeedRead.Outcome.FAILED]
    Feed.objects.update(next_poll_at=probe)
    assert a_turn(probe + PROBE_EVERY - MINUTE) == []
    for place in down.values():
        place.fault("none")
    again = probe + PROBE_EVERY
    Feed.objects.update(next_poll_at=again)
    assert [line.outcome for line in a_turn(again)] == [FeedRead.Outcome.UNCHANGED]
    Feed.objects.update(next_poll_at=again)
    assert who(a_turn(again + MINUTE)) == {feed.pk for feed in down}
    assert {said(feed) for feed in down} == {""}
    assert not Feed.objects.exclude(failing_since=None).exists()


def test_a_link_that_leads_nowhere_is_not_its_servers_fault(home: Property, now: datetime) -> None:
    for number in range(FEEDS_THAT_TRIP + 2):
        cast.a_feed(home, f"https://10.0.0.7/{number}.ics", next_poll_at=now)
    a_turn(now)
    assert list(Server.objects.values_list("failing", "shut_until")) == [([], None)]


def test_somebody_who_waits_is_served_at_once_even_by_a_shut_server(
    down: dict[Feed, Listing], now: datetime
) -> None:
    feed, place = next(iter(down.items()))
    place.fault("none")
    lease, ids = leases.claim_these([feed.pk], now + MINUTE)
    (line,) = polling.read(ids, lease, now + MINUTE, somebody_waits=True)
    assert line.outcome == FeedRead.Outcome.UNCHANGED
    assert said(feed) == ""


def test_a_server_that_asks_for_rest_is_left_alone_as_long_as_it_says(
    crowd: Callable[..., dict[Feed, Listing]], now: datetime
) -> None:
    (first,) = crowd(1).values()
    first.fault("too_many", retry_after=600)
    a_turn(now)
    waiting, elsewhere = crowd(2), crowd(1, "vrbo")
    assert who(a_turn(now + 9 * MINUTE)) == {feed.pk for feed in elsewhere}
    assert all(said(feed) for feed in waiting)
    assert who(a_turn(now + 11 * MINUTE)) >= {feed.pk for feed in waiting}
    assert {said(feed) for feed in waiting} == {""}


# The pace of a server that is well


def test_the_pace_of_a_server_holds_over_all_batches_and_nobody_is_told(
    crowd: Callable[..., dict[Feed, Listing]], settings: Settings, now: datetime
) -> None:
    settings.READS_PER_SECOND_AND_SERVER = 2  # so that ten may be read at once
    feeds, elsewhere = crowd(14), crowd(1, "vrbo")
    first = a_turn(now, 7)
    second = a_turn(now, 8)
    assert (len(first), len(second)) == (7, 4)
    assert who(second) >= {feed.pk for feed in elsewhere}
    late = [feed for feed in feeds if feed.pk not in who(first) | who(second)]
    assert len(late) == 4
    for feed in late:
        assert said(feed) == ""
        assert (feed.failing_since, feed.attempts) == (None, 0)
        assert feed.next_poll_at is not None
        assert now <= feed.next_poll_at < now + timedelta(seconds=5)
    assert who(a_turn(now + timedelta(seconds=5))) == {feed.pk for feed in late}


def test_what_waits_for_its_server_is_read_as_soon_as_the_pace_allows(
    crowd: Callable[..., dict[Feed, Listing]], settings: Settings, now: datetime
) -> None:
    settings.READS_PER_SECOND_AND_SERVER = 1  # so that five may be read at once
    feeds = crowd(20)
    second = 0
    while Feed.objects.filter(last_read_at=None).exists():
        at = now + timedelta(seconds=second, milliseconds=1)
        while ids := (claim := leases.claim_due(at, 4))[1]:
            polling.read(ids, claim[0], at)
        second += 1
    assert second <= len(feeds)


# A server that hangs


@pytest.mark.django_db(transaction=True)
def test_a_feed_that_is_slow_to_come_delays_no_other_verdict(
    crowd: Callable[..., dict[Feed, Listing]], now: datetime
) -> None:
    quick, slow = crowd(5), crowd(1)
    (place,) = slow.values()
    place.fault("slow", seconds=SLOW_S)

    def work() -> None:
        a_turn(now)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    assert within(lambda: Feed.objects.exclude(last_good_at=None).count() == len(quick))
    assert worker.is_alive()
    assert Feed.objects.exclude(lease_token=None).get() in slow
    worker.join()
    assert Feed.objects.exclude(last_good_at=None).count() == len(quick) + 1


def test_a_turn_ends_although_a_server_hangs_and_gives_back_what_it_did_not_come_to(
    crowd: Callable[..., dict[Feed, Listing]], monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(polling, "TURN_S", 1.0)
    feeds = crowd(8)
    for place in feeds.values():
        place.fault("slow", seconds=SLOW_S)
    read_first = who(a_turn(now))
    assert 0 < len(read_first) <= 2  # a server is asked for two calendars at a time
    assert {(feed.lease_token, feed.attempts) for feed in Feed.objects.all()} == {(None, 0)}
    assert set(leases.claim_due(now)[1]) == {feed.pk for feed in feeds} - read_first


# A calendar that can't be read, and a worker that dies


@pytest.fixture
def stubborn(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Calendars with a guest named Endless are never read to their end; patience is short."""
    box = Sandbox(module="tests.stories.stubborn_child")
    monkeypatch.setattr(sandbox, "_kept", SimpleNamespace(sandbox=box))
    monkeypatch.setattr(polling, "PATIENCE_S", 1.0)
    monkeypatch.setattr(polling, "LONGEST_S", 2.0)
    yield
    box.close()


def test_a_calendar_that_hangs_its_reader_is_set_aside_and_tried_again_alone_after_six_hours(
    stubborn: None, home: Property, crowd: Callable[..., dict[Feed, Listing]], now: datetime
) -> None:
    (bad, place), *good = crowd(4, "vrbo").items()
    stay = cast.stay_of(home, 10, 13)
    place.book(*stay)
    a_turn(now)
    assert cast.busy(home) == [stay]
    endless = place.book(*cast.stay_of(home, 20, 22), guest="Endless")
    Feed.objects.update(next_poll_at=now + MINUTE)

    assert who(a_turn(now + MINUTE)) == {feed.pk for feed, _ in good}
    bad.refresh_from_db()
    assert (bad.attempts, bad.quarantined_at, said(bad)) == (1, None, "")
    assert leases.claim_due(now + MINUTE)[1] == []

    (line,) = a_turn_alone(now + MINUTE)
    assert (line.feed_id, line.outcome) == (bad.pk, FeedRead.Outcome.QUARANTINED)
    assert "took more than 2 seconds" in said(bad)
    assert (bad.quarantined_at, bad.failing_since) == (now + MINUTE, now + MINUTE)
    assert cast.busy(home) == [stay]

    later = now + MINUTE + visits.QUARANTINE
    assert a_turn_alone(later - MINUTE) == []
    place.cancel(endless)
    (line,) = a_turn_alone(later)
    assert (line.feed_id, line.outcome) == (bad.pk, FeedRead.Outcome.UNCHANGED)
    assert said(bad) == ""
    assert (bad.quarantined_at, bad.attempts) == (None, 0)
    assert cast.busy(home) == [stay]


def test_calendars_that_take_long_are_read_in_turns_and_cost_the_others_one_turn_each_at_most(
    stubborn: None,
    crowd: Callable[..., dict[Feed, Listing]],
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
) -> None:
    monkeypatch.setattr(polling, "GROUP_S", 0.5)
    bad, good = crowd(3, "vrbo"), crowd(3, "vrbo")
    for place in bad.values():
        place.book(*cast.stay_of(next(iter(bad)).property, 20, 22), guest="Endless")
    done: set[int] = set()
    healthy = {feed.pk for feed in good}
    for _ in range(2 * len(bad)):
        done |= who(a_turn(now))
        late = Feed.objects.filter(last_read_at=None)
        assert {(feed.lease_token, feed.attempts) for feed in late} <= {(None, 0)}
        if healthy <= done:
            break
    assert done == healthy
    assert {feed.attempts for feed in Feed.objects.filter(pk__in=[feed.pk for feed in bad])} <= {0, 1}


def test_three_lost_leases_set_a_feed_aside_without_asking_its_server_again(
    crowd: Callable[..., dict[Feed, Listing]], now: datetime
) -> None:
    ((feed, place),) = crowd(1).items()
    lost = now
    assert leases.claim_due(lost)[1] == [feed.pk]
    for _ in range(leases.MOST_ATTEMPTS - 1):
        lost += LOST
        assert leases.claim_due(lost)[1] == []
        assert leases.claim_suspect(lost)[1] == [feed.pk]
    lost += LOST
    (line,) = a_turn_alone(lost)
    assert (line.outcome, asked(place)) == (FeedRead.Outcome.QUARANTINED, 0)
    assert "several times without an answer" in said(feed)
    assert feed.next_poll_at == lost + visits.QUARANTINE
    (line,) = a_turn_alone(lost + visits.QUARANTINE)
    assert line.outcome == FeedRead.Outcome.UNCHANGED
    assert (said(feed), feed.attempts, feed.quarantined_at) == ("", 0, None)


def test_the_feeds_of_a_killed_workers_batch_are_cleared_one_by_one(
    crowd: Callable[..., dict[Feed, Listing]], now: datetime
) -> None:
    feeds = {feed.pk for feed in crowd(3)}
    assert set(leases.claim_due(now)[1]) == feeds
    later = now + LOST
    assert a_turn(later) == []
    cleared = [who(a_turn_alone(later)) for _ in feeds]
    assert [len(each) for each in cleared] == [1, 1, 1]
    assert set.union(*cleared) == feeds
    assert a_turn_alone(later) == []
    assert who(a_turn(later + timedelta(hours=1))) == feeds


def test_a_feed_under_suspicion_stays_so_when_its_server_has_no_time_for_it(
    down: dict[Feed, Listing], crowd: Callable[..., dict[Feed, Listing]], now: datetime
) -> None:
    (feed,) = crowd(1)
    leases.claim_due(now)
    later = now + LOST
    assert a_turn_alone(later) == []
    assert "Many calendars" in said(feed)
    assert feed.attempts == 1
    assert a_turn(later + PROBE_EVERY) == [] or feed.pk not in who(a_turn(later + PROBE_EVERY))


# A guest who may be about to buy


def test_a_guest_who_looks_has_the_feeds_read_sooner_and_more_often(
    home: Property, crowd: Callable[..., dict[Feed, Listing]], settings: Settings, now: datetime
) -> None:
    (feed,) = crowd(1)
    a_turn(now)
    polling.quicken(home.pk, now + timedelta(hours=1), now + MINUTE)
    feed.refresh_from_db()
    assert feed.next_poll_at == now + settings.POLL_INTERVAL_QUICK
    (line,) = a_turn(feed.next_poll_at)
    feed.refresh_from_db()
    assert feed.next_poll_at is not None
    assert feed.next_poll_at - line.until < settings.POLL_INTERVAL / 2
    after = now + timedelta(hours=2)
    Feed.objects.update(next_poll_at=after)
    read(feed, after)
    assert feed.next_poll_at - after > settings.POLL_INTERVAL / 2


def test_a_guest_who_looks_again_and_again_changes_nothing_for_half_an_hour(
    home: Property, crowd: Callable[..., dict[Feed, Listing]], now: datetime
) -> None:
    (feed,) = crowd(1)
    a_turn(now)

    def looks(minutes: int) -> tuple[datetime | None, datetime | None]:
        at = now + minutes * MINUTE
        polling.quicken(home.pk, at + timedelta(hours=1), at)
        feed.refresh_from_db()
        return feed.quick_until, feed.next_poll_at

    first = looks(0)
    assert first[0] == now + timedelta(hours=1)
    assert [looks(minutes) for minutes in (1, 10, 29)] == [first] * 3
    assert looks(31)[0] == now + 91 * MINUTE


def test_a_guest_who_looks_hurries_no_feed_that_is_failing(
    home: Property, down: dict[Feed, Listing], now: datetime
) -> None:
    before = dict(Feed.objects.values_list("pk", "next_poll_at"))
    polling.quicken(home.pk, now + timedelta(hours=1), now)
    assert dict(Feed.objects.values_list("pk", "next_poll_at")) == before
