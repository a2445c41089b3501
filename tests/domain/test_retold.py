"""Several calendars tell of one home: each guest once, and two guests on one night twice."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.retold import MOST, Told, shown_once
from domain.spans import Period, Span, nights_in

FIRST = date(2026, 12, 1)
HOURS = Period(datetime(2026, 12, 1, 15, tzinfo=UTC), datetime(2026, 12, 5, 9, tzinfo=UTC))


def nights(start: int, end: int) -> Span:
    return Span(FIRST + timedelta(start), FIRST + timedelta(end))


def site(
    start: int,
    end: int,
    source: str = "airbnb",
    *,
    repeats: bool = False,
    stay: bool = True,
    hours: Period | None = None,
) -> Told:
    return Told(f"{source} {start}", source, nights(start, end), stay, repeats, hours)


def manager(start: int, end: int, hours: Period | None = None) -> Told:
    return site(start, end, "manager", repeats=True, hours=hours)


def seen(*told: Told, closed: tuple[Span, ...] = ()) -> list[tuple[str, int, int]]:
    return sorted(
        (one.name.split()[0], (one.nights.start - FIRST).days, (one.nights.end - FIRST).days)
        for one in shown_once(told, closed)
    )


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ([site(0, 4), manager(0, 4)], [("airbnb", 0, 4)]),
        ([manager(0, 4), site(0, 4)], [("airbnb", 0, 4)]),
        ([manager(0, 7), site(0, 4), site(4, 7, "vrbo")], [("airbnb", 0, 4), ("vrbo", 4, 7)]),
        ([manager(0, 7), site(0, 4)], [("airbnb", 0, 4), ("manager", 4, 7)]),
        ([manager(0, 4), manager(0, 4)], [("manager", 0, 4)]),
        ([manager(0, 4), site(0, 7, "booking", repeats=True)], [("booking", 4, 7), ("manager", 0, 4)]),
    ],
)
def test_one_stay_is_shown_once(told: list[Told], wanted: list[tuple[str, int, int]]) -> None:
    assert seen(*told) == wanted


def test_two_guests_on_one_night_are_both_shown_whole() -> None:
    assert seen(site(0, 4), site(0, 4, "vrbo")) == [("airbnb", 0, 4), ("vrbo", 0, 4)]
    assert seen(site(0, 4), site(1, 3, "vrbo")) == [("airbnb", 0, 4), ("vrbo", 1, 3)]
    assert seen(site(0, 4), manager(2, 6)) == [("airbnb", 0, 4), ("manager", 2, 6)]


def test_what_is_only_closed_is_shown_where_nobody_stays_and_once() -> None:
    closures = site(0, 9, "vrbo", stay=False), site(2, 9, "google", stay=False)
    assert seen(site(2, 4), *closures, closed=(nights(8, 9),)) == [
        ("airbnb", 2, 4), ("vrbo", 0, 2), ("vrbo", 4, 8)
    ]  # fmt: skip


def test_hours_are_told_by_whichever_calendar_knows_them() -> None:
    (shown,) = shown_once([site(0, 4), manager(0, 4, HOURS)])
    assert (shown.name, shown.hours) == ("airbnb 0", HOURS)
    whole, rest = shown_once([site(0, 4), manager(0, 7, HOURS)])
    assert (whole.hours, rest.hours) == (None, None)


told = st.builds(
    lambda n, start, length, source, stay, repeats: Told(
        str(n), source, nights(start, start + length), stay, repeats
    ),
    st.integers(), st.integers(0, 20), st.integers(1, 8), st.sampled_from("abc"), st.booleans(), st.booleans(),
)  # fmt: skip


@given(st.lists(told, max_size=9, unique_by=lambda one: one.name))
def test_no_night_is_lost_and_none_added(items: list[Told]) -> None:
    shown = shown_once(items)
    assert nights_in(one.nights for one in shown) == nights_in(one.nights for one in items)
    by_name = {one.name: one.nights for one in items}
    assert all(one.nights.clip(by_name[one.name]) == one.nights for one in shown)


def test_more_than_anybody_has_is_shown_as_it_is() -> None:
    items = [Told(str(n), "a", nights(0, 4), is_stay=True) for n in range(MOST + 1)]
    assert len(shown_once(items)) == MOST + 1
