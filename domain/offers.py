"""What may be sold to a guest, and why not more: pure rules over a property's diary.

Every function gives quotes that can be bought as they stand, and the rules that stopped others. Nothing here opens
time that the diary has taken: a rule that can't be met gives no quote, rules that contradict themselves raise
ValueError. `docs/pricing.md` states the guarantees.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from operator import itemgetter

from domain.diary import Diary, Taken, margins, turnaround
from domain.house import House
from domain.prices import Line, Occasion, Price, Pricing, lines_of_night, of_hours, of_nights, refuse
from domain.spans import NIGHT, Period, Span
from domain.stops import Stop, Why

EVERY_DAY = frozenset(range(7))
SHORTEST_STEP = timedelta(minutes=15)
INSTANT_WITHIN = timedelta(minutes=20)
FRESH = timedelta(minutes=60)


class Kind(StrEnum):
    """What is sold."""

    EXTRA_NIGHTS = "extra_nights"
    NIGHTS_BEFORE = "nights_before"
    LATE_CHECK_OUT = "late_check_out"
    EARLY_CHECK_IN = "early_check_in"


NIGHTLY = frozenset({Kind.EXTRA_NIGHTS, Kind.NIGHTS_BEFORE})


class Mode(StrEnum):
    """How a sale comes about: at once, when the host agrees, or not at all."""

    INSTANT = "instant"
    APPROVAL = "approval"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class When:
    """On which days something is sold, and how long before.

    `opens`: how long before the guest leaves or comes by the house's own times, at the earliest (None: always).
    `cut_off`: how long before what is sold begins, at the latest.
    """

    weekdays: frozenset[int] = EVERY_DAY
    blackouts: tuple[Span, ...] = ()
    opens: timedelta | None = None
    cut_off: timedelta = timedelta()

    def __post_init__(self) -> None:
        refuse(self.cut_off < timedelta(), "nothing is sold after it has begun")
        refuse(self.opens is not None and self.opens < self.cut_off, "sales would end before they open")

    def too_soon(self, turns: datetime, now: datetime) -> Stop | None:
        """Why nothing is sold yet to a guest who leaves or comes at the instant."""
        if self.opens is None or now >= turns - self.opens:
            return None
        return Stop(Why.NOT_YET, at=turns - self.opens)

    def too_late(self, begins: datetime, now: datetime) -> Stop | None:
        """Why nothing that begins at the instant is sold any more."""
        return Stop(Why.CUT_OFF, at=begins - self.cut_off) if now > begins - self.cut_off else None

    def forbids(self, day: date) -> Stop | None:
        """Why nothing is sold for the day, as far as the calendar goes."""
        if any(day in span for span in self.blackouts):
            return Stop(Why.BLACKOUT, night=day)
        return None if day.weekday() in self.weekdays else Stop(Why.WEEKDAY, night=day)


@dataclass(frozen=True, slots=True)
class NightRules:
    """How many extra nights at most, and the shortest gap (in nights) that may be left behind beside none."""

    most: int
    least_gap: int = 0
    when: When = When()

    def __post_init__(self) -> None:
        refuse(self.most < 1, "at least one night must be for sale")
        refuse(self.least_gap < 0, "a gap can't be shorter than none")


@dataclass(frozen=True, slots=True)
class HourRules:
    """How much later or earlier at most, in which steps, and not beyond which local time.

    `closes_night`: slots that make the night beside them unsellable may be sold while it is free. `capacity` is how
    many changed turnovers the cleaners can take on a day, over all properties (None: any number).
    """

    most: timedelta
    step: timedelta = timedelta(hours=1)
    limit: time | None = None
    closes_night: bool = True
    capacity: int | None = None
    when: When = When()

    def __post_init__(self) -> None:
        refuse(self.step < SHORTEST_STEP, "a step takes a quarter of an hour at least")
        refuse(self.most < self.step, "one step must fit into the most that is sold")


@dataclass(frozen=True, slots=True)
class Quote:
    """What a guest can buy: the nights it closes (None for hours alone), the period it takes, and its price."""

    kind: Kind
    nights: Span | None
    period: Period
    price: Price

    @property
    def key(self) -> str:
        """Names the quote among those for one stay by what it is, not by what it costs: nights, or minutes."""
        if self.nights and self.kind in NIGHTLY:
            return f"{self.kind}-{len(self.nights)}"
        return f"{self.kind}-{(self.period.end - self.period.start) // timedelta(minutes=1)}"


@dataclass(frozen=True, slots=True)
class Found:
    """The quotes for one stay, shortest first, and what stopped others."""

    quotes: tuple[Quote, ...] = ()
    stops: tuple[Stop, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """What every offer is reckoned with: the diary, the prices, the clock, how many persons stay.

    `cleaned` tells for a day how many changed turnovers the cleaners have there already.
    """

    diary: Diary
    pricing: Pricing
    now: datetime
    persons: int = 1
    cleaned: Mapping[date, int] = field(default_factory=dict)

    @property
    def house(self) -> House:
        """The property's clock."""
        return self.diary.house

    @property
    def today(self) -> date:
        """The property's own date."""
        return self.house.today(self.now)


