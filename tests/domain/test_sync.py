"""The rules of reading a feed (design §7): additions at once, removals confirmed, never freer than it may be."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import Event, Kind
from domain.ics import Reading, State
from domain.spans import NIGHT, Period, Span, nights_in
from domain.sync import Claim, Missing, Plan, Rules, freed, next_poll, plan

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
TODAY = NOW.date()
HALF_HOUR, HOUR = timedelta(minutes=30), timedelta(hours=1)
INSTANT = timedelta.resolution
RULES = Rules()
TEN = (20, 30)  # nights far off, beside which one or two that vanish are no mass removal
TWENTY = (20, 40)


def nights(start: int, end: int) -> frozenset[date]:
    """The nights from `start` to `end` days after today."""
    return frozenset(TODAY + timedelta(days=day) for day in range(start, end))


def event(
    start: int, end: int, *, kind: Kind = Kind.RESERVATION, uid: str = "", summary: str = "Reserved"
) -> Event:
    span = Span(TODAY + timedelta(days=start), TODAY + timedelta(days=end))
    return Event(uid or f"{start}-{end}", kind, summary, span.start, span.end, span, None)


def reading(*stays: tuple[int, int] | Event, state: State = State.OK) -> Reading:
    return Reading(state, tuple(stay if isinstance(stay, Event) else event(*stay) for stay in stays))


class Feed:
    """A feed's claims through several reads."""

    def __init__(self, *stays: tuple[int, int] | Event, yielding: frozenset[Kind] = frozenset()) -> None:
        self.yielding = yielding
        self.claims: tuple[Claim, ...] = ()
        self.read(reading(*stays), timedelta(0))

    def read(self, found: Reading, after: timedelta, *, rules: Rules = RULES) -> Plan:
        """The plan of a reading so long after the first one."""
        now = NOW + after
        made = plan(self.claims, found, now=now, today=now.date(), rules=rules, yielding=self.yielding)
        self.claims = made.claims
        return made

    @property
    def nights(self) -> frozenset[date]:
        return nights_in(claim.nights for claim in self.claims if claim.nights)


def seen(feed: Feed, stays: Iterable[tuple[int, int]], *minutes: int) -> Plan:
    """The plan of the last of several equal reads."""
    made = None
    for after in minutes:
        made = feed.read(reading(*stays), timedelta(minutes=after))
    assert made is not None
    return made


def test_new_nights_are_closed_at_the_first_reading() -> None:
    made = Feed().read(reading((10, 13)), HOUR)
    assert (made.closed, made.opened, made.held) == (nights(10, 13), frozenset(), frozenset())
    assert [claim.nights for claim in made.claims] == [Span(TODAY + 10 * NIGHT, TODAY + 13 * NIGHT)]


def test_a_reading_that_says_the_same_changes_nothing() -> None:
    feed = Feed((10, 13), TEN)
    before = feed.claims
    made = feed.read(reading((10, 13), TEN), HOUR)
    assert (made.closed, made.opened, made.held, made.confirm_at) == (
        frozenset(),
        frozenset(),
        frozenset(),
        None,
    )
    assert made.claims == before


def test_a_night_that_vanishes_waits_and_the_plan_says_until_when() -> None:
    made = seen(Feed((10, 12), TWENTY), [TWENTY], 15)
    assert (made.held, made.opened) == (nights(10, 12), frozenset())
    assert made.confirm_at == NOW + timedelta(minutes=45)
    assert nights(10, 12) <= nights_in(claim.nights for claim in made.claims if claim.nights)


@pytest.mark.parametrize(("wait", "opens"), [(HALF_HOUR - INSTANT, False), (HALF_HOUR, True)])
def test_two_agreeing_reads_half_an_hour_apart_open_a_night(wait: timedelta, opens: bool) -> None:
    feed = Feed((10, 12), TWENTY)
    feed.read(reading(TWENTY), HOUR)
    made = feed.read(reading(TWENTY), HOUR + wait)
    assert made.opened == (nights(10, 12) if opens else frozenset())
    assert (nights(10, 12) <= feed.nights) is not opens


def test_one_reading_never_opens_a_night_however_late_it_comes() -> None:
    made = Feed((10, 12), TWENTY).read(reading(TWENTY), timedelta(hours=100))
    assert (made.held, made.opened) == (nights(10, 12), frozenset())


def test_a_night_that_comes_back_starts_its_wait_anew() -> None:
    feed = Feed((10, 12), TWENTY)
    seen(feed, [TWENTY], 10)
    assert seen(feed, [(10, 12), TWENTY], 20).held == frozenset()
    assert seen(feed, [TWENTY], 45).held == nights(10, 12)
    assert seen(feed, [TWENTY], 75).opened == nights(10, 12)


