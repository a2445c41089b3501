"""Made-up diaries for property tests, and an oracle that reckons in quarters of an hour and night by night.

The oracle shares nothing with the rules but the clock of the house: it paints every quarter of an hour and tries
every length and slot one by one. All times here are whole quarters.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from domain.diary import Diary, Taken
from domain.house import House
from domain.offers import Desk, HourRules, Kind, NightRules, Quote, When
from domain.spans import NIGHT, Period, Span
from tests.domain.tariffs import PRICING

QUARTER = timedelta(minutes=15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = [
    "Europe/Madrid",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
]
# Clock changes of both hemispheres, a leap day, the end of a year, and a day like any other.
DAYS = [
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 9, 6),
    date(2026, 9, 27),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
    date(2026, 12, 31),
    date(2027, 6, 15),
    date(2028, 2, 29),
]
FAR = 12  # days that the oracle looks around

MIDNIGHT = time()

quarters = st.integers
NEAR = st.integers(-16, 16)


def clock(quarter: int) -> time:
    return time(quarter // 4, quarter % 4 * 15)


@st.composite
def houses(draw: st.DrawFn) -> House:
    out = draw(quarters(6 * 4, 14 * 4))
    into = draw(quarters(out, min(out + 8 * 4, 22 * 4)))
    turnaround = draw(st.sampled_from([0, 15, 60, 120, 180, 240, 600, 1440]))
    return House(ZoneInfo(draw(st.sampled_from(ZONES))), clock(into), clock(out), turnaround)


@st.composite
def claims(draw: st.DrawFn, house: House, day: date) -> Taken:
    """Dates, hours as a feed names them, the cleaning, or hours that somebody bought, near the day."""
    at = day + draw(st.integers(-4, 5)) * NIGHT
    kind = draw(st.sampled_from(["dates", "stay", "hours", "late", "early", "sold nights"]))
    if kind == "dates":
        return Taken(Span(at, at + draw(st.integers(1, 4)) * NIGHT))
    if kind == "sold nights":
        nights = Span(at, at + draw(st.integers(1, 3)) * NIGHT)
        return Taken(nights, house.stay(nights))
    leaves, comes = house.instant(at, house.check_out), house.instant(at, house.check_in)
    length = draw(quarters(1, 40)) * QUARTER
    if kind in {"late", "early"}:
        late = kind == "late"
        period = Period(leaves, leaves + length) if late else Period(comes - length, comes)
        lost = at if late else at - NIGHT
        return Taken(Span(lost, lost + NIGHT) if draw(st.booleans()) else None, period, cleans=False)
    start = draw(st.sampled_from([leaves, comes, house.instant(at, MIDNIGHT)])) + draw(NEAR) * QUARTER
    end = start + length
    if kind == "stay":
        gone = at + draw(st.integers(1, 4)) * NIGHT
        hour = draw(st.sampled_from([house.check_in, house.check_out, MIDNIGHT]))
        end = house.instant(gone, hour) + draw(NEAR) * QUARTER
    period = Period(start, max(end, start + QUARTER))
    return Taken(house.nights_of(period), period)


@st.composite
def moments(draw: st.DrawFn, house: House, day: date) -> datetime:
    """An instant from some days before the day to the day after it."""
    return house.instant(day - draw(st.integers(-1, 9)) * NIGHT, clock(draw(quarters(0, 95))))


@st.composite
def whens(draw: st.DrawFn, day: date) -> When:
    """Mostly no limits, else one of each kind."""
    cut_off, opens, weekdays, blackouts = timedelta(), None, frozenset(range(7)), ()
    rules = draw(st.sets(st.sampled_from(["cut off", "opens", "weekdays", "blackouts"]), max_size=2))
    if "cut off" in rules:
        cut_off = draw(quarters(0, 30 * 4)) * QUARTER
    if "opens" in rules:
        opens = cut_off + draw(quarters(0, 240 * 4)) * QUARTER
    if "weekdays" in rules:
        weekdays -= draw(st.sets(st.integers(0, 6), max_size=3))
    if "blackouts" in rules:
        first = day + draw(st.integers(-4, 4)) * NIGHT
        blackouts = (Span(first, first + NIGHT),)
    return When(weekdays, blackouts, opens, cut_off) if draw(st.booleans()) else When()


@st.composite
def night_rules(draw: st.DrawFn, day: date) -> NightRules:
    return NightRules(draw(st.integers(1, 7)), draw(st.integers(0, 3)), draw(whens(day)))


@st.composite
def hour_rules(draw: st.DrawFn, day: date) -> HourRules:
    step = draw(st.sampled_from([1, 2, 3, 4, 5, 7])) * QUARTER
    most = max(step, draw(quarters(1, 26 * 4)) * QUARTER)
    limit = clock(draw(quarters(0, 95))) if draw(st.integers(0, 3)) == 0 else None
    return HourRules(most, step, limit, closes_night=draw(st.booleans()), when=draw(whens(day)))


@dataclass(frozen=True, slots=True)
class World:
    """A property's diary, the clock, and the day on which somebody leaves or comes."""

    day: date
    desk: Desk
    nights: NightRules
    hours: HourRules


