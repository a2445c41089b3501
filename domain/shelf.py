"""What may be sold to a guest, and why not more: pure rules over a property's diary.

Every function gives quotes that can be bought as they stand, and the rules that stopped others. Nothing here opens
time that the diary has taken: a rule that can't be met gives no quote.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from domain.diary import Diary, turnaround
from domain.house import House
from domain.prices import Occasion, Price, Pricing, of_hours, of_nights, of_nights_before
from domain.spans import NIGHT, Period, Span

EVERY_DAY = frozenset(range(7))
INSTANT_WITHIN = timedelta(minutes=20)
FRESH = timedelta(minutes=60)


class Kind(StrEnum):
    """What is sold."""

    EXTRA_NIGHTS = "extra_nights"
    NIGHTS_BEFORE = "nights_before"
    LATE_CHECK_OUT = "late_check_out"
    EARLY_CHECK_IN = "early_check_in"


class Mode(StrEnum):
    """How a sale comes about: at once, when the host agrees, or not at all."""

    INSTANT = "instant"
    APPROVAL = "approval"
    OFF = "off"


class Why(StrEnum):
    """The rule that stopped an offer."""

    OVER = "over"  # the day is past
    CUT_OFF = "cut_off"  # too late to buy; `at` is when it was still possible
    NOT_YET = "not_yet"  # too early to buy; `at` is when it becomes possible
    TAKEN = "taken"  # the night is taken; `night`
    MOST = "most"  # the host sells no more than this
    ORPHAN = "orphan"  # a gap too short to sell would be left; `count` nights of it
    WEEKDAY = "weekday"  # not sold on this day of the week; `night`
    BLACKOUT = "blackout"  # the host excluded the date; `night`
    TURNAROUND = "turnaround"  # no time left to clean; `at` is the neighbour's arrival or departure
    HOURS = "hours"  # something else needs these hours, such as the cleaning; `at` is when it begins or ends
    LIMIT = "limit"  # the host's latest or earliest time; `at`
    CLOSES_NIGHT = "closes_night"  # it would make a night unsellable, which the host doesn't allow; `night`
    SOLD = "sold"  # one was sold for this turnover already
    CLEANERS = "cleaners"  # the cleaners have no room that day; `count` is what they can do


@dataclass(frozen=True, slots=True)
class Stop:
    """Which rule stopped what: of nights or slots `count` long and more, or of all when it is 0."""

    why: Why
    night: date | None = None
    at: datetime | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class When:
    """On which days something is sold, and how long before.

    `opens` is how long before at the earliest (None: always), `cut_off` how long before at the latest.
    """

    weekdays: frozenset[int] = EVERY_DAY
    blackouts: tuple[Span, ...] = ()
    opens: timedelta | None = None
    cut_off: timedelta = timedelta()

    def stop(self, begins: datetime, now: datetime) -> Stop | None:
        """Why nothing that begins at the instant is sold now, as far as the clock goes."""
        if now > begins - self.cut_off:
            return Stop(Why.CUT_OFF, at=begins - self.cut_off)
        if self.opens is not None and now < begins - self.opens:
            return Stop(Why.NOT_YET, at=begins - self.opens)
        return None

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


@dataclass(frozen=True, slots=True)
class Quote:
    """What a guest can buy: the nights it closes (None for hours alone), the period it takes, and its price."""

    kind: Kind
    nights: Span | None
    period: Period
    price: Price

    @property
    def key(self) -> str:
        """Names the quote among those for one stay: what is chosen, not what it costs."""
        length = len(self.nights) if self.nights and self.kind in NIGHTLY else 0
        return (
            f"{self.kind}-{length or int(self.period.start.timestamp())}-{int(self.period.end.timestamp())}"
        )


NIGHTLY = frozenset({Kind.EXTRA_NIGHTS, Kind.NIGHTS_BEFORE})


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
    house, diary, now = desk.house, desk.diary, desk.now
    if departure < desk.today:
        return Found(stops=(Stop(Why.OVER, night=departure),))
    if stop := rules.when.stop(house.instant(departure, house.check_out), now):
        return Found(stops=(stop,))
    gap = diary.free_after(departure, rules.most + rules.least_gap)
    if gap is None:
        return Found(stops=(Stop(Why.TAKEN, night=departure),))
    ends = len(gap) < rules.most + rules.least_gap
    until = house.instant(departure, house.check_in) - now

    def quote(count: int) -> Quote:
        nights = Span(departure, departure + count * NIGHT)
        occasion = Occasion(until, fills_gap=ends and count == len(gap), persons=desk.persons)
        return Quote(Kind.EXTRA_NIGHTS, nights, house.stay(nights), of_nights(nights, desk.pricing, occasion))

    days = [departure + number * NIGHT for number in range(len(gap))]
    return _nightly(days, ends, rules, quote, lambda count: _tight_end(diary, departure + count * NIGHT))


def nights_before(arrival: date, rules: NightRules, desk: Desk) -> Found:
    """The free nights that end on the arrival day, one quote per length; none that has begun."""
    house, diary, now, today = desk.house, desk.diary, desk.now, desk.today
    if arrival <= today:
        return Found(stops=(Stop(Why.OVER, night=arrival),))
    gap = diary.free_before(arrival, rules.most + rules.least_gap)
    if gap is None:
        return Found(stops=(Stop(Why.TAKEN, night=arrival - NIGHT),))
    ends = len(gap) < rules.most + rules.least_gap

    def quote(count: int) -> Quote:
        nights = Span(arrival - count * NIGHT, arrival)
        until = house.instant(nights.start, house.check_in) - now
        occasion = Occasion(until, fills_gap=ends and count == len(gap), persons=desk.persons)
        return Quote(
            Kind.NIGHTS_BEFORE, nights, house.stay(nights), of_nights_before(nights, desk.pricing, occasion)
        )

    def late(count: int) -> Stop | None:
        first = arrival - count * NIGHT
        if first < today:
            return Stop(Why.OVER, night=first)
        return rules.when.stop(house.instant(first, house.check_in), now) or _tight_start(diary, first)

    days = [arrival - number * NIGHT for number in range(1, len(gap) + 1)]
    return _nightly(days, ends, rules, quote, late)


def _nightly(
    days: Sequence[date],
    ends: bool,
    rules: NightRules,
    quote: Callable[[int], Quote],
    hinders: Callable[[int], Stop | None],
) -> Found:
    """Quotes for the first one, two, three … of the free nights; `ends` when the gap holds no more than these."""
    quotes: list[Quote] = []
    stops: list[Stop] = []
    for count, night in enumerate(days[: rules.most], 1):
        if forbidden := rules.when.forbids(night):
            stops.append(replace(forbidden, count=count))
            break
        left = len(days) - count if ends else rules.least_gap
        if stop := hinders(count):
            stops.append(replace(stop, count=count))
        elif 0 < left < rules.least_gap:
            stops.append(Stop(Why.ORPHAN, night=night, count=count))
        else:
            quotes.append(quote(count))
    else:
        stops.append(
            Stop(Why.MOST, count=rules.most)
            if len(days) >= rules.most
            else Stop(Why.TAKEN, night=_beyond(days), count=len(days) + 1)
        )
    return Found(tuple(quotes), tuple(stops))


def _beyond(days: Sequence[date]) -> date:
    """The night after the last, in the direction in which they run."""
    return days[-1] + NIGHT if len(days) == 1 or days[-1] > days[0] else days[-1] - NIGHT


def _tight_end(diary: Diary, day: date) -> Stop | None:
    """Why a stay can't end on the day: somebody bought an early arrival that leaves no time to clean."""
    arrival = diary.next_arrival(day)
    leaves = diary.house.instant(day, diary.house.check_out)
    tight = arrival is not None and arrival - leaves < _usual_pause(diary, day)
    return Stop(Why.TURNAROUND, at=arrival) if tight else None