@pytest.mark.parametrize(
    ("gone", "rest", "why"),
    [
        ((10, 14), (20, 60), "more than three nights"),
        ((10, 13), (20, 31), "three of fourteen are over 20 %"),
        ((10, 11), (20, 23), "one of four is over 20 %"),
        ((6, 7), (20, 40), "begins within seven days"),
        ((6, 9), (20, 40), "begins within seven days, though it ends later"),
        ((0, 1), (20, 40), "tonight"),
    ],
)
def test_a_removal_in_mass_or_soon_waits_four_hours_and_three_reads(
    gone: tuple[int, int], rest: tuple[int, int], why: str
) -> None:
    feed = Feed(gone, rest)
    assert seen(feed, [rest], 15, 60, 254).opened == frozenset(), why
    assert seen(feed, [rest], 255).opened == nights(*gone), why


@pytest.mark.parametrize(
    ("gone", "rest"),
    [((10, 13), (20, 32)), ((10, 11), (20, 24)), ((7, 8), (20, 40))],
    ids=["three of fifteen are 20 %", "one of five is 20 %", "begins in exactly seven days"],
)
def test_a_removal_just_below_the_limits_waits_half_an_hour(
    gone: tuple[int, int], rest: tuple[int, int]
) -> None:
    assert seen(Feed(gone, rest), [rest], 15, 45).opened == nights(*gone)


def test_a_feed_that_goes_empty_is_a_mass_removal_even_of_one_night() -> None:
    feed = Feed((30, 31))
    assert seen(feed, [], 15, 60, 254).opened == frozenset()
    assert seen(feed, [], 255).opened == nights(30, 31)


def test_a_mass_removal_needs_the_third_read_also_after_four_hours() -> None:
    feed = Feed((30, 40))
    assert seen(feed, [], 0, 300).opened == frozenset()
    assert seen(feed, [], 301).opened == nights(30, 40)


def test_only_the_run_that_begins_soon_waits_longer() -> None:
    feed = Feed((3, 4), (50, 52), TWENTY)
    made = seen(feed, [TWENTY], 15, 45)
    assert (made.opened, made.held) == (nights(50, 52), nights(3, 4))
    assert made.confirm_at == NOW + timedelta(minutes=255)


def test_a_removal_that_began_in_mass_is_not_hurried_by_bookings_that_come_in() -> None:
    feed = Feed((30, 32), (50, 52))
    seen(feed, [(50, 52)], 15)
    made = seen(feed, [(50, 52), (60, 70)], 30, 45)
    assert made.opened == frozenset(), "half of the feed vanished; that it grew since is no confirmation"


def test_a_removal_that_began_in_mass_is_not_hurried_by_nights_that_come_back() -> None:
    feed = Feed((40, 42), (50, 53), TEN)
    seen(feed, [TEN], 15)
    made = seen(feed, [(50, 53), TEN], 45)
    assert (made.opened, made.held) == (frozenset(), nights(40, 42)), (
        "the feed has just shown that it is faulty"
    )


def test_a_degraded_reading_frees_nothing_and_closes_what_it_names() -> None:
    feed = Feed((10, 12), TWENTY)
    made = feed.read(reading((50, 52), state=State.DEGRADED), timedelta(hours=50))
    assert (made.closed, made.opened) == (nights(50, 52), frozenset())
    assert made.held == nights(10, 12) | nights(*TWENTY)
    assert made.confirm_at is None


def test_a_degraded_reading_counts_for_nothing() -> None:
    feed = Feed((10, 12), TWENTY)
    bad = reading(TWENTY, state=State.DEGRADED)
    for hours in (1, 2, 3):
        assert feed.read(bad, hours * HOUR).opened == frozenset()
    assert feed.read(reading(TWENTY), 4 * HOUR).opened == frozenset()
    assert feed.read(reading(TWENTY), 4 * HOUR + HALF_HOUR).opened == nights(10, 12)


def test_a_degraded_reading_does_not_open_what_two_early_reads_agreed_on() -> None:
    feed = Feed((10, 12), TWENTY)
    seen(feed, [TWENTY], 15, 20)
    assert feed.read(reading(TWENTY, state=State.DEGRADED), HOUR).opened == frozenset()


def test_the_waits_are_those_of_the_installation() -> None:
    feed = Feed((30, 40))
    quick = Rules(wait=timedelta(seconds=10), long_wait=timedelta(seconds=30))
    for second in (0, 15):
        assert feed.read(reading(), timedelta(seconds=second), rules=quick).opened == frozenset()
    assert feed.read(reading(), timedelta(seconds=30), rules=quick).opened == nights(30, 40)


