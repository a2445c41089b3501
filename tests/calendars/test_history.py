"""The chart of a feed's closed nights, for any history of reads."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from calendars.history import HEIGHT, MOST_POINTS, REACH, WIDTH, Chart, drawn
from calendars.models import FeedRead

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BAD = ("failed", "refused", "quarantined")


@st.composite
def histories(draw: st.DrawFn) -> list[FeedRead]:
    """Reads in order, some of them longer ago than the chart reaches."""
    ages = draw(st.lists(st.integers(0, 40 * 24 * 60), min_size=1, max_size=60, unique=True))
    outcomes = st.sampled_from(("changed", "unchanged", *BAD))
    return [
        FeedRead(
            at=NOW - age * MINUTE,
            until=NOW - age * MINUTE,
            times=draw(st.integers(1, 90)),
            outcome=draw(outcomes),
            closed_nights=draw(st.integers(0, 2500)),
        )
        for age in sorted(ages, reverse=True)
    ]


def chart_of(reads: list[FeedRead]) -> Chart:
    chart = drawn(reads, NOW)
    assert chart is not None
    return chart


def percents(chart: Chart) -> list[tuple[float, float]]:
    return [(float(mark.left.rstrip("%")), float(mark.width.rstrip("%"))) for mark in chart.marks]


@given(histories())
def test_the_steps_go_forward_and_stay_inside(reads: list[FeedRead]) -> None:
    chart = chart_of(reads)
    x, y = map(float, re.match(r"M(\S+) ([\d.]+)", chart.line).groups())  # type: ignore[union-attr]  # it begins so
    xs = [x, *(float(found) for found in re.findall(r"H([\d.]+)", chart.line))]
    ys = [y, *(float(found) for found in re.findall(r"V([\d.]+)", chart.line))]
    assert xs == sorted(xs)
    assert xs[0] >= 0
    assert xs[-1] == WIDTH
    assert all(0 <= y <= HEIGHT for y in ys)
    assert re.fullmatch(r"M[\d.]+ [\d.]+(H[\d.]+V[\d.]+)*H1000", chart.line)


@given(histories())
def test_the_scale_is_even_and_holds_every_value(reads: list[FeedRead]) -> None:
    chart = chart_of(reads)
    assert chart.top >= max(read.closed_nights for read in reads)
    assert chart.top == 2 * chart.half > 0


@given(histories())
def test_the_chart_ends_now_and_reaches_back_thirty_days_at_most(reads: list[FeedRead]) -> None:
    chart = chart_of(reads)
    assert chart.end == NOW
    assert timedelta(hours=1) <= chart.end - chart.start <= REACH


@given(histories())
def test_every_bad_read_is_in_a_mark_of_its_kind_and_no_mark_holds_two_kinds(reads: list[FeedRead]) -> None:
    chart = chart_of(reads)
    kinds = [read.outcome for read in reads]
    runs = [
        kind
        for kind, before in zip(kinds, [None, *kinds[:-1]], strict=True)
        if kind in BAD and kind != before
    ]
    assert [mark.outcome for mark in chart.marks] == runs
    assert all(0 <= left <= 100 and 0 < width <= 100 for left, width in percents(chart))


@given(histories())
def test_the_table_says_every_level_and_every_mark_the_latest_first(reads: list[FeedRead]) -> None:
    chart = chart_of(reads)
    nights = [read.closed_nights for read in reads]
    changes = 1 + sum(one != other for one, other in pairwise(nights))
    assert len(chart.stretches) == changes + len(chart.marks)
    starts = [stretch.start for stretch in chart.stretches]
    assert starts == sorted(starts, reverse=True)
    assert all(stretch.start <= stretch.end for stretch in chart.stretches)


def test_nothing_read_is_no_chart() -> None:
    assert drawn([], NOW) is None


def test_a_step_stands_where_its_read_was() -> None:
    half_way = [(timedelta(days=30), 10), (timedelta(days=15), 5), (timedelta(), 5)]
    reads = [
        FeedRead(at=NOW - ago, until=NOW - ago, outcome="changed", closed_nights=n) for ago, n in half_way
    ]
    chart = chart_of(reads)
    assert (chart.top, chart.line) == (10, "M0.0 0.0H500.0V50.0H1000")
    assert chart.area == "M0.0 0.0H500.0V50.0H1000V100H0.0Z"


def test_a_mark_lasts_until_the_next_good_read_or_now() -> None:
    def at(days: int, outcome: str) -> FeedRead:
        return FeedRead(at=NOW - timedelta(days=days), until=NOW, outcome=outcome, closed_nights=1)

    ended = chart_of([at(30, "changed"), at(20, "failed"), at(19, "failed"), at(15, "unchanged")])
    assert [(mark.left, mark.width, mark.said) for mark in ended.marks] == [
        ("33.33%", "16.67%", "Failed in 2 reads")
    ]
    lasting = chart_of([at(30, "changed"), at(3, "refused")])
    assert [(mark.left, mark.width) for mark in lasting.marks] == [("90.00%", "10.00%")]


def test_the_most_lines_that_are_drawn_stay_a_small_page() -> None:
    reads = [
        FeedRead(at=NOW - (MOST_POINTS - n) * MINUTE, until=NOW, outcome="changed", closed_nights=n % 37)
        for n in range(MOST_POINTS)
    ]
    chart = chart_of(reads)
    assert len(chart.line) + len(chart.area) < 16_000
