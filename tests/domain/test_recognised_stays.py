from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.spans import NIGHT, Span
from domain.stays import Changes, Link, Named, changes, extended

TODAY = date(2026, 12, 1)


def span(start: int, end: int) -> Span:
    return Span(TODAY + timedelta(days=start), TODAY + timedelta(days=end))


def named(start: int, end: int, channel: str = "airbnb", *, ending: bool = False) -> Named:
    return Named(span(start, end), channel, ending)


def link(start: int, end: int, channel: str = "airbnb", number: int = 1, **what: bool) -> Link:
    return Link(number, span(start, end), channel, **what)


def made(found: Changes) -> list[tuple[Span, str]]:
    return [(stay.nights, stay.channel) for stay in found.new]


def moves(found: Changes) -> dict[int, Span]:
    return {number: nights for number, (nights, _) in found.moved.items()}


def test_each_stay_that_is_not_over_gets_a_link() -> None:
    found = changes([named(-5, -1), named(-4, 0), named(-2, 3), named(3, 5), named(9, 10)], [], TODAY)
    assert [nights for nights, _ in made(found)] == [span(-4, 0), span(-2, 3), span(3, 5), span(9, 10)]


def test_two_feeds_that_name_the_same_nights_name_one_stay_of_the_first_site_that_is_known() -> None:
    found = changes([named(3, 5, ""), named(3, 5, "vrbo"), named(3, 5, "airbnb")], [], TODAY)
    assert made(found) == [(span(3, 5), "vrbo")]


def test_a_stay_that_ends_gets_no_new_link_and_keeps_the_one_it_has() -> None:
    ending = [named(3, 5, ending=True)]
    assert changes(ending, [], TODAY) == Changes()
    assert changes(ending, [link(3, 5)], TODAY) == Changes()


def test_a_feed_that_drops_the_nights_that_are_over_still_names_the_same_stay() -> None:
    for start in range(-2, 1):
        assert changes([named(start, 4)], [link(-2, 4)], TODAY) == Changes()


@pytest.mark.parametrize(("start", "end"), [(3, 9), (4, 7), (2, 7), (3, 6), (4, 8)])
def test_a_changed_stay_keeps_its_link(start: int, end: int) -> None:
    found = changes([named(start, end)], [link(3, 7)], TODAY)
    assert moves(found) == {1: span(start, end)}
    assert (found.new, found.gone) == ((), frozenset())


def test_the_link_moves_at_once_while_the_old_nights_still_wait_to_be_confirmed_as_gone() -> None:
    found = changes([named(3, 7, ending=True), named(3, 8)], [link(3, 7)], TODAY)
    assert moves(found) == {1: span(3, 8)}
    assert changes([named(3, 7, ending=True), named(3, 8)], [link(3, 8)], TODAY) == Changes()


def test_a_link_never_passes_to_a_stay_that_could_be_somebody_elses() -> None:
    touching = changes([named(6, 12)], [link(3, 7)], TODAY)  # one night of four, and of six
    elsewhere = changes([named(3, 8, "vrbo")], [link(3, 7)], TODAY)
    for found, stay in ((touching, span(6, 12)), (elsewhere, span(3, 8))):
        assert [nights for nights, _ in made(found)] == [stay]
        assert found.gone == {1}
        assert not found.moved


def test_of_two_stays_that_a_link_could_follow_it_follows_none() -> None:
    found = changes([named(3, 5), named(5, 7)], [link(3, 7)], TODAY)
    assert [nights for nights, _ in made(found)] == [span(3, 5), span(5, 7)]
    assert (found.gone, found.moved) == ({1}, {})


def test_of_two_links_that_a_stay_could_be_none_follows_it() -> None:
    found = changes([named(3, 7)], [link(3, 5), link(5, 7, number=2)], TODAY)
    assert made(found) == [(span(3, 7), "airbnb")]
    assert found.gone == {1, 2}


def test_whoever_has_come_stays_arrived_when_their_departure_moves() -> None:
    assert moves(changes([named(0, 6)], [link(-3, 4)], TODAY)) == {1: span(-3, 6)}


def test_a_stay_that_is_yet_to_begin_is_not_that_of_a_guest_who_has_come() -> None:
    found = changes([named(1, 4)], [link(-3, 4)], TODAY)
    assert (made(found), found.gone) == ([(span(1, 4), "airbnb")], {1})