def test_past_nights_are_never_held_and_never_opened() -> None:
    feed = Feed((-3, 0), (20, 22))
    made = seen(feed, [(20, 22)], 15, 60)
    assert (made.held, made.opened) == (frozenset(), frozenset())
    assert nights(-3, 0) <= feed.nights


def test_a_running_stay_that_is_clipped_to_today_keeps_its_past_nights() -> None:
    feed = Feed(event(-2, 3, uid="stay"), TEN)
    made = feed.read(reading(event(0, 3, uid="changed-by-the-clip"), TEN), HOUR)
    assert (made.closed, made.opened, made.held) == (frozenset(), frozenset(), frozenset())
    running = [claim for claim in feed.claims if claim.nights and TODAY in claim.nights]
    assert [claim.nights for claim in running] == [Span(TODAY - 2 * NIGHT, TODAY + 3 * NIGHT)]


def test_history_is_kept_for_four_hundred_days() -> None:
    feed = Feed(TEN)
    feed.read(reading((150, 151)), timedelta(days=50))
    feed.read(reading((150, 151)), timedelta(days=429))
    assert nights(29, 30) <= feed.nights
    feed.read(reading((150, 151)), timedelta(days=431))
    assert nights(20, 31).isdisjoint(feed.nights)


@pytest.mark.parametrize(
    "later",
    [event(10, 14, uid="10-13"), event(11, 13, uid="another")],
    ids=["the same uid", "another uid on the same nights"],
)
def test_a_claim_keeps_the_time_its_nights_were_first_closed(later: Event) -> None:
    feed = Feed((10, 13), TEN)
    feed.read(reading(later, TEN), HOUR)
    assert {claim.since for claim in feed.claims if claim.uid == later.uid} == {NOW}


def test_a_new_booking_is_closed_since_now() -> None:
    feed = Feed(TEN)
    feed.read(reading((50, 52), TEN), HOUR)
    assert {claim.since for claim in feed.claims if claim.uid == "50-52"} == {NOW + HOUR}


def test_hours_that_a_sound_reading_no_longer_names_go_and_a_degraded_one_keeps_them() -> None:
    period = Period(NOW + 10 * HOUR, NOW + 12 * HOUR)
    cleaning = Event("cleaning", Kind.HOURS, "Cleaning", period.start, period.end, None, period)
    feed = Feed(cleaning, TEN)
    feed.read(reading(TEN, state=State.DEGRADED), HOUR)
    assert [claim.uid for claim in feed.claims if claim.period] == ["cleaning"]
    feed.read(reading(TEN), 2 * HOUR)
    assert [claim.uid for claim in feed.claims if claim.period] == []


def test_the_hosts_click_opens_what_waits_and_nothing_else() -> None:
    feed = Feed((10, 12), TWENTY)
    seen(feed, [TWENTY], 15)
    made = freed(feed.claims)
    assert made.opened == nights(10, 12)
    assert nights_in(claim.nights for claim in made.claims if claim.nights) == nights(*TWENTY)
    assert all(claim.missing is None for claim in made.claims)


def test_the_hosts_click_leaves_a_night_that_another_claim_still_names() -> None:
    span = Span(TODAY + 10 * NIGHT, TODAY + 12 * NIGHT)
    waiting = Claim("a", Kind.BLOCK, "", span, None, NOW, Missing(NOW, 1))
    named = Claim("b", Kind.BLOCK, "", Span(TODAY + 11 * NIGHT, TODAY + 13 * NIGHT), None, NOW)
    made = freed([waiting, named])
    assert (made.opened, made.claims) == (nights(10, 11), (named,))


STAYS = st.lists(
    st.tuples(st.integers(-5, 40), st.integers(1, 6)).map(lambda stay: (stay[0], sum(stay))), max_size=6
)


@given(STAYS, STAYS, st.sampled_from([State.OK, State.DEGRADED]), st.integers(0, 600))
def test_a_plan_accounts_for_every_night(
    first: list[tuple[int, int]], second: list[tuple[int, int]], state: State, minutes: int
) -> None:
    feed = Feed(*first)
    before, named = feed.nights, reading(*second).nights
    made = feed.read(reading(*second, state=state), timedelta(minutes=minutes))
    ahead = {night for night in before if night >= (NOW + timedelta(minutes=minutes)).date()}
    assert feed.nights == (before | named) - made.opened
    assert made.held == (ahead - named) - made.opened
    assert named <= feed.nights


QUARTER = timedelta(minutes=15)
DAY = timedelta(hours=24)
SEEDS = st.integers(0, 2**32)
FAILURES = st.integers(0, 40)
INTERVALS = st.timedeltas(timedelta(minutes=1), timedelta(hours=6))


