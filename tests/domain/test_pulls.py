"""Visits, what is learnt of them, and what to expect where nothing is."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.channels import CHANNELS
from domain.pulls import MOST_GAPS, VISIT, Habit, is_late, learnt, patience, plan, slices
from domain.readers import is_stranger

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
instants = st.lists(st.integers(0, 400_000).map(lambda s: NOON + timedelta(seconds=s)), max_size=80)


def visits(*hours: float) -> Habit:
    found = learnt(None, [NOON + hour * HOUR for hour in hours])
    assert found
    return found


def test_a_reader_that_asks_twice_has_come_once() -> None:
    found = learnt(None, [NOON, NOON + VISIT, NOON + 2 * VISIT, NOON + HOUR])
    assert found == Habit(NOON, NOON + HOUR, 2, (3600 - 240,))


def test_three_intervals_teach_what_is_usual_and_what_is_slow() -> None:
    assert (visits(0, 3, 7).usual, visits(0, 3, 7).slow) == (None, None)
    found = visits(0, 3, 7, 11)
    assert (found.usual, found.slow) == (4 * 3600, 4 * 3600)
    assert visits(0, 1, 2, 3, 13).slow == round(3600 + 0.85 * 9 * 3600)


def test_one_long_silence_changes_the_usual_interval_of_hourly_reads_by_nothing() -> None:
    assert visits(*range(20), 43, *range(44, 60)).usual == 3600


@given(instants, instants)
def test_however_answers_are_grouped_they_teach_the_same_when_they_come_in_order(
    some: list[datetime], others: list[datetime]
) -> None:
    together = sorted(some + others)
    for cut in (0, len(together) // 2, len(together)):
        assert learnt(learnt(None, together[:cut]), together[cut:]) == learnt(None, together)


@given(instants)
def test_slices_hold_everything_once_in_order_and_none_is_longer_than_a_visit(given: list[datetime]) -> None:
    parts = slices(given)
    assert sorted(place for part in parts for place in part) == list(range(len(given)))
    assert [given[place] for part in parts for place in part] == sorted(given)
    assert all(given[part[-1]] - given[part[0]] <= VISIT for part in parts)


@given(instants, instants)
def test_what_comes_late_teaches_no_interval(on_time: list[datetime], late: list[datetime]) -> None:
    before = learnt(None, [at + timedelta(days=9) for at in on_time])
    if before is None or not late:
        return
    after = learnt(before, late)
    assert after == Habit(min(late), before.last, before.visits, before.gaps)


@given(instants)
def test_no_more_than_the_latest_intervals_are_kept(given: list[datetime]) -> None:
    found = learnt(None, given)
    assert found is None or len(found.gaps) == min(found.visits - 1, MOST_GAPS)


def test_a_link_is_stopped_after_four_usual_intervals_and_never_within_half_an_hour() -> None:
    expected = plan(CHANNELS["airbnb"])
    assert not is_late(NOON, 3600, expected, NOON + 4 * HOUR - timedelta(seconds=1))
    assert is_late(NOON, 3600, expected, NOON + 4 * HOUR)
    assert not is_late(NOON, 300, expected, NOON + HOUR / 2 - timedelta(seconds=1))
    assert is_late(NOON, 300, expected, NOON + HOUR / 2)
    assert not is_late(NOON, None, expected, NOON + 16 * HOUR - timedelta(seconds=1))
    assert is_late(NOON, None, expected, NOON + 16 * HOUR)


def test_what_is_expected_of_a_site_is_what_is_known_of_it() -> None:
    hours = {"airbnb": 4, "booking": 6, "vrbo": 12, "expedia": 12, "google": 24, "lodgify": 1, "agoda": 6}
    assert {key: plan(CHANNELS[key]).slow / HOUR for key in hours} == hours
    assert all(plan(channel).usual <= plan(channel).slow for channel in CHANNELS.values())
    assert patience(None, plan(CHANNELS["booking"])) == 6 * HOUR
    assert patience(600, plan(CHANNELS["booking"])) == HOUR / 2


def test_only_who_is_known_to_be_somebody_else_is_a_stranger() -> None:
    airbnb, vrbo, other = (CHANNELS[key] for key in ("airbnb", "vrbo", "other"))
    for name in ("Airbnb", "Java", "?", "python-requests"):
        assert not is_stranger(name, airbnb), name
    for name in ("Booking.com", "Google Calendar", "Thunderbird", "Lodgify"):
        assert is_stranger(name, airbnb), name
        assert not is_stranger(name, other), name
    assert not is_stranger("Expedia", vrbo)
