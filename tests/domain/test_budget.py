from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain import budget
from domain.budget import DAY, Allowance, Spent, Window

DAYS = st.dates(date(2024, 1, 1), date(2032, 12, 31))
COUNTS = st.integers(0, 10_000)
ALLOWED = st.builds(lambda day, more: Allowance(day, day + more), COUNTS, COUNTS)
WINDOWS = st.lists(
    st.builds(Window, COUNTS, st.sampled_from([timedelta(minutes=1), DAY, timedelta(days=30)])), max_size=3
)
NOW = st.integers(0, 300_000_000).map(
    lambda second: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
)


def test_a_unit_costs_288_requests_a_day_and_8640_in_thirty() -> None:
    one, none = (budget.allowance(units, [], date(2026, 11, 1)) for units in (1, 0))
    assert (one.a_day - none.a_day, one.a_month - none.a_month) == (288, 8_640)


def test_what_the_system_states_and_what_was_agreed_both_count() -> None:
    stated = [Window(1_000, DAY), Window(500, timedelta(minutes=1)), Window(20_000, timedelta(days=30))]
    found = budget.allowance(100, stated, date(2026, 11, 1), a_day=2_000)
    assert found == Allowance(1_000, 20_000)


@given(st.integers(0, 500), WINDOWS, DAYS, st.integers(1, 2))
def test_an_allowance_never_passes_a_stated_limit(
    units: int, windows: list[Window], day: date, each: int
) -> None:
    found = budget.allowance(units, windows, day, each=each)
    assert 0 <= found.a_day <= found.a_month <= found.a_day * budget.days_in(day)
    for window in windows:
        if window.per == DAY:
            assert found.a_day <= window.requests
        if window.per > DAY:
            assert found.a_month <= window.requests


@given(ALLOWED, COUNTS, COUNTS)
def test_whoever_asks_never_gets_less_than_the_sweep(allowed: Allowance, today: int, before: int) -> None:
    spent = Spent(today, today + before)
    swept, asked = (budget.left(allowed, spent, for_sweep=sweep) for sweep in (True, False))
    assert 0 <= swept <= asked
    assert today + asked <= max(allowed.a_day, today)


@given(ALLOWED, st.lists(st.booleans(), max_size=200))
def test_spending_one_by_one_never_passes_the_day(allowed: Allowance, sweeps: list[bool]) -> None:
    spent = 0
    for for_sweep in sweeps:
        spent += bool(budget.left(allowed, Spent(spent, spent), for_sweep=for_sweep))
    assert spent <= allowed.a_day


@given(ALLOWED, COUNTS, COUNTS, NOW, st.booleans())
def test_the_next_request_waits_for_midnight_or_the_first(
    allowed: Allowance, today: int, before: int, now: datetime, for_sweep: bool
) -> None:
    spent = Spent(today, today + before)
    again = budget.again_at(allowed, spent, now, for_sweep=for_sweep)
    assert (again == now) == bool(budget.left(allowed, spent, for_sweep=for_sweep))
    assert now <= again <= now + timedelta(days=31)
    assert again == now or (again.hour, again.minute, again.second) == (0, 0, 0)


@given(st.integers(1, 2_000), DAYS, st.integers(1, 1_000_000), st.integers(1, 30_000_000))
def test_a_day_of_sweeping_fits_into_the_sweeps_share(
    units: int, day: date, a_day: int, a_month: int
) -> None:
    allowed = budget.allowance(units, [], day, a_day=a_day, a_month=a_month)
    interval = budget.sweep_interval(timedelta(minutes=15), units, allowed, day)
    assert interval >= timedelta(minutes=15)
    share = allowed.a_day * (100 - budget.SPARE_FOR_ASKED) // 100
    assert units * (DAY / interval) <= max(share, 1) * (1 + 1e-9)  # intervals are of whole microseconds


def test_changes_are_asked_for_by_a_tenth_of_the_budget() -> None:
    small = budget.allowance(1, [], date(2026, 11, 1))
    large = budget.allowance(500, [], date(2026, 11, 1))
    usual = timedelta(minutes=2)
    assert budget.changes_interval(usual, small, date(2026, 11, 1)) == DAY / 57
    assert budget.changes_interval(usual, large, date(2026, 11, 1)) == usual


def test_a_limit_for_each_unit_lengthens_the_time_between_its_reads() -> None:
    stated = [Window(144, DAY), Window(8_640, timedelta(days=30))]
    assert budget.least_interval(timedelta(minutes=5), stated) == timedelta(minutes=10)


def test_the_part_that_is_used_is_the_larger_of_day_and_month() -> None:
    assert budget.used_percent(Allowance(100, 1_000), Spent(80, 100)) == 80
    assert budget.used_percent(Allowance(100, 1_000), Spent(10, 950)) == 95