def pause(**options: object) -> timedelta:
    return next_poll(NOW, **{"interval": QUARTER, **options}) - NOW  # type: ignore[arg-type]  # options of the test


@given(SEEDS, INTERVALS)
def test_a_healthy_feed_is_read_once_per_interval_give_or_take_a_tenth(
    seed: int, interval: timedelta
) -> None:
    assert abs(pause(seed=seed, interval=interval) - interval) <= interval / 10


def test_feeds_of_the_same_interval_are_spread() -> None:
    assert len({pause(seed=seed) for seed in range(1024)}) > 1000


def test_each_failure_doubles_the_pause_up_to_an_hour() -> None:
    middle = 512  # the seed without jitter
    found = [pause(failures=count, seed=middle) / timedelta(minutes=1) for count in range(1, 10)]
    assert found == [15, 15, 20, 40, 60, 60, 60, 60, 60]
    assert pause(failures=1000, seed=middle) == timedelta(minutes=60)


@given(
    SEEDS, FAILURES, INTERVALS, st.none() | st.integers(0, 10**7), st.none() | st.integers(-(10**4), 10**5)
)
def test_the_next_read_is_always_ahead_and_within_a_day(
    seed: int, failures: int, interval: timedelta, retry_after: int | None, confirm: int | None
) -> None:
    confirm_at = None if confirm is None else NOW + timedelta(seconds=confirm)
    options = {
        "failures": failures,
        "interval": interval,
        "retry_after": retry_after,
        "confirm_at": confirm_at,
    }
    assert timedelta(0) < pause(seed=seed, **options) <= DAY


@given(SEEDS, FAILURES, st.integers(0, 10**6))
def test_retry_after_only_lengthens_the_pause(seed: int, failures: int, seconds: int) -> None:
    asked = timedelta(seconds=seconds)
    without = pause(seed=seed, failures=failures)
    assert pause(seed=seed, failures=failures, retry_after=seconds) == min(max(without, asked), DAY)


@given(SEEDS, st.integers(1, 890))
def test_a_night_that_waits_is_confirmed_as_soon_as_it_may_be_and_not_before(seed: int, seconds: int) -> None:
    due = timedelta(seconds=seconds)
    assert due <= pause(seed=seed, confirm_at=NOW + due) <= due * 1.1


@given(SEEDS, st.integers(900, 10**5))
def test_a_confirmation_further_off_than_the_interval_never_delays_a_read(seed: int, seconds: int) -> None:
    assert pause(seed=seed, confirm_at=NOW + timedelta(seconds=seconds)) <= QUARTER * 1.1


def test_a_failing_feed_is_not_hurried_by_a_night_that_waits() -> None:
    assert pause(failures=6, seed=512, confirm_at=NOW + timedelta(minutes=1)) == timedelta(minutes=60)


AROUND = frozenset({Kind.PREPARATION, Kind.GAP})


def test_a_night_that_only_a_sellable_entry_still_closes_is_a_removal_like_any_other() -> None:
    feed = Feed((50, 52), TEN, yielding=AROUND)
    block = event(50, 52, kind=Kind.PREPARATION)
    assert feed.read(reading(block, TEN), HALF_HOUR).held == nights(50, 52)
    made = feed.read(reading(block, TEN), 2 * HALF_HOUR)
    assert (made.opened, made.held) == (nights(50, 52), frozenset())
    assert [
        claim.yields for claim in made.claims if claim.nights and claim.nights.start == TODAY + 50 * NIGHT
    ] == [True]


def test_a_sellable_night_that_gets_booked_closes_at_once() -> None:
    feed = Feed(event(20, 21, kind=Kind.GAP), yielding=AROUND)
    made = feed.read(reading((20, 21)), HALF_HOUR)
    assert made.closed == nights(20, 21)
    assert not any(claim.yields for claim in made.claims)


def test_a_sellable_night_that_leaves_the_feed_leaves_at_once() -> None:
    feed = Feed(event(50, 51, kind=Kind.GAP), TEN, yielding=AROUND)
    made = feed.read(reading(TEN), HALF_HOUR)
    assert (feed.nights, made.held) == (nights(*TEN), frozenset())


def test_reading_the_same_again_changes_no_claim_also_of_sellable_nights() -> None:
    entries = event(-2, 1, kind=Kind.PREPARATION), event(-5, 3), event(9, 11)
    feed = Feed(*entries, yielding=AROUND)
    before = sorted(map(repr, feed.claims))
    feed.read(reading(*entries), HALF_HOUR)
    assert sorted(map(repr, feed.claims)) == before