def mode(wished: Mode, last_good_reads: Iterable[datetime | None], now: datetime) -> Mode:
    """What the freshness of the feeds leaves of the mode that the host wished.

    All read within 20 minutes: as wished. Within an hour: a request at most. Else, or without any feed: off.
    """
    reads = list(last_good_reads)
    if wished is Mode.OFF or not reads or any(read is None or now - read > FRESH for read in reads):
        return Mode.OFF
    fresh = all(read is not None and now - read <= INSTANT_WITHIN for read in reads)
    return wished if fresh else Mode.APPROVAL


def nights_after(departure: date, rules: NightRules, desk: Desk) -> Found:
    """The free nights that begin on the departure day, one quote per length."""
    house, diary = desk.house, desk.diary
    if departure < desk.today:
        return _none(Stop(Why.OVER, night=departure))
    leaves = house.instant(departure, house.check_out)
    if (
        stop := _sold(departure, diary.later(leaves))
        or rules.when.too_soon(leaves, desk.now)
        or rules.when.too_late(leaves, desk.now)
    ):
        return _none(stop)
    gap = diary.free_after(departure, rules.most + rules.least_gap)
    if gap is None:
        return _none(Stop(Why.TAKEN, night=departure))
    closed = diary.closed_from(house.instant(departure, house.check_in))

    def hinders(nights: Span) -> Stop | None:
        last = nights.end - NIGHT
        if last not in gap:
            return Stop(Why.TAKEN, night=last)
        if stop := rules.when.forbids(last):
            return stop
        if closed and house.instant(nights.end, house.check_out) > closed.start:
            return Stop(Why.HOURS, at=closed.start)
        return tight_end(diary, nights.end) or _orphan(nights.end, gap.end, rules)

    spans = (Span(departure, departure + count * NIGHT) for count in range(1, rules.most + 1))
    return _nightly(Kind.EXTRA_NIGHTS, spans, hinders, leaves, desk)


def nights_before(arrival: date, rules: NightRules, desk: Desk) -> Found:
    """The free nights that end on the arrival day, one quote per length; none that has begun."""
    house, diary, today = desk.house, desk.diary, desk.today
    if arrival <= today:
        return _none(Stop(Why.OVER, night=arrival - NIGHT))
    comes = house.instant(arrival, house.check_in)
    if stop := _sold(arrival, diary.earlier(comes)) or rules.when.too_soon(comes, desk.now):
        return _none(stop)
    gap = diary.free_before(arrival, rules.most + rules.least_gap)
    if gap is None:
        return _none(Stop(Why.TAKEN, night=arrival - NIGHT))
    closed = diary.closed_until(house.instant(arrival, house.check_out))

    def hinders(nights: Span) -> Stop | None:
        first = nights.start
        if first < today or first not in gap:
            return Stop(Why.OVER if first < today else Why.TAKEN, night=first)
        begins = house.instant(first, house.check_in)
        if stop := rules.when.forbids(first) or rules.when.too_late(begins, desk.now):
            return stop
        if closed and begins < closed.end:
            return Stop(Why.HOURS, at=closed.end)
        return tight_start(diary, first) or _orphan(max(gap.start, today), first, rules)

    spans = (Span(arrival - count * NIGHT, arrival) for count in range(1, rules.most + 1))
    return _nightly(Kind.NIGHTS_BEFORE, spans, hinders, comes, desk)