def test_the_site_of_a_stay_is_taken_on_once_it_is_known() -> None:
    found = changes([named(3, 5, "vrbo")], [link(3, 5, "")], TODAY)
    assert found.moved == {1: (span(3, 5), "vrbo")}


def test_a_booking_of_the_same_nights_at_another_site_is_another_guests() -> None:
    found = changes([named(3, 5, ending=True), named(3, 5, "vrbo")], [link(3, 5)], TODAY)
    assert (made(found), found.gone) == ([(span(3, 5), "vrbo")], {1})
    today = changes([named(-3, 0, "vrbo")], [link(-3, 0)], TODAY)
    assert (made(today), today.gone) == ([(span(-3, 0), "vrbo")], {1})


def test_a_link_whose_stay_has_no_night_left_is_not_gone() -> None:
    assert changes([], [link(-3, 0)], TODAY) == Changes()
    assert changes([], [link(-3, 1)], TODAY).gone == {1}


def test_a_stay_that_is_named_again_gets_its_youngest_link_back() -> None:
    gone = [link(3, 5, number=1, gone=True), link(3, 5, number=2, gone=True)]
    found = changes([named(3, 5)], gone, TODAY)
    assert (found.back, found.new) == ({2}, ())
    assert changes([named(3, 5, "vrbo")], gone, TODAY).back == set()


def test_what_the_host_made_or_stopped_is_left_alone_and_its_stay_gets_no_other() -> None:
    for what in ({"fixed": True}, {"stopped": True}):
        assert changes([named(3, 5)], [link(3, 5, **what)], TODAY) == Changes()
        assert changes([], [link(3, 5, **what)], TODAY) == Changes()
    changed = changes([named(3, 6)], [link(3, 5, fixed=True)], TODAY)
    assert (made(changed), changed.moved, changed.gone) == ([(span(3, 6), "airbnb")], {}, set())


NIGHTS = st.builds(lambda start, count: span(start, start + count), st.integers(-6, 14), st.integers(1, 6))
ENTRIES = st.lists(
    st.builds(Named, NIGHTS, st.sampled_from(["", "airbnb", "vrbo"]), st.booleans()), max_size=7
)


@given(ENTRIES, ENTRIES)
def test_whatever_changes_every_firm_stay_ends_with_exactly_one_link_that_opens(
    before: list[Named], after: list[Named]
) -> None:
    links: list[Link] = []
    for entries in (before, after, after):
        found = changes(entries, links, TODAY)
        links = applied(links, found)
        served = [
            (max(each.nights.start, TODAY), each.nights.end)
            for each in links
            if not each.gone and each.nights.end >= TODAY
        ]
        assert len({(each.nights, each.gone) for each in links if not each.gone}) == len(
            [each for each in links if not each.gone]
        ), "the schema takes one live link per nights"
        for entry in entries:
            if entry.nights.end >= TODAY and not entry.ending:
                assert (max(entry.nights.start, TODAY), entry.nights.end) in served
    assert changes(after, links, TODAY) == Changes(), "a second look changes nothing"


def applied(links: list[Link], found: Changes) -> list[Link]:
    """The links once the changes are written down."""
    result = []
    for each in links:
        nights, channel = found.moved.get(each.id, (each.nights, each.channel))
        gone = (each.gone or each.id in found.gone) and each.id not in found.back
        result.append(Link(each.id, nights, channel, gone=gone))
    first = max((each.id for each in links), default=0) + 1
    return result + [Link(first + n, stay.nights, stay.channel) for n, stay in enumerate(found.new)]


@given(NIGHTS, st.lists(st.integers(1, 4), max_size=4), st.lists(st.integers(1, 4), max_size=4))
def test_a_stay_grows_by_what_was_sold_right_beside_it_and_by_nothing_else(
    stay: Span, after: list[int], before: list[int]
) -> None:
    sold, start, end = [], stay.start, stay.end
    for count in after:
        sold.append(("leaving", Span(end, end + count * NIGHT)))
        end += count * NIGHT
    for count in before:
        sold.append(("arriving", Span(start - count * NIGHT, start)))
        start -= count * NIGHT
    others = [("leaving", Span(end + NIGHT, end + 3 * NIGHT)), ("arriving", Span(end, end + 2 * NIGHT))]
    assert extended(stay, iter([*reversed(sold), *others])) == Span(start, end)
