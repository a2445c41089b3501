"""Promise P2 as a game against chance: a truthful channel whose feed breaks for less than four hours at a time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from domain.events import Event, Kind
from domain.ics import Reading, State
from domain.spans import Span, nights_in
from domain.sync import Claim, Rules, plan

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = Rules()
PAUSES = st.sampled_from([1, 15, 31, 60, 90]).map(lambda minutes: timedelta(minutes=minutes))
STARTS, LENGTHS = st.integers(0, 90), st.sampled_from([1, 2, 3, 7, 21])


class TruthfulChannel(RuleBasedStateMachine):
    """A channel with bookings and cancellations; each reading of its feed is checked against what is true."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.bookings: dict[str, Span] = {}
        self.claims: tuple[Claim, ...] = ()
        self.known: set[date] = set()  # told to us since they were booked
        self.count = 0

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def truth(self) -> frozenset[date]:
        """The nights ahead that the channel has closed."""
        return frozenset(night for night in nights_in(self.bookings.values()) if night >= self.today)

    @property
    def closed(self) -> frozenset[date]:
        return nights_in(claim.nights for claim in self.claims if claim.nights)

    @initialize(gaps=st.lists(st.integers(1, 9), min_size=2, max_size=8))
    def open_with_bookings(self, gaps: list[int]) -> None:
        day = 0
        for gap in gaps:
            self.book(day + gap, gap)
            day += 2 * gap
        self.read(self.told())

    @rule(start=STARTS, length=LENGTHS)
    def book(self, start: int, length: int) -> None:
        first = self.today + timedelta(days=start)
        span = Span(first, first + timedelta(days=length))
        if not any(span.overlaps(other) for other in self.bookings.values()):
            self.count += 1
            self.bookings[str(self.count)] = span

    @precondition(lambda self: self.bookings)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        gone = self.bookings.pop(data.draw(st.sampled_from(sorted(self.bookings))))
        self.known -= set(gone.nights())

    @rule(days=st.integers(0, 5), pause=PAUSES)
    def read_later(self, days: int, pause: timedelta) -> None:
        self.now += timedelta(days=days) + pause
        self.read(self.told())

    @rule()
    def open_what_was_cancelled_once_the_feed_is_sound_for_six_hours(self) -> None:
        for _ in range(6):
            self.now += HOUR
            self.read(self.told())
        assert {night for night in self.closed if night >= self.today} == self.truth

    @rule(pauses=st.lists(PAUSES, max_size=9), pause=PAUSES)
    def go_empty(self, pauses: list[timedelta], pause: timedelta) -> None:
        for _ in self.faulty(pauses):
            self.read(Reading(State.OK))
        self.read_later(0, pause)

    @rule(
        pauses=st.lists(PAUSES, max_size=9),
        pause=PAUSES,
        state=st.sampled_from([State.OK, State.DEGRADED]),
        data=st.data(),
    )
    def lose_half(self, pauses: list[timedelta], pause: timedelta, state: State, data: st.DataObject) -> None:
        """At least half of the nights vanish; some come back by and by, and new bookings come in meanwhile."""
        hidden = self.half(data)
        for _ in self.faulty(pauses):
            self.read(self.told(hidden, state))
            if hidden and data.draw(st.booleans()):
                hidden = data.draw(st.sets(st.sampled_from(sorted(hidden)), min_size=1))
            if data.draw(st.booleans()):
                self.book(data.draw(STARTS), data.draw(LENGTHS))
        self.read_later(0, pause)

    def half(self, data: st.DataObject) -> set[str]:
        """Bookings that make up at least half of the nights."""
        found: set[str] = set()
        for uid in data.draw(st.permutations(sorted(self.bookings))):
            if 2 * sum(len(self.bookings[one]) for one in found) < sum(map(len, self.bookings.values())):
                found.add(uid)
        return found

    def faulty(self, pauses: list[timedelta]) -> Iterator[None]:
        """The instants of the reads of one fault, which lasts less than four hours."""
        began = self.now
        for pause in pauses:
            if self.now + pause - began < 4 * HOUR:
                self.now += pause
                yield

    def told(self, hidden: set[str] | None = None, state: State = State.OK) -> Reading:
        """What the feed says now; stays that are over are no longer in it."""
        shown = {uid: span for uid, span in self.bookings.items() if span.end > self.today}
        return Reading(
            state,
            tuple(
                Event(uid, Kind.RESERVATION, "Reserved", span.start, span.end, span, None)
                for uid, span in shown.items()
                if uid not in (hidden or set())
            ),
        )

    def read(self, told: Reading) -> None:
        """Apply a reading; what the channel has closed, and once told us, must be closed after it."""
        self.claims = plan(self.claims, told, now=self.now, today=self.today, rules=RULES).claims
        self.known |= told.nights & self.truth
        assert self.known & self.truth <= self.closed


TruthfulChannel.TestCase.settings = settings(stateful_step_count=12, deadline=None)
TestATruthfulChannel = TruthfulChannel.TestCase
