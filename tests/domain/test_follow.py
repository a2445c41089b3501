"""Following a feed from read to read: what is remembered, what needn't be read again, and what is opened."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.follow import Memory, Step, circumstances, step, window
from domain.house import House
from domain.ics import State
from domain.spans import Span, nights_in
from domain.switches import Switches
from tests.domain.snapshots import MORNING, TODAY, calendar, closings, day, entry, nights, reservations

MADRID = House(ZoneInfo("Europe/Madrid"))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WEB_PAGE = b"<html><title>Please log in</title></html>"
LATER = (20, 40)  # nights beside which one or two that vanish are no mass removal


class Followed:
    """A feed through several reads, `minutes` after the first."""

    def __init__(self, house: House = MADRID, switches: Switches | None = None) -> None:
        self.house, self.switches = house, switches or Switches()
        self.memory = Memory()

    def read(self, body: bytes, minutes: float = 0) -> Step:
        """The read of this answer."""
        now = MORNING + minutes * MINUTE
        made = step(self.memory, body, self.house, now=now, switches=self.switches)
        self.memory = made.memory
        return made

    @property
    def closed(self) -> list[str]:
        return sorted(night.isoformat() for night in nights_in(self.memory.busy))


def iso(found: frozenset[date]) -> list[str]:
    return sorted(night.isoformat() for night in found)


def test_the_first_read_closes_what_the_feed_names() -> None:
    made = Followed().read(closings((3, 5), (8, 9)))
    assert (made.state, iso(made.closed), made.is_unchanged) == (State.OK, nights((3, 5), (8, 9)), False)


def test_the_same_content_under_new_stamps_is_recognised_unread() -> None:
    feed = Followed()
    feed.read(closings((3, 5)))
    before = feed.memory
    made = feed.read(closings((3, 5), at=MORNING + HOUR), 60)
    assert made.is_unchanged
    assert made == Step(before, State.OK, is_unchanged=True)


def test_the_same_content_is_read_again_on_a_new_day_of_the_property() -> None:
    feed = Followed(House(ZoneInfo("Pacific/Auckland")))  # midnight there is 11:00 UTC
    feed.read(closings((3, 5)))
    assert feed.read(closings((3, 5)), 179).is_unchanged
    assert not feed.read(closings((3, 5)), 180).is_unchanged


@pytest.mark.parametrize(
    "house",
    [
        House(ZoneInfo("Europe/Lisbon")),
        replace(MADRID, check_in=time(16)),
        replace(MADRID, check_out=time(10)),
    ],
    ids=["zone", "check-in", "check-out"],
)
def test_another_clock_of_the_property_is_another_circumstance(house: House) -> None:
    assert circumstances(house, TODAY, Switches()) != circumstances(MADRID, TODAY, Switches())


def test_each_switch_is_another_circumstance() -> None:
    switches = [
        Switches(),
        Switches(sells_around=True),
        Switches(sells_tentative=True),
        Switches(ends_inclusive=True),
    ]
    assert len({circumstances(MADRID, TODAY, each) for each in switches}) == len(switches)


def test_the_circumstances_fit_into_their_column() -> None:
    longest = House(
        ZoneInfo("America/Argentina/ComodRivadavia"), time(15, 30, 30, 999_999), time(11, 0, 0, 1)
    )
    assert len(circumstances(longest, TODAY, Switches())) <= 120


def test_content_is_read_from_thirty_days_back_to_two_years_ahead() -> None:
    found = window(TODAY)
    assert (found.start, found.end) == (date(2026, 11, 1), date(2028, 11, 30))


def test_while_nights_wait_the_same_content_counts_as_a_further_read() -> None:
    feed = Followed()
    feed.read(closings((10, 12), LATER))
    assert iso(feed.read(closings(LATER), 15).held) == nights((10, 12))
    assert iso(feed.read(closings(LATER), 44).held) == nights((10, 12))
    made = feed.read(closings(LATER), 45)
    assert (iso(made.opened), made.held) == (nights((10, 12)), frozenset())
    assert feed.read(closings(LATER), 60).is_unchanged


def test_an_answer_that_is_no_calendar_changes_nothing_and_says_what_waits() -> None:
    feed = Followed()
    feed.read(closings((10, 12), LATER))
    feed.read(closings(LATER), 15)
    before = feed.memory
    made = feed.read(WEB_PAGE, 60)
    assert (made.state, made.closed, made.opened) == (State.REFUSED, frozenset(), frozenset())
    assert (iso(made.held), made.memory) == (nights((10, 12)), before)


def test_content_that_was_not_understood_is_read_each_time() -> None:
    puzzling = calendar("BEGIN:VEVENT", "UID:a", "DTSTART;VALUE=DATE:20261345", "END:VEVENT")
    feed = Followed()
    made = [feed.read(puzzling), feed.read(puzzling, 15)]
    assert [(each.state, each.is_unchanged) for each in made] == [(State.DEGRADED, False)] * 2


def test_a_night_that_waits_is_not_waited_for_once_it_is_past() -> None:
    feed = Followed()
    feed.read(closings((0, 2)))
    assert iso(feed.read(closings(), 60).held) == nights((0, 2))
    assert iso(feed.memory.held(day(1))) == nights((1, 2))


def test_past_nights_stay_closed_when_the_channel_drops_them() -> None:
    feed = Followed()
    feed.read(closings((0, 5)))
    feed.read(closings((2, 5)), 2 * 24 * 60)
    assert feed.memory.busy == (Span(day(0), day(5)),)


def test_nights_that_the_host_sells_are_not_closed() -> None:
    body = reservations((3, 6), (8, 10), blocks=((6, 8),))
    feed = Followed(switches=Switches(sells_around=True))
    made = feed.read(body)
    assert iso(made.closed) == feed.closed == nights((3, 6), (8, 10))
    assert iso(Followed().read(body).closed) == nights((3, 10))


def test_the_channel_tells_which_nights_the_host_sells() -> None:
    body = reservations((3, 6), (8, 10), blocks=((6, 8),)).replace(b"7f662ec65913-", b"other-")
    body = body.replace(b"Airbnb (Not available)", b"Blocked")
    switches = Switches(sells_around=True)
    airbnb, booking = (
        step(Memory(), body, MADRID, now=MORNING, channel=channel, switches=switches)
        for channel in ("airbnb", "booking")
    )
    assert iso(airbnb.closed) == nights((3, 6), (8, 10))
    assert iso(booking.closed) == nights((3, 10))


def test_a_last_night_named_as_the_end_is_closed_where_the_host_says_so() -> None:
    feed = Followed(switches=Switches(ends_inclusive=True))
    assert iso(feed.read(closings((3, 5))).closed) == nights((3, 6))


STAYS = [(0, 2), (2, 3), (4, 9), (15, 17), (20, 60)]
ANSWERS = st.lists(st.sampled_from(STAYS), unique=True).map(lambda stays: closings(*sorted(stays)))
PUZZLE = calendar(*entry((4, 9), "Reserved", "a", MORNING), "BEGIN:VEVENT", "UID:b", "END:VEVENT")
READS = st.lists(
    st.tuples(
        st.one_of(ANSWERS, st.sampled_from([WEB_PAGE, PUZZLE])),
        st.sampled_from([15, 31, 60, 245, 24 * 60]),
        st.integers(1, 5),
    ),
    max_size=12,
)


@given(READS)
def test_recognising_content_unread_never_changes_what_comes_of_it(
    reads: list[tuple[bytes, int, int]],
) -> None:
    quick = slow = Memory()
    now: datetime = MORNING
    for body, minutes, times in reads:
        for _ in range(times):
            now += minutes * MINUTE
            one = step(quick, body, MADRID, now=now)
            other = step(replace(slow, digest=""), body, MADRID, now=now)
            assert (one.state, one.closed, one.opened, one.held) == (
                other.state,
                other.closed,
                other.opened,
                other.held,
            )
            assert one.memory.busy == other.memory.busy
            quick, slow = one.memory, other.memory