@st.composite
def days_of_diaries(draw: st.DrawFn) -> tuple[date, Diary]:
    """A day on which somebody leaves or comes, and a diary around it."""
    house, day = draw(houses()), draw(st.sampled_from(DAYS)) + draw(st.integers(-2, 2)) * NIGHT
    return day, Diary(house, tuple(draw(st.lists(claims(house, day), max_size=6))))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    day, diary = draw(days_of_diaries())
    desk = Desk(diary, PRICING, draw(moments(diary.house, day)))
    return World(day, desk, draw(night_rules(day)), draw(hour_rules(day)))


def bought(quote: Quote) -> Taken:
    """The claim that a quote becomes when somebody buys it."""
    nightly = quote.kind in {Kind.EXTRA_NIGHTS, Kind.NIGHTS_BEFORE}
    return Taken(quote.nights, quote.period, cleans=nightly)


def painted(start: datetime, end: datetime) -> set[int]:
    """The quarters of an hour from one instant to another."""
    return set(range((start - EPOCH) // QUARTER, (end - EPOCH) // QUARTER))


def nights_of(*spans: Span | None) -> set[date]:
    return {night for span in spans if span for night in span.nights()}


class Oracle:
    """What may be sold around the day, found by trying."""

    def __init__(self, world: World) -> None:
        self.day, self.desk, self.nights, self.hours = world.day, world.desk, world.nights, world.hours
        self.house, self.taken, self.now = world.desk.house, world.desk.diary.taken, world.desk.now
        self.around = [self.day + number * NIGHT for number in range(-FAR, FAR)]
        self.needed = self.house.turnaround // 15
        closed = nights_of(*(claim.nights for claim in self.taken))
        self.closed = closed | {night for night in self.around if self.is_impossible(night)}
        periods = [claim.period for claim in self.taken if claim.period]
        self.busy_hours = {at for period in periods for at in painted(period.start, period.end)}

    def out(self, day: date) -> int:
        return (self.house.instant(day, self.house.check_out) - EPOCH) // QUARTER

    def into(self, day: date) -> int:
        return (self.house.instant(day, self.house.check_in) - EPOCH) // QUARTER

    def pause(self, day: date) -> int:
        return min(self.needed, self.into(day) - self.out(day))

    def is_impossible(self, night: date) -> bool:
        """Whether somebody's bought hours leave no time to clean before or after a usual stay of the night."""
        needs = set(
            range(self.into(night) - self.pause(night), self.out(night + NIGHT) + self.pause(night + NIGHT))
        )
        sold = [claim.period for claim in self.taken if claim.period and not claim.cleans]
        return any(needs & painted(hours.start, hours.end) for hours in sold)

    def there(self, claim: Taken) -> set[int]:
        """The quarters at which somebody sleeps or stays there, as far as the claim is to be believed."""
        if claim.period and not claim.cleans:
            return painted(claim.period.start, claim.period.end)
        if claim.nights is None:
            return set()
        first, end = self.into(claim.nights.start), self.out(claim.nights.end)
        if claim.period is None:
            every = [range(self.into(night), self.out(night + NIGHT)) for night in claim.nights.nights()]
            return {at for night in every for at in night}
        start, stop = ((at - EPOCH) // QUARTER for at in (claim.period.start, claim.period.end))
        if not self.is_hour(claim.period.start, claim.nights.start):
            start = min(start, first)
        if not self.is_hour(claim.period.end, claim.nights.end):
            stop = max(stop, end)
        return set(range(start, stop))

    def is_hour(self, at: datetime, day: date) -> bool:
        here, there = f"{at.astimezone(self.house.zone):%Y-%m-%d %H:%M}", f"{at.astimezone(UTC):%H:%M}"
        return here.startswith(str(day)) and not here.endswith("00:00") and there != "00:00"

    def comers(self, day: date) -> set[int]:
        """The quarters of everybody who is there after a departure on the day."""
        later = (c for c in self.taken if c.cleans and c.nights and c.nights.end > day)
        sold = (c for c in self.taken if not c.cleans and max(self.there(c)) >= self.out(day))
        return {at for claim in (*later, *sold) for at in self.there(claim)}

    def leavers(self, day: date) -> set[int]:
        """The quarters of everybody who is there before an arrival on the day."""
        earlier = (c for c in self.taken if c.cleans and c.nights and c.nights.start < day)
        sold = (c for c in self.taken if not c.cleans and min(self.there(c)) < self.into(day))
        return {at for claim in (*earlier, *sold) for at in self.there(claim)}

    def is_open(self, when: When, turns: datetime, begins: datetime) -> bool:
        opened = when.opens is None or turns - self.now <= when.opens
        return opened and begins - self.now >= when.cut_off

    def is_day(self, when: When, day: date) -> bool:
        return day.weekday() in when.weekdays and not any(
            span.start <= day < span.end for span in when.blackouts
        )

    def is_orphan(self, free: Iterable[date]) -> bool:
        """Whether the free nights, counted away from the stay, are some but too few."""
        count = 0
        for night in free:
            if night in self.closed or night < self.desk.today or count == self.nights.least_gap:
                break
            count += 1
        return 0 < count < self.nights.least_gap

    def after(self) -> list[Span]:
        spans = [Span(self.day, self.day + count * NIGHT) for count in range(1, self.nights.most + 1)]
        return [span for span in spans if self.may_stay_on(span)]

    def may_stay_on(self, span: Span) -> bool:
        leaves, end = self.house.instant(self.day, self.house.check_out), self.out(span.end)
        if span.start < self.desk.today or not self.is_open(self.nights.when, leaves, leaves):
            return False
        if self.is_orphan(span.end + number * NIGHT for number in range(9)):
            return False
        return self.may_sleep(span) and not self.comers(span.end) & set(
            range(end, end + self.pause(span.end))
        )

    def before(self) -> list[Span]:
        spans = [Span(self.day - count * NIGHT, self.day) for count in range(1, self.nights.most + 1)]
        return [span for span in spans if self.may_come_before(span)]

    def may_come_before(self, span: Span) -> bool:
        comes, start = self.house.instant(self.day, self.house.check_in), self.into(span.start)
        begins = self.house.instant(span.start, self.house.check_in)
        if span.start < self.desk.today or not self.is_open(self.nights.when, comes, begins):
            return False
        if self.is_orphan(span.start - number * NIGHT for number in range(1, 9)):
            return False
        return self.may_sleep(span) and not self.leavers(span.start) & set(
            range(start - self.pause(span.start), start)
        )

    def may_sleep(self, span: Span) -> bool:
        days = all(self.is_day(self.nights.when, night) for night in span.nights())
        hours = set(range(self.into(span.start), self.out(span.end)))
        return days and not nights_of(span) & self.closed and not hours & self.busy_hours

    def late(self) -> list[tuple[datetime, date | None]]:
        """Until when, and the night that is lost."""
        begins, rules = self.house.instant(self.day, self.house.check_out), self.hours
        if self.day < self.desk.today or not self.is_open(rules.when, begins, begins):
            return []
        found = []
        comers = self.comers(self.day)
        limit = self.house.instant(self.day, rules.limit) if rules.limit else None
        for count in range(1, 27 * 4):
            until = begins + count * rules.step
            if (
                until - begins > rules.most
                or (limit and until > limit)
                or not self.is_day(rules.when, self.day)
            ):
                break
            hours = painted(begins, until)
            if hours & self.busy_hours or painted(begins, until + self.needed * QUARTER) & comers:
                break
            if max(hours) >= self.out(self.day + NIGHT):
                break
            arrival = range(self.into(self.day) - self.pause(self.day), self.into(self.day) + FAR * 96)
            lost = self.day if self.day not in self.closed and hours & set(arrival) else None
            if lost and not rules.closes_night:
                break
            found.append((until, lost))
        return found

    def early(self) -> list[tuple[datetime, date | None]]:
        """From when, and the night that is lost."""
        ends, rules, eve = self.house.instant(self.day, self.house.check_in), self.hours, self.day - NIGHT
        if self.day < self.desk.today:
            return []
        found = []
        leavers = self.leavers(self.day)
        limit = self.house.instant(self.day, rules.limit) if rules.limit else None
        for count in range(1, 27 * 4):
            start = ends - count * rules.step
            if (
                ends - start > rules.most
                or (limit and start < limit)
                or not self.is_day(rules.when, self.day)
            ):
                break
            hours = painted(start, ends)
            if hours & self.busy_hours or painted(start - self.needed * QUARTER, ends) & leavers:
                break
            if not self.is_open(rules.when, ends, start) or min(hours) < self.into(eve):
                break
            gone = range(self.out(self.day) - FAR * 96, self.out(self.day) + self.pause(self.day))
            is_free = eve not in self.closed and eve >= self.desk.today
            lost = eve if is_free and hours & set(gone) else None
            if lost and not rules.closes_night:
                break
            found.append((start, lost))
        return found