def _tight_start(diary: Diary, day: date) -> Stop | None:
    """Why a stay can't begin on the day: somebody bought a late departure that leaves no time to clean."""
    left = diary.previous_departure(day)
    comes = diary.house.instant(day, diary.house.check_in)
    tight = left is not None and comes - left < _usual_pause(diary, day)
    return Stop(Why.TURNAROUND, at=left) if tight else None


def _usual_pause(diary: Diary, day: date) -> timedelta:
    """The time between two guests that the host accepts: the turnaround, or what the house's own times leave."""
    house = diary.house
    return min(turnaround(house), house.instant(day, house.check_in) - house.instant(day, house.check_out))


def late_check_out(departure: date, rules: HourRules, desk: Desk) -> Found:
    """Later check-outs on the departure day, step by step until the latest safe instant."""
    house, diary = desk.house, desk.diary
    begins = house.instant(departure, house.check_out)
    if stop := _hours_stop(departure, begins, rules, desk):
        return Found(stops=(stop,))
    bounds = [Stop(Why.MOST, at=begins + rules.most)]
    if rules.limit is not None:
        bounds.append(Stop(Why.LIMIT, at=house.instant(departure, rules.limit)))
    if arrival := diary.next_arrival(departure):
        bounds.append(Stop(Why.TURNAROUND, at=arrival - turnaround(house)))
    bounds += [Stop(Why.HOURS, at=each.start) for each in diary.hours if each.end > begins]
    last = min(bounds, key=_instant)
    safe = house.instant(departure, house.check_in) - turnaround(house)

    def quote(until: datetime) -> Quote:
        lost = departure if until > safe else None
        return _hours(Kind.LATE_CHECK_OUT, Period(begins, until), lost, desk)

    ends = _steps(begins, _instant(last), rules.step)
    return _hourly([quote(end) for end in ends], last, rules, diary)


