from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain import ics, mirror
from domain.house import House
from domain.mirror import Own, Taken
from domain.spans import Span, nights_in

TODAY = date(2026, 12, 1)


def span(start: int, count: int = 1) -> Span:
    first = TODAY + timedelta(days=start)
    return Span(first, first + timedelta(days=count))


SPANS = st.builds(span, st.integers(0, 40), st.integers(1, 8))
OWN = st.lists(
    st.builds(Own, st.sampled_from(["a", "b", "c"]), SPANS), max_size=3, unique_by=lambda own: own.reference
)
STRETCHES = st.lists(st.builds(Taken, SPANS, st.sampled_from(["", "a", "b", "x"])), max_size=8)


@given(STRETCHES, OWN)
def test_what_others_take_is_never_lost_but_for_nights_we_closed_ourselves(
    taken: list[Taken], own: list[Own]
) -> None:
    said = nights_in(stretch.nights for stretch in taken)
    ours = nights_in(closure.nights for closure in own)
    named = nights_in(stretch.nights for stretch in taken if stretch.ours in {"a", "b"})
    read = mirror.reading(taken, own).nights
    assert said - ours - named <= read <= said


@given(STRETCHES, OWN)
def test_a_stranger_on_nights_that_the_system_names_ours_still_counts(
    taken: list[Taken], own: list[Own]
) -> None:
    every = [*taken, *(Taken(closure.nights, closure.reference) for closure in own)]
    strangers = nights_in(stretch.nights for stretch in taken if stretch.ours not in {"a", "b"})
    assert strangers <= mirror.reading(every, own).nights


@given(STRETCHES)
def test_entries_share_no_night_and_no_name(taken: list[Taken]) -> None:
    read = mirror.reading(taken, [])
    runs = [event.nights for event in read.events if event.nights]
    assert sum(len(run) for run in runs) == len(read.nights)
    assert len({event.uid for event in read.events}) == len(read.events)


@given(STRETCHES)
def test_the_file_that_is_kept_says_the_same(
    taken: list[Taken],
) -> None:
    read = mirror.reading(taken, [])
    window = ics.Window(TODAY, TODAY + timedelta(days=90))
    again = ics.read(mirror.snapshot(read), House(ZoneInfo("UTC")), window, today=TODAY)
    assert again.nights == read.nights


@given(st.lists(SPANS, max_size=6), st.lists(SPANS, max_size=4))
def test_what_is_to_be_closed_is_wanted_free_there_and_said_once(
    wanted: list[Span], theirs: list[Span]
) -> None:
    window = span(0, 30)
    found = mirror.to_close(wanted, theirs, window)
    assert nights_in(found) == (nights_in(wanted) & nights_in([window])) - nights_in(theirs)
    assert sum(len(run) for run in found) == len(nights_in(found))


@given(st.lists(SPANS, max_size=6), OWN, st.integers(0, 20))
def test_after_settling_exactly_what_is_wanted_stands_there(
    wanted: list[Span], standing: list[Own], days: int
) -> None:
    today = TODAY + timedelta(days=days)
    ahead = Span(today, today + timedelta(days=60))
    wanted = list(mirror.to_close(wanted, [], ahead))
    stale, new = mirror.settled(wanted, standing, today)
    kept = nights_in(own.nights for own in standing if own not in stale)
    assert (kept | nights_in(new)) & nights_in([ahead]) == nights_in(wanted)
    assert not kept & nights_in(new)
    assert mirror.settled(
        wanted, [*(own for own in standing if own not in stale), *(Own(str(run), run) for run in new)], today
    ) == ([], [])