def _nightly(
    kind: Kind, spans: Iterable[Span], hinders: Callable[[Span], Stop | None], turns: datetime, desk: Desk
) -> Found:
    """A quote for each of the rising spans that nothing hinders; only an orphan is mended by a longer one."""
    after = kind is Kind.EXTRA_NIGHTS
    quotes: list[Quote] = []
    stops: list[Stop] = []
    lines: list[Line] = []
    count = 0
    for count, nights in enumerate(spans, 1):
        lines += lines_of_night(count, nights.end - NIGHT if after else nights.start, desk.pricing)
        stop = hinders(nights)
        if stop is None:
            fills = desk.diary.is_taken(nights.end if after else nights.start - NIGHT)
            price = of_nights(lines, count, desk.pricing, Occasion(turns - desk.now, fills, desk.persons))
            quotes.append(Quote(kind, nights, desk.house.stay(nights), price))
            continue
        stops.append(replace(stop, count=count))
        if stop.why is not Why.ORPHAN:
            break
    else:
        stops.append(Stop(Why.MOST, count=count + 1))
    return Found(tuple(quotes), tuple(stops))


def _sold(day: date, claim: Taken | None) -> Stop | None:
    """Why the guest of this turnover gets nothing more: they have bought beside it, or are about to until `at`."""
    return Stop(Why.SOLD, night=day, at=claim.held_until) if claim else None


def _orphan(begins: date, ends: date, rules: NightRules) -> Stop | None:
    """Why the free nights between the two days can't be left behind; none is fine."""
    is_short = timedelta() < ends - begins < rules.least_gap * NIGHT
    return Stop(Why.ORPHAN, night=begins) if is_short else None


def tight_end(diary: Diary, day: date) -> Stop | None:
    """Why a stay can't end on the day: somebody comes so early that no time is left to clean."""
    comes, earliest = diary.next_arrival(day), margins(diary.house, day)[0]
    return Stop(Why.TURNAROUND, at=comes) if comes and comes < earliest else None


def tight_start(diary: Diary, day: date) -> Stop | None:
    """Why a stay can't begin on the day: somebody leaves so late that no time is left to clean."""
    leaves, latest = diary.previous_departure(day), margins(diary.house, day)[1]
    return Stop(Why.TURNAROUND, at=leaves) if leaves and leaves > latest else None


