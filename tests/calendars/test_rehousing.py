"""A host changes a property's times: nights, hours, lost nights and exports are true by the new ones at the commit."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from pytest_django import Settings

from accounts.models import Organization
from calendars import leases, ledger, polling, rehousing
from calendars.models import Alert, Block, Feed
from domain.events import Kind
from domain.house import House
from domain.spans import NIGHT, Period, Span, nights_in
from properties.models import Property
from tests import cast
from tests.cast import NOW, TODAY, nights
from tests.conftest import read
from tests.stories.lookalikes import Site, airbnb_reserved
from tests.stories.test_an_export import nights_of

MADRID, CANARY, AUCKLAND = (
    ZoneInfo(f"{name}") for name in ("Europe/Madrid", "Atlantic/Canary", "Pacific/Auckland")
)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
USUAL = House(MADRID, time(15), time(11), 240)
DAY = TODAY + 10 * NIGHT


@pytest.fixture
def google(settings: Settings) -> Iterator[Site]:
    with Site("google") as site:
        yield site


def timed(start: datetime, end: datetime, uid: str = "event") -> str:
    """An entry from instant to instant, as Google writes it."""
    lines = (f"DTSTART:{start:%Y%m%dT%H%M%SZ}", f"DTEND:{end:%Y%m%dT%H%M%SZ}", f"UID:{uid}", "SUMMARY:Busy")
    return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])


def local(day: date, hour: float, house: House = USUAL) -> datetime:
    return house.instant(day, time()) + hour * HOUR


def rehouse(home: Property, house: House, now: datetime = NOW) -> None:
    with ledger.changing(home, now) as change:
        rehousing.rehouse(change, house)


def sold_hours(home: Property, period: Period, lost: Span | None = None, reference: str = "marta") -> Block:
    with ledger.changing(home, NOW) as change:
        ledger.hold(change, lost, hours=period, until=NOW + HOUR, reference=reference)
        return ledger.confirm(change, reference)


def martas_stay(home: Property) -> list[tuple[date, date]]:
    """The three nights before, which another site has sold her, as the merged calendar shows them."""
    cast.an_import(cast.a_feed(home, "https://www.vrbo.com/icalendar/1.ics"), Span(DAY - 3 * NIGHT, DAY))
    return cast.busy(home)


def conflicts() -> list[Alert]:
    return list(Alert.objects.open().filter(kind=Alert.Kind.CONFLICT))


# What a site closes


def test_hours_close_the_nights_that_they_reach_by_the_new_times(home: Property, google: Site) -> None:
    google.says(timed(local(DAY, 12), local(DAY, 16)))
    feed = google.feed(home)
    rehouse(home, House(MADRID, time(16), time(11), 240))
    read(feed, NOW)
    assert cast.busy(home) == []
    rehouse(home, House(MADRID, time(15), time(13), 240), NOW + HOUR)
    assert cast.busy(home) == [(DAY - NIGHT, DAY + NIGHT)]
    assert Block.objects.get().kind == Kind.BLOCK
    assert ledger.differences(home) == []


def test_a_night_that_new_times_no_longer_close_waits_for_reads_that_agree(
    home: Property, google: Site
) -> None:
    google.says(timed(local(DAY, 12), local(DAY, 16)), timed(local(DAY, 24 * 5), local(DAY, 24 * 15), "long"))
    feed = google.feed(home)
    read(feed, NOW)
    before = cast.busy(home)
    rehouse(home, House(MADRID, time(17), time(11), 240), NOW + MINUTE)
    feed.refresh_from_db()
    assert (cast.busy(home), feed.held_nights) == (before, 1)
    for minutes in (2, 33):
        read(feed, NOW + minutes * MINUTE)
    assert DAY not in nights_in(Span(*run) for run in cast.busy(home))


def test_stays_by_date_stay_where_they_are_and_mean_the_new_times(home: Property, google: Site) -> None:
    google.says(airbnb_reserved(nights(10, 3)))
    feed = google.feed(home)
    read(feed, NOW)
    block = Block.objects.get()
    house = House(CANARY, time(17), time(10), 60)
    rehouse(home, house)
    assert Block.objects.get() == block
    stay = Block.objects.get().claim
    assert (stay.nights, stay.period) == (nights(10, 3), None)
    assert ledger.diary(home, nights(9, 5)).next_arrival(DAY) == house.instant(DAY, time(17))


def test_a_new_reading_after_the_change_changes_nothing_where_the_zone_is_the_same(
    home: Property, google: Site
) -> None:
    google.says(timed(local(DAY, 12), local(DAY, 15.5)), timed(local(DAY, 60), local(DAY, 24 * 6), "long"))
    feed = google.feed(home)
    rehouse(home, House(MADRID, time(16), time(12), 240))
    read(feed, NOW)
    rehouse(home, House(MADRID, time(14), time(10), 240), NOW + MINUTE)
    found = list(Block.objects.order_by("pk").values("pk", "nights", "period", "missing_since"))
    line = read(feed, NOW + 2 * MINUTE)
    assert list(Block.objects.order_by("pk").values("pk", "nights", "period", "missing_since")) == found
    assert (line.closed, line.opened, line.held) == (0, 0, 0)


def test_the_next_read_takes_nothing_for_unchanged_and_nothing_is_fresh_until_then(
    home: Property, google: Site
) -> None:
    google.head = ('ETag: "1"',)
    google.says(airbnb_reserved(nights(10, 3)), airbnb_reserved(nights(20, 9), guest="other"))
    feed = google.feed(home)
    for minutes in (0, 15):
        read(feed, NOW + minutes * MINUTE)
    assert google.asked_with == [None, '"1"']
    rehouse(home, House(MADRID, time(16), time(11), 240), NOW + HOUR)
    rehouse(home, USUAL, NOW + HOUR)  # back again, as it was read
    feed.refresh_from_db()
    assert (feed.last_good_at, feed.next_poll_at) == (None, NOW + HOUR)
    assert leases.claim_due(NOW + HOUR)[1] == [feed.pk]
    Feed.objects.update(lease_until=None)
    read(feed, NOW + HOUR)
    assert google.asked_with == [None, '"1"', None]
    assert feed.last_good_at == NOW + HOUR


def test_another_turnaround_leaves_the_reads_as_they_are(home: Property, google: Site) -> None:
    google.says(airbnb_reserved(nights(10, 3)))
    feed = google.feed(home)
    read(feed, NOW)
    known = Feed.objects.values().get()
    rehouse(home, House(MADRID, time(15), time(11), 60))
    assert Feed.objects.values().get() == known


def test_who_reads_by_the_old_times_writes_nothing_any_more(home: Property, google: Site) -> None:
    google.says(timed(local(DAY, 12), local(DAY, 16)))
    feed = google.feed(home)
    lease, ids = leases.claim_these([feed.pk], NOW)
    rehouse(home, House(MADRID, time(17), time(11), 240))
    assert polling.read(ids, lease, NOW) == []
    assert not Block.objects.exists()


# What guests were sold


def test_a_sale_keeps_the_hours_that_were_told_on_the_clock_of_the_home(home: Property) -> None:
    block = sold_hours(home, Period(local(DAY, 11), local(DAY, 13)))
    rehouse(home, House(CANARY, time(15), time(11), 240))
    block.refresh_from_db()
    assert (block.period.lower, block.period.upper) == (
        datetime(DAY.year, DAY.month, DAY.day, 11, tzinfo=CANARY),
        datetime(DAY.year, DAY.month, DAY.day, 13, tzinfo=CANARY),
    )
    rehouse(home, House(CANARY, time(16), time(10), 60))
    again = Block.objects.get()
    assert (again.period, again.side, again.reference) == (block.period, "leaving", "marta")


def test_sales_one_after_the_other_move_together_whichever_way(home: Property) -> None:
    house = House(MADRID, time(11), time(11), 0)
    rehouse(home, house)
    for start in range(0, 9, 3):
        with ledger.changing(home, NOW) as change:
            ledger.hold(change, nights(start + 5, 3), until=NOW + HOUR, reference=f"sale {start}")
            ledger.confirm(change, f"sale {start}")
    for zone in (AUCKLAND, CANARY, MADRID):
        rehouse(home, House(zone, time(11), time(11), 0))
        assert [block.period.lower for block in Block.objects.order_by("nights")] == [
            home.house.stay(nights(start + 5, 3)).start for start in range(0, 9, 3)
        ]
        assert ledger.differences(home) == []


def test_the_night_that_sold_hours_make_impossible_is_lost_and_told_by_the_new_times(
    home: Property, client: Client
) -> None:
    rehouse(home, House(MADRID, time(15), time(11), 60))
    export, stay = cast.an_export(home), martas_stay(home)
    sold_hours(home, Period(local(DAY, 11), local(DAY, 14)))
    assert cast.busy(home) == stay
    rehouse(home, House(MADRID, time(15), time(11), 120), NOW + MINUTE)
    assert cast.busy(home) == [(DAY - 3 * NIGHT, DAY + NIGHT)]
    assert nights_of(client.get(cast.path_of(export)).content) == [(DAY, DAY + NIGHT)]
    rehouse(home, House(MADRID, time(15), time(11), 60), NOW + 2 * MINUTE)
    assert cast.busy(home) == stay
    assert nights_of(client.get(cast.path_of(export)).content) == []


def test_a_night_that_was_sold_with_hours_stays_closed_here_and_there_when_it_would_be_possible_again(
    home: Property, client: Client
) -> None:
    export, ((arrival, _),) = cast.an_export(home), martas_stay(home)
    lost = Span(DAY, DAY + NIGHT)
    sold_hours(home, Period(local(DAY, 11), local(DAY, 13)), lost)
    rehouse(home, House(MADRID, time(15), time(11), 0))
    assert cast.busy(home) == [(arrival, lost.end)]
    assert nights_of(client.get(cast.path_of(export)).content) == [(lost.start, lost.end)]


def test_a_lost_night_that_a_site_reads_back_stays_in_the_export_that_it_reads(
    home: Property, client: Client, google: Site
) -> None:
    export = cast.an_export(home)
    martas_stay(home)
    feed = google.feed(home)
    read(feed, NOW)
    lost = Span(DAY, DAY + NIGHT)
    sold_hours(home, Period(local(DAY, 11), local(DAY, 13)), lost)
    google.says(airbnb_reserved(lost))
    read(feed, NOW + MINUTE)
    assert feed.echo_spans == (lost,)
    assert nights_of(client.get(cast.path_of(export)).content) == [(lost.start, lost.end)]
    assert conflicts() == []


def test_a_sale_that_new_times_bring_into_conflict_is_an_alert_in_the_same_commit(home: Property) -> None:
    rehouse(home, House(MADRID, time(15), time(11), 60))
    cast.an_import(cast.a_feed(home), Span(DAY, DAY + 3 * NIGHT))
    sold_hours(home, Period(local(DAY, 11), local(DAY, 14)))
    assert conflicts() == []
    rehouse(home, House(MADRID, time(14), time(11), 60), NOW + MINUTE)
    (alert,) = conflicts()
    assert alert.opened_at == NOW + MINUTE
    rehouse(home, House(MADRID, time(15), time(11), 60), NOW + 2 * MINUTE)
    assert conflicts() == []


def test_two_sales_that_a_skipped_hour_would_throw_together_refuse_the_zone_and_change_nothing(
    home: Property,
) -> None:
    utc = House(ZoneInfo("UTC"), time(15), time(11), 0)
    rehouse(home, utc)
    night = date(2027, 3, 28)  # in Madrid there is no 2:30
    for reference, start, end in (("one", 1, 2.75), ("two", 3, 4)):
        sold = sold_hours(home, Period(local(DAY, 11, utc), local(DAY, 13, utc)), reference=reference)
        Block.objects.filter(pk=sold.pk).update(period=(local(night, start, utc), local(night, end, utc)))
    known = list(Block.objects.order_by("pk").values())
    with pytest.raises(rehousing.Entangled):
        rehouse(home, House(MADRID, time(15), time(11), 0))
    assert list(Block.objects.order_by("pk").values()) == known
    assert Property.objects.get().time_zone == "UTC"


# The lock


def test_under_the_lock_a_property_has_its_present_times_whenever_it_was_fetched(home: Property) -> None:
    stale = Property.objects.get(pk=home.pk)
    house = House(CANARY, time(17), time(9), 30)
    rehouse(home, house)
    assert stale.house == USUAL
    with ledger.changing(stale, NOW) as change:
        block = ledger.hold(change, nights(5), until=NOW + HOUR, reference="marta")
        assert stale.house == house
    stay = house.stay(nights(5))
    assert (block.period.lower, block.period.upper) == (stay.start, stay.end)


def test_times_that_are_not_committed_have_changed_nothing(home: Property) -> None:
    sold_hours(home, Period(local(DAY, 11), local(DAY, 13)))
    known = list(Block.objects.values())
    with pytest.raises(ZeroDivisionError), ledger.changing(home, NOW) as change:
        rehousing.rehouse(change, House(CANARY, time(17), time(9), 30))
        raise ZeroDivisionError
    assert list(Block.objects.values()) == known
    assert Property.objects.get().house == USUAL


QUARTERS = st.integers(0, 95).map(lambda quarters: time(quarters // 4, quarters % 4 * 15))


@st.composite
def houses(draw: st.DrawFn) -> House:
    out, comes = sorted((draw(QUARTERS), draw(QUARTERS)))
    return House(
        draw(st.sampled_from([MADRID, CANARY, AUCKLAND])), comes, out, draw(st.sampled_from([0, 60, 240]))
    )


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(houses(), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 200)), max_size=4),
    st.lists(st.tuples(st.integers(0, 9), st.integers(4, 20)), max_size=2),
)
def test_after_any_change_a_recomputation_finds_no_difference_and_no_night_of_before_is_open(
    organization: Organization,
    times: list[House],
    imports: list[tuple[int, int]],
    late: list[tuple[int, int]],
) -> None:
    _walk(cast.a_property(organization), times, imports, late)


def _walk(
    home: Property, times: list[House], imports: list[tuple[int, int]], late: list[tuple[int, int]]
) -> None:
    feed = cast.a_feed(home)
    cast.an_export(home)
    for hour, length in imports:
        period = Period(NOW + hour * HOUR, NOW + (hour + length) * HOUR)
        span = USUAL.nights_of(period)
        cast.an_import(feed, span or nights(1), uid=f"{hour} {length}", period=(period.start, period.end))
    for day, quarters in late:
        start = local(TODAY + day * NIGHT, 11)
        try:
            sold_hours(home, Period(start, start + quarters * HOUR / 4), reference=f"late {day} {quarters}")
        except ledger.NightsTaken:
            continue
    for house in times:
        before = nights_in(block.span for block in Block.objects.filter(property=home) if block.span)
        rehouse(home, house)
        assert ledger.differences(home) == []
        busy = nights_in(Span(*run) for run in cast.busy(home))
        assert before <= busy
        for block in Block.objects.filter(property=home, missing_since=None).exclude(period=None):
            reached = house.nights_of(Period(block.period.lower, block.period.upper))
            assert reached is None or set(reached.nights()) <= busy
