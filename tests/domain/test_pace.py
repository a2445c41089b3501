"""How fast a server is asked, and when it is left alone."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.pace import BURST, FEEDS_THAT_TRIP, LONGEST_REST, PROBE_EVERY, Pace, ask, heard

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FRESH = Pace(NOW)
DOWN = heard(FRESH, good=0, failed=range(FEEDS_THAT_TRIP), now=NOW)


@given(
    st.lists(st.tuples(st.floats(0, 20), st.integers(1, 80)), max_size=40),
    st.sampled_from([0.5, 2.0, 10.0, 50.0]),
)
def test_over_any_stretch_of_time_no_more_is_granted_than_the_pace_and_one_burst(
    wishes: list[tuple[float, int]], per_second: float
) -> None:
    pace, now, granted = FRESH, NOW, []
    for pause, wanted in wishes:
        now += pause * SECOND
        leave = ask(pace, wanted, now, per_second=per_second)
        pace = leave.pace
        granted.append((now, leave.granted))
    for first in range(len(granted)):
        for last in range(first, len(granted)):
            stretch = (granted[last][0] - granted[first][0] + BURST) / SECOND
            assert sum(count for _, count in granted[first : last + 1]) <= stretch * per_second + 1


@given(st.integers(1, 1000), st.sampled_from([0.5, 2.0, 50.0]))
def test_who_waits_until_told_gets_at_least_one(wanted: int, per_second: float) -> None:
    leave = ask(FRESH, wanted, NOW, per_second=per_second)
    later = ask(leave.pace, 1, leave.again_at + timedelta.resolution, per_second=per_second)
    assert later.granted == 1


def test_ten_different_feeds_that_fail_in_a_row_shut_the_server() -> None:
    nearly = heard(FRESH, good=0, failed=range(FEEDS_THAT_TRIP - 1), now=NOW)
    assert ask(nearly, 5, NOW, per_second=50).granted == 5
    assert ask(DOWN, 5, NOW, per_second=50).granted == 0


def test_one_feed_that_fails_again_and_again_shuts_nothing() -> None:
    pace = FRESH
    for _ in range(50):
        pace = heard(pace, good=0, failed=[7], now=NOW)
    assert ask(pace, 5, NOW, per_second=50).granted == 5


def test_a_success_in_between_starts_the_count_again() -> None:
    nearly = heard(FRESH, good=0, failed=range(FEEDS_THAT_TRIP - 1), now=NOW)
    once = heard(nearly, good=1, failed=[99], now=NOW)
    assert not heard(once, good=0, failed=[98], now=NOW).tripped


def test_a_shut_server_gets_one_probe_every_five_minutes() -> None:
    later = NOW + PROBE_EVERY
    probe = ask(DOWN, 30, later, per_second=50)
    assert (probe.granted, probe.again_at) == (1, later + PROBE_EVERY)
    assert ask(probe.pace, 30, later + SECOND, per_second=50).granted == 0
    assert ask(probe.pace, 30, later + PROBE_EVERY, per_second=50).granted == 1


def test_a_probe_that_succeeds_opens_the_server_and_one_that_fails_does_not() -> None:
    later = NOW + PROBE_EVERY
    probing = ask(DOWN, 30, later, per_second=50).pace
    back = heard(probing, good=1, failed=[], now=later)
    assert ask(back, 30, later, per_second=50).granted == 30
    still = heard(probing, good=0, failed=[3], now=later)
    assert ask(still, 30, later, per_second=50).granted == 0


def test_a_server_that_asks_for_rest_gets_it_but_no_more_than_an_hour() -> None:
    resting = heard(FRESH, good=4, failed=[1], now=NOW, rest_s=90)
    assert ask(resting, 3, NOW + 89 * SECOND, per_second=50).granted == 0
    assert ask(resting, 3, NOW + 90 * SECOND, per_second=50).granted == 3
    greedy = heard(FRESH, good=0, failed=[1], now=NOW, rest_s=10**6)
    assert greedy.shut_until == NOW + LONGEST_REST
