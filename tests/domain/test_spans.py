"""The arithmetic of nights, held against plain sets of days."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.spans import NIGHT, Period, Span, free_from, gaps, merge, nights_in, runs

FIRST = date(2028, 2, 20)  # a leap day and a month's end are within reach
DAYS = st.integers(0, 40).map(lambda offset: FIRST + timedelta(days=offset))
SPANS = st.builds(lambda start, count: Span(start, start + timedelta(days=count)), DAYS, st.integers(1, 9))
LISTS = st.lists(SPANS, max_size=8)


def days(*spans: Span) -> set[date]:
    """The nights of the spans, counted one by one."""
    found = set()
    for span in spans:
        night = span.start
        while night < span.end:
            found.add(night)
            night += timedelta(days=1)
    return found


def apart(spans: tuple[Span, ...]) -> bool:
    """Whether the spans stand in order with at least one night between any two."""
    return all(left.end < right.start for left, right in pairwise(spans))


def test_a_span_of_no_night_cannot_be_made() -> None:
    for end in (FIRST, FIRST - NIGHT):
        with pytest.raises(ValueError, match="at least one night"):
            Span(FIRST, end)


def test_a_span_holds_the_arrival_night_and_not_the_departure_day() -> None:
    span = Span(date(2026, 12, 30), date(2027, 1, 2))
    assert list(span.nights()) == [date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1)]
    assert (len(span), span.start in span, span.end in span) == (3, True, False)


def test_a_leap_year_has_the_night_of_29_february_and_others_do_not() -> None:
    assert len(Span(date(2028, 2, 28), date(2028, 3, 1))) == 2
    assert len(Span(date(2027, 2, 28), date(2027, 3, 1))) == 1


@given(SPANS, SPANS)
def test_two_spans_overlap_when_they_share_a_night(left: Span, right: Span) -> None:
    assert left.overlaps(right) == bool(days(left) & days(right)) == right.overlaps(left)


def test_a_departure_on_the_day_of_an_arrival_is_no_overlap() -> None:
    left, right = Span(FIRST, FIRST + 3 * NIGHT), Span(FIRST + 3 * NIGHT, FIRST + 5 * NIGHT)
    assert not left.overlaps(right)
    assert merge([right, left]) == (Span(FIRST, FIRST + 5 * NIGHT),)


@given(LISTS)
def test_merging_keeps_exactly_the_same_nights(spans: list[Span]) -> None:
    assert days(*merge(spans)) == days(*spans)


@given(LISTS)
def test_merged_spans_are_in_order_disjoint_and_as_long_as_they_can_be(spans: list[Span]) -> None:
    assert apart(merge(spans))


@given(LISTS, st.randoms())
def test_merging_again_or_in_another_order_changes_nothing(spans: list[Span], order: Random) -> None:
    shuffled = list(spans)
    order.shuffle(shuffled)
    assert merge(merge(spans)) == merge(spans) == merge(shuffled)


@given(LISTS, SPANS)
def test_gaps_and_busy_nights_tile_the_window(busy: list[Span], window: Span) -> None:
    free = gaps(busy, window)
    assert days(*free) == days(window) - days(*busy)
    assert apart(free)


@given(SPANS, LISTS)
def test_a_span_minus_others_is_what_no_other_holds(span: Span, others: list[Span]) -> None:
    left = span.minus(others)
    assert days(*left) == days(span) - days(*others)
    assert apart(left)


@given(SPANS, SPANS)
def test_clipping_keeps_the_nights_inside_the_window(span: Span, window: Span) -> None:
    clipped = span.clip(window)
    assert (days(clipped) if clipped else set()) == days(span) & days(window)


@given(st.sets(DAYS))
def test_loose_nights_are_gathered_into_maximal_runs(nights: set[date]) -> None:
    found = runs(nights)
    assert nights_in(found) == nights
    assert apart(found)


@given(LISTS)
def test_nights_in_counts_each_night_once(spans: list[Span]) -> None:
    assert nights_in(spans) == days(*spans)


@given(DAYS, LISTS, st.integers(1, 12))
def test_free_nights_from_a_day_end_at_the_first_taken_one_or_the_limit(
    day: date, busy: list[Span], limit: int
) -> None:
    taken, count = days(*busy), 0
    while count < limit and day + timedelta(days=count) not in taken:
        count += 1
    assert free_from(day, busy, limit) == (Span(day, day + timedelta(days=count)) if count else None)


def test_a_period_is_made_of_aware_instants_and_lasts() -> None:
    noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    with pytest.raises(ValueError, match="aware"):
        Period(noon.replace(tzinfo=None), noon)
    with pytest.raises(ValueError, match="empty"):
        Period(noon, noon)


def test_periods_that_only_touch_do_not_overlap() -> None:
    noon, hour = datetime(2026, 12, 1, 12, tzinfo=UTC), timedelta(hours=1)
    assert not Period(noon, noon + hour).overlaps(Period(noon + hour, noon + 2 * hour))
    assert Period(noon, noon + hour).overlaps(Period(noon + hour - timedelta.resolution, noon + 2 * hour))