def early_check_in(arrival: date, rules: HourRules, desk: Desk) -> Found:
    """Earlier check-ins on the arrival day, step by step until the earliest safe instant."""
    house, diary = desk.house, desk.diary
    ends = house.instant(arrival, house.check_in)
    if stop := _hours_stop(arrival, ends, rules, desk):
        return Found(stops=(stop,))
    bounds = [Stop(Why.MOST, at=ends - rules.most), Stop(Why.CUT_OFF, at=desk.now + rules.when.cut_off)]
    if rules.limit is not None:
        bounds.append(Stop(Why.LIMIT, at=house.instant(arrival, rules.limit)))
    if departure := diary.previous_departure(arrival):
        bounds.append(Stop(Why.TURNAROUND, at=departure + turnaround(house)))
    bounds += [Stop(Why.HOURS, at=each.end) for each in diary.hours if each.start < ends]
    first = max(bounds, key=_instant)
    safe = house.instant(arrival, house.check_out) + turnaround(house)

    def quote(start: datetime) -> Quote:
        lost = arrival - NIGHT if start < safe else None
        return _hours(Kind.EARLY_CHECK_IN, Period(start, ends), lost, desk)

    starts = _steps(ends, _instant(first), -rules.step)
    return _hourly([quote(start) for start in starts], first, rules, diary)


def _hours_stop(day: date, at: datetime, rules: HourRules, desk: Desk) -> Stop | None:
    """Why no hours are sold at this turnover at all."""
    if day < desk.today:
        return Stop(Why.OVER, night=day)
    if stop := rules.when.stop(at, desk.now) or rules.when.forbids(day):
        return stop
    if any(claim.changes_turnover(day, desk.house) for claim in desk.diary.taken):
        return Stop(Why.SOLD, night=day)
    if rules.capacity is not None and desk.cleaned.get(day, 0) >= rules.capacity:
        return Stop(Why.CLEANERS, night=day, count=rules.capacity)
    return None


def _steps(start: datetime, last: datetime, step: timedelta) -> Iterator[datetime]:
    """The instants one step after the other, up to `last`, or down to it when the step is negative."""
    at = start + step
    while (at <= last) if step > timedelta() else (at >= last):
        yield at
        at += step


def _hours(kind: Kind, period: Period, lost: date | None, desk: Desk) -> Quote:
    occasion = Occasion(period.start - desk.now, persons=desk.persons)
    price = of_hours(period.end - period.start, desk.pricing, occasion, lost=lost)
    return Quote(kind, Span(lost, lost + NIGHT) if lost else None, period, price)


def _hourly(quotes: list[Quote], bound: Stop, rules: HourRules, diary: Diary) -> Found:
    """The quotes up to the first that closes a night which isn't free or may not be closed."""
    for number, quote in enumerate(quotes):
        lost = quote.nights.start if quote.nights else None
        if lost is not None and diary.is_taken(lost):
            return Found(tuple(quotes[:number]), (Stop(Why.TAKEN, night=lost, count=number + 1),))
        if lost is not None and not rules.closes_night:
            return Found(tuple(quotes[:number]), (Stop(Why.CLOSES_NIGHT, night=lost, count=number + 1),))
    return Found(tuple(quotes), (replace(bound, count=len(quotes) + 1),))


def _instant(stop: Stop) -> datetime:
    if stop.at is None:
        message = "this stop has no instant"
        raise ValueError(message)
    return stop.at
