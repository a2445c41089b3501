"""What a loop check says of a channel, for everything that may have been found."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.loops import LONGEST, READING, Heard, Sight, Verdict, Way, due, read_back, written

SINCE = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
DUE = SINCE + timedelta(hours=4)


def after(minutes: int) -> datetime:
    return SINCE + timedelta(minutes=minutes)


GOOD = Heard(good_at=after(1), last_good_at=after(1))
BAD = Heard()


def sight(**found: object) -> Sight:
    values = {"since": SINCE, "at": after(10), "due": DUE, "feeds": (GOOD,), **found}
    return Sight(**values)  # type: ignore[arg-type]  # the tests name what they mean


READ = {"read_at": after(5)}
LATE = {"at": DUE}
ENDED = {"is_over": True}


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ({}, Verdict.WAITING),
        (READ, Verdict.BOTH),
        (READ | {"feeds": ()}, Verdict.IMPORTS_US),
        (READ | {"feeds": (BAD,)}, Verdict.WAITING),
        (READ | LATE | {"feeds": (BAD,)}, Verdict.IMPORTS_US),
        (READ | ENDED | {"feeds": (BAD,)}, Verdict.UNKNOWN),
        (READ | LATE | {"feeds": (GOOD, BAD)}, Verdict.IMPORTS_US),
        (READ | {"feeds": (replace(BAD, is_paused=True),)}, Verdict.IMPORTS_US),
        (LATE, Verdict.EXPORTS_TO_US),
        (ENDED, Verdict.UNKNOWN),
        (ENDED | LATE, Verdict.EXPORTS_TO_US),
        (ENDED | {"strangers": ("Vrbo",)}, Verdict.EXPORTS_TO_US),
        ({"has_link": False}, Verdict.EXPORTS_TO_US),
        ({"elsewhere": True}, Verdict.EXPORTS_TO_US),
        ({"strangers": ("Vrbo",)}, Verdict.WAITING),
        (LATE | {"strangers": ("Vrbo",)}, Verdict.EXPORTS_TO_US),
        (LATE | {"feeds": ()}, Verdict.NEITHER),
        (LATE | {"feeds": (BAD,)}, Verdict.NEITHER),
        ({"has_link": False, "feeds": (BAD,)}, Verdict.WAITING),
    ],
)
def test_both_ways_make_one_verdict(found: dict[str, object], verdict: Verdict) -> None:
    assert sight(**found).verdict is verdict


instants = st.integers(0, 60 * 60).map(after)
heards = st.builds(
    Heard,
    good_at=st.none() | instants,
    last_good_at=st.none() | instants,
    echo_at=st.none() | instants,
    is_paused=st.booleans(),
    anyway=st.booleans(),
)
sights = st.builds(
    Sight,
    since=st.just(SINCE),
    at=instants,
    due=instants,
    is_over=st.booleans(),
    has_link=st.booleans(),
    read_at=st.none() | instants,
    elsewhere=st.booleans(),
    feeds=st.lists(heards, max_size=3).map(tuple),
)


@given(sights)
def test_what_is_over_or_late_waits_for_nothing(any_sight: Sight) -> None:
    ended = replace(any_sight, is_over=True)
    assert ended.verdict is not Verdict.WAITING
    assert ended.is_settled
    last = max(any_sight.due, SINCE + READING, any_sight.read_at or SINCE) + READING
    assert replace(any_sight, at=last).is_settled


@given(sights, instants)
def test_a_way_that_was_found_open_stays_open(any_sight: Sight, later: datetime) -> None:
    for way in ("imports", "exports"):
        if getattr(any_sight, way) is Way.OPEN:
            assert getattr(replace(any_sight, at=later, is_over=True), way) is Way.OPEN


@given(sights)
def test_a_closed_loop_needs_both_a_read_of_ours_and_a_good_read_of_theirs(any_sight: Sight) -> None:
    if any_sight.verdict is Verdict.BOTH:
        assert any_sight.has_link
        assert any_sight.read_at
        assert any_sight.feeds
        assert all(feed.good_at for feed in any_sight.feeds)


def test_once_a_channel_has_the_mark_its_calendar_is_looked_at_again() -> None:
    read_before, read_after = sight(**READ), sight(**READ, feeds=(replace(GOOD, last_good_at=after(6)),))
    assert (read_before.verdict, read_before.is_settled) == (Verdict.BOTH, False)
    assert read_after.is_settled
    assert sight(**READ, feeds=(replace(GOOD, anyway=True),)).is_settled  # nothing can be told by it


@given(st.timedeltas(timedelta(), timedelta(days=400)))
def test_no_check_lasts_longer_than_two_days(slow: timedelta) -> None:
    assert due(SINCE, slow) == SINCE + min(slow, LONGEST)


@given(sights)
def test_a_sight_that_was_written_down_is_read_back_as_it_was(found: Sight) -> None:
    assert read_back(json.loads(json.dumps(written(found)))) == found