def late_check_out(departure: date, rules: HourRules, desk: Desk) -> Found:
    """Later check-outs on the departure day, step by step until the latest safe instant."""
    house, diary = desk.house, desk.diary
    begins = house.instant(departure, house.check_out)
    if stop := _closed(departure, begins, rules, desk):
        return _none(stop)
    if stop := _sold(departure, diary.joined(departure) or diary.later(begins)):
        return _none(stop)
    most = min(begins + rules.most, house.instant(departure + NIGHT, house.check_out))
    bounds = [(most, Stop(Why.MOST, at=most))]
    if rules.limit is not None:
        limit = house.instant(departure, rules.limit)
        bounds.append((limit, Stop(Why.LIMIT, at=limit)))
    if comes := diary.next_arrival(departure):
        safest = comes - turnaround(house)
        bounds.append((safest, Stop(Why.TURNAROUND, at=comes, turn=safest)))
    if closed := diary.closed_from(begins):
        edge = closed.start if closed.start > begins else closed.end
        bounds.append((closed.start, Stop(Why.HOURS, at=edge)))
    last, bound = min(bounds, key=itemgetter(0))
    safe = margins(house, departure)[1]
    free = None if diary.is_taken(departure) else departure

    def quote(until: datetime) -> Quote:
        return _hours(
            Kind.LATE_CHECK_OUT, Period(begins, until), free if until > safe else None, begins, desk
        )

    count = max((last - begins) // rules.step, 0)
    return _hourly([quote(begins + number * rules.step) for number in range(1, count + 1)], bound, rules)


def early_check_in(arrival: date, rules: HourRules, desk: Desk) -> Found:
    """Earlier check-ins on the arrival day, step by step until the earliest safe instant."""
    house, diary = desk.house, desk.diary
    ends = house.instant(arrival, house.check_in)
    if stop := _closed(arrival, ends, rules, desk):
        return _none(stop)
    if stop := _sold(arrival, diary.joined(arrival) or diary.earlier(ends)):
        return _none(stop)
    most = max(ends - rules.most, house.instant(arrival - NIGHT, house.check_in))
    soonest = desk.now + rules.when.cut_off
    bounds = [(most, Stop(Why.MOST, at=most)), (soonest, Stop(Why.CUT_OFF, at=desk.now))]
    if rules.limit is not None:
        limit = house.instant(arrival, rules.limit)
        bounds.append((limit, Stop(Why.LIMIT, at=limit)))
    if leaves := diary.previous_departure(arrival):
        safest = leaves + turnaround(house)
        bounds.append((safest, Stop(Why.TURNAROUND, at=leaves, turn=safest)))
    if closed := diary.closed_until(ends):
        edge = closed.end if closed.end < ends else closed.start
        bounds.append((closed.end, Stop(Why.HOURS, at=edge)))
    first, bound = max(bounds, key=itemgetter(0))
    safe = margins(house, arrival)[0]
    night = arrival - NIGHT
    free = None if night < desk.today or diary.is_taken(night) else night

    def quote(start: datetime) -> Quote:
        return _hours(Kind.EARLY_CHECK_IN, Period(start, ends), free if start < safe else None, ends, desk)

    count = max((ends - first) // rules.step, 0)
    if bound.why is Why.CUT_OFF:
        missed = ends - (count + 1) * rules.step
        bound = replace(bound, at=missed - rules.when.cut_off, turn=missed)
    return _hourly([quote(ends - number * rules.step) for number in range(1, count + 1)], bound, rules)


def _closed(day: date, turns: datetime, rules: HourRules, desk: Desk) -> Stop | None:
    """Why no hours are sold at this turnover at all, as far as the clock, the calendar and the cleaners go."""
    if day < desk.today:
        return Stop(Why.OVER, night=day)
    when, capacity = rules.when, rules.capacity
    if stop := when.too_soon(turns, desk.now) or when.too_late(turns, desk.now) or when.forbids(day):
        return stop
    full = capacity is not None and desk.cleaned.get(day, 0) >= capacity
    return Stop(Why.CLEANERS, night=day) if full else None


def _hours(kind: Kind, period: Period, lost: date | None, turns: datetime, desk: Desk) -> Quote:
    occasion = Occasion(turns - desk.now, persons=desk.persons)
    price = of_hours(period.end - period.start, desk.pricing, occasion, lost=lost)
    return Quote(kind, Span(lost, lost + NIGHT) if lost else None, period, price)


def _hourly(quotes: list[Quote], bound: Stop, rules: HourRules) -> Found:
    """The quotes up to the bound, or up to the first that closes a night where the host doesn't allow it."""
    for number, quote in enumerate(quotes):
        if quote.nights and not rules.closes_night:
            stop = Stop(Why.CLOSES_NIGHT, night=quote.nights.start, count=number + 1)
            return Found(tuple(quotes[:number]), (stop,))
    return Found(tuple(quotes), (replace(bound, count=len(quotes) + 1),))


def _none(stop: Stop) -> Found:
    return Found(stops=(stop,))
