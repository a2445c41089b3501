"""What a hostile calendar costs: counted in calls, days and events, which are the same on every machine."""

import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from types import CodeType
from zoneinfo import ZoneInfo

import pytest

from domain.house import House
from domain.ics import Reading, State, Window, read
from domain.prescan import MOST_EVENTS
from domain.recurrence import MOST_PER_FEED, MOST_PER_SERIES
from domain.rrule import MOST_EFFORT, CannotExpand, Effort, parse
from tests.domain.hostile_feeds import (
    EVERY_MONTHDAY,
    FEW_BYTES,
    HOSTILE_FEEDS,
    MANY_BYTES,
    NEVER,
    TIMED,
    many,
)

TODAY = date(2026, 11, 21)
WINDOW = Window(TODAY - timedelta(30), TODAY + timedelta(730))
DAYS = (WINDOW.end - WINDOW.start).days
HOUSE = House(ZoneInfo("Europe/Madrid"))
START = datetime(1970, 1, 1, 16)  # noqa: DTZ001 - rules run on wall time
FIRST_NIGHT = date(2026, 12, 1)
HANGS_S = 20.0  # processor time of a reading that would have been stopped; the slowest takes a second
MOST_CALLS = 60_000  # about 80 for each night of the window
COUNTER = 4  # of sys.monitoring's tools, one that no debugger or profiler claims


def reading(body: bytes) -> Reading:
    return read(body, HOUSE, WINDOW, today=TODAY)


def calls_of(work: Callable[[], object]) -> int:
    """How many Python functions the work calls."""
    count = 0

    def counted(_code: CodeType, _offset: int) -> None:
        nonlocal count
        count += 1

    sys.monitoring.use_tool_id(COUNTER, "work")
    sys.monitoring.register_callback(COUNTER, sys.monitoring.events.PY_START, counted)
    sys.monitoring.set_events(COUNTER, sys.monitoring.events.PY_START)
    try:
        work()
    finally:
        sys.monitoring.set_events(COUNTER, 0)
        sys.monitoring.free_tool_id(COUNTER)
    return count


@pytest.mark.parametrize("case", HOSTILE_FEEDS)
def test_a_hostile_calendar_does_not_hang_and_is_never_read_as_freer_than_it_is(case: str) -> None:
    body, state, night = HOSTILE_FEEDS[case]
    began = time.process_time()
    found = reading(body)
    assert time.process_time() - began < HANGS_S
    assert (found.state, FIRST_NIGHT in found.nights) == (state, night)
    assert len(found.events) <= MOST_EVENTS + MOST_PER_FEED


@pytest.mark.parametrize("case", FEW_BYTES)
def test_few_bytes_cause_little_work(case: str) -> None:
    assert calls_of(lambda: reading(FEW_BYTES[case].body)) < MOST_CALLS


@pytest.mark.parametrize("case", MANY_BYTES)
def test_many_bytes_cause_no_more_work_than_there_are_bytes(case: str) -> None:
    body = MANY_BYTES[case].body
    assert calls_of(lambda: reading(body)) < len(body)


@pytest.mark.parametrize(
    "rule",
    ["FREQ=DAILY", f"FREQ=DAILY;{NEVER}", "FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY;BYDAY=1TH;BYSETPOS=2",
     "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=YEARLY", f"FREQ=YEARLY;{NEVER}", "FREQ=YEARLY;BYYEARDAY=366",
     f"FREQ=YEARLY;BYMONTHDAY={EVERY_MONTHDAY};BYDAY=MO,TU,WE,TH,FR", "FREQ=DAILY;UNTIL=99991231"],
)  # fmt: skip
def test_a_rule_without_a_count_looks_only_at_the_window_and_a_little_around_it(rule: str) -> None:
    effort = Effort()
    for _ in parse(rule, START).days(WINDOW.start, WINDOW.end, effort):
        pass
    assert MOST_EFFORT - effort.left <= DAYS + 4 * 366


@pytest.mark.parametrize(
    "rule", [f"FREQ=DAILY;COUNT={10**9}", f"FREQ=YEARLY;{NEVER};COUNT=2", "FREQ=DAILY;COUNT=99999"]
)
def test_a_rule_with_a_count_looks_only_from_its_start_to_the_end_of_the_window(rule: str) -> None:
    effort = Effort()
    for _ in parse(rule, START).days(WINDOW.start, WINDOW.end, effort):
        pass
    assert MOST_EFFORT - effort.left <= (WINDOW.end - START.date()).days + 366


def test_once_the_effort_is_spent_no_rule_of_the_feed_takes_another_step() -> None:
    effort = Effort(left=100)
    with pytest.raises(CannotExpand):
        list(parse("FREQ=DAILY", START).days(WINDOW.start, WINDOW.end, effort))
    spent = effort.left
    with pytest.raises(CannotExpand):
        next(parse("FREQ=YEARLY", START).days(WINDOW.start, WINDOW.end, effort))
    assert spent - effort.left == 1


def test_one_series_gives_a_limited_number_of_occurrences() -> None:
    hours = ",".join(
        f"{TODAY + timedelta(day):%Y%m%d}T{hour:02}0000Z" for day in range(300) for hour in range(24)
    )
    lines = [f"RDATE:{hours[start : start + 17 * 3000]}" for start in range(0, len(hours), 17 * 3000)]
    found = reading(many(1, *TIMED, *lines))
    assert found.state is State.DEGRADED
    assert MOST_PER_SERIES - 10 < len(found.events) <= MOST_PER_SERIES
