from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.board import Board, Place, lanes
from domain.spans import Span

FIRST = date(2026, 12, 1)
BOARD = Board(FIRST, 60)
days = st.integers(-20, 80).map(lambda number: FIRST + timedelta(days=number))
spans = st.builds(lambda start, length: Span(start, start + timedelta(days=length)), days, st.integers(1, 30))
places = st.builds(Place, st.integers(0, 40), st.integers(1, 12))


def halves(place: Place | None) -> set[int]:
    return set(range(place.start, place.start + place.count)) if place else set()


@given(spans)
def test_a_stay_takes_the_afternoon_it_begins_with_and_the_morning_it_ends_with(nights: Span) -> None:
    taken = {2 * (night - FIRST).days + half for night in nights.nights() for half in (1, 2)}
    place = BOARD.place(nights)
    assert halves(place) == {half for half in taken if 0 <= half < 120}
    if place:
        assert place.comes_in == (nights.start < FIRST)
        assert place.goes_on == (nights.end >= FIRST + timedelta(days=60))


@given(spans, spans)
def test_two_stays_that_share_no_night_share_no_column(one: Span, other: Span) -> None:
    if not one.overlaps(other):
        assert not halves(BOARD.place(one)) & halves(BOARD.place(other))


def test_the_half_of_a_day_is_one_column_beside_the_other() -> None:
    assert BOARD.hours(FIRST, morning=True) == Place(0, 1)
    assert BOARD.hours(FIRST + timedelta(days=1), morning=False) == Place(3, 1)
    assert BOARD.hours(FIRST - timedelta(days=1), morning=True) is None


@given(st.lists(places, max_size=12))
def test_what_lies_in_one_lane_shares_no_column_and_no_lane_is_wasted(found: list[Place]) -> None:
    given_lanes = lanes(found)
    for (one, lane), (other, second) in combinations(zip(found, given_lanes, strict=True), 2):
        assert lane != second or not halves(one) & halves(other)
    busiest = max((sum(half in halves(place) for place in found) for half in range(60)), default=0)
    assert len(set(given_lanes)) == busiest


def test_a_board_without_days_is_refused() -> None:
    with pytest.raises(ValueError, match="one day at least"):
        Board(FIRST, 0)
