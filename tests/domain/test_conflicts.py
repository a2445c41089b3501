"""Which claims on the same night can't both be honoured."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.conflicts import Conflict, Stake, conflicts, echoed
from domain.events import Kind
from domain.spans import Span, nights_in

TODAY = date(2026, 12, 1)


def span(start: int, end: int) -> Span:
    return Span(TODAY + timedelta(days=start), TODAY + timedelta(days=end))


def stake(start: int, end: int, source: str = "airbnb", **options: object) -> Stake:
    values = {"name": f"{source or 'sale'} {start}-{end}", "kind": Kind.RESERVATION, **options}
    return Stake(source=source, nights=span(start, end), **values)  # type: ignore[arg-type]  # named values


def found(*stakes: Stake) -> list[Span]:
    return [each.nights for each in conflicts(stakes, TODAY)]


def test_reservations_of_two_sites_on_the_same_night_conflict() -> None:
    one, other = stake(3, 6), stake(5, 9, "vrbo")
    assert conflicts([other, one], TODAY) == (Conflict(span(5, 6), one.name, other.name),)


def test_a_departure_and_an_arrival_on_the_same_day_do_not() -> None:
    assert found(stake(3, 6), stake(6, 9, "vrbo")) == []


def test_a_closure_without_a_guest_conflicts_with_no_reservation() -> None:
    assert found(stake(3, 6), stake(3, 9, "booking", kind=Kind.BLOCK)) == []


def test_a_sale_conflicts_with_anything_a_feed_closes() -> None:
    assert found(stake(3, 4, ""), stake(3, 9, "booking", kind=Kind.BLOCK)) == [span(3, 4)]


def test_a_sale_that_the_feed_reads_back_from_us_is_no_conflict() -> None:
    assert found(stake(3, 4, ""), stake(1, 4, "booking", kind=Kind.BLOCK, echoes=(span(3, 4),))) == []


def test_a_sale_of_two_nights_of_which_one_is_read_back_conflicts() -> None:
    assert found(stake(3, 5, ""), stake(3, 9, "booking", kind=Kind.BLOCK, echoes=(span(3, 4),))) == [
        span(3, 5)
    ]


def test_a_manager_that_repeats_a_sites_reservation_is_no_conflict_but_another_one_there_is() -> None:
    assert found(stake(3, 6), stake(3, 6, "lodgify", gathers=True)) == []
    assert found(stake(3, 6), stake(5, 8, "lodgify", gathers=True)) == [span(5, 6)]


def test_a_running_stay_that_a_site_cuts_off_at_today_is_still_the_same_stay() -> None:
    assert found(stake(-3, 6), stake(0, 6, "lodgify", gathers=True)) == []


def test_two_reservations_in_one_feed_conflict_unless_one_holds_the_other() -> None:
    assert found(stake(3, 6), stake(5, 8)) == [span(5, 6)]
    assert found(stake(3, 6), stake(3, 6, name="again")) == []


def test_what_is_over_conflicts_with_nothing() -> None:
    assert found(stake(-9, -2), stake(-5, -1, "vrbo")) == []
    assert found(stake(-9, 2), stake(-5, 5, "vrbo")) == [span(0, 2)]


def test_a_newly_closed_run_inside_our_nights_is_an_echo_and_a_longer_one_is_not() -> None:
    ours = [span(3, 5)]
    assert heard([span(3, 5)], ours) == (span(3, 5),)
    assert heard([span(3, 6)], ours) == ()
    assert heard([], ours, [span(8, 9)]) == (span(8, 9),)
    assert heard([span(3, 5)], [span(3, 5), span(8, 9)]) == (span(3, 5),)


def test_a_site_that_closes_only_a_part_of_our_nights_has_a_booking_there() -> None:
    assert heard([span(5, 7)], [span(3, 7)]) == ()
    assert heard([span(5, 7)], [span(3, 7)], closes=[span(3, 7)]) == (span(5, 7),)
    assert heard([span(0, 2)], [span(-2, 2)]) == (span(0, 2),)


def heard(
    closed: list[Span], ours: list[Span], before: Sequence[Span] = (), closes: Sequence[Span] = ()
) -> tuple[Span, ...]:
    return echoed(closed, nights_in([*closed, *closes]), ours, before, TODAY)


SPANS = st.tuples(st.integers(-5, 20), st.integers(1, 6)).map(lambda pair: span(pair[0], pair[0] + pair[1]))


@given(st.lists(SPANS, max_size=8))
def test_reservations_of_different_sites_conflict_exactly_where_a_night_ahead_has_two(
    spans: list[Span],
) -> None:
    stakes = [
        Stake(str(number), f"site {number}", Kind.RESERVATION, nights) for number, nights in enumerate(spans)
    ]
    twice = {
        night for night in nights_in(spans) if night >= TODAY and sum(night in nights for nights in spans) > 1
    }
    assert nights_in(each.nights for each in conflicts(stakes, TODAY)) == twice
