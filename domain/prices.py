"""What nights and hours cost: the host's rates, what falls off them, and the taxes on top.

All of it is integer arithmetic in minor units; every line is rounded by itself, so that the lines add up to the
total. Rules that contradict themselves raise ValueError. `docs/pricing.md` states the guarantees.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from domain.money import Money, rounded, share, total
from domain.spans import Span

HUNDRED = 100


def refuse(contradiction: bool, reason: str) -> None:
    """Raise ValueError with the reason when rules contradict themselves."""
    if contradiction:
        raise ValueError(reason)


def _refuse_percentage(percent: int) -> None:
    refuse(not 0 <= percent <= HUNDRED, f"{percent} % can't fall off a price")


class Item(StrEnum):
    """What a line of a price is for."""

    NIGHT = "night"
    HOURS = "hours"
    LOST_NIGHT = "lost_night"
    LENGTH = "length"
    WEEKEND = "weekend"
    LAST_MINUTE = "last_minute"
    GAP = "gap"
    MINIMUM = "minimum"
    ROUNDING = "rounding"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a price; `on` is the night it is for, `name` the host's word for a tax."""

    item: Item
    amount: Money
    on: date | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """The lines of a price; what the guest pays is their sum."""

    lines: tuple[Line, ...]
    currency: str

    @property
    def total(self) -> Money:
        """What the guest pays."""
        return total((line.amount for line in self.lines), self.currency)

    @property
    def net(self) -> Money:
        """The same without taxes."""
        return total((line.amount for line in self.lines if line.item is not Item.TAX), self.currency)


@dataclass(frozen=True, slots=True)
class Season:
    """Nights with rates of their own."""

    nights: Span
    base: int
    weekdays: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        refuse(min((self.base, *(rate for _, rate in self.weekdays))) < 0, "a rate can't be below zero")


@dataclass(frozen=True, slots=True)
class Rates:
    """What a night costs on the channels, in minor units: a base, weekdays (Monday is 0), seasons.

    The first season that holds a night decides; inside it, a weekday's rate goes before its base.
    """

    currency: str
    base: int
    weekdays: tuple[tuple[int, int], ...] = ()
    seasons: tuple[Season, ...] = ()

    def __post_init__(self) -> None:
        refuse(min((self.base, *(rate for _, rate in self.weekdays))) < 0, "a rate can't be below zero")

    def of(self, night: date) -> Money:
        """The rate of one night."""
        season = next((season for season in self.seasons if night in season.nights), None)
        base, weekdays = (season.base, season.weekdays) if season else (self.base, self.weekdays)
        return Money(dict(weekdays).get(night.weekday(), base), self.currency)


@dataclass(frozen=True, slots=True)
class NightPrice:
    """How an extra night is priced: `fixed` minor units, or `percent` of its rate.

    `steps` are (from the nth night on, percent off): each night is reduced by the largest step that has begun, so a
    longer stay never costs less than a shorter one.
    """

    fixed: int | None = None
    percent: int = HUNDRED
    steps: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        refuse(min(self.fixed or 0, self.percent) < 0, "a night's price can't be below zero")
        refuse(any(begins < 1 for begins, _ in self.steps), "the first extra night is number 1")
        for _, percent in self.steps:
            _refuse_percentage(percent)

    def of(self, night: date, rates: Rates) -> Money:
        """One night before anything falls off."""
        fixed = self.fixed
        return rates.of(night).share(self.percent) if fixed is None else Money(fixed, rates.currency)

    def off(self, number: int) -> int:
        """The percentage that falls off the nth night, the first being 1."""
        return max((percent for begins, percent in self.steps if number >= begins), default=0)


@dataclass(frozen=True, slots=True)
class HourPrice:
    """How hours are priced: `fixed` for any slot, else `slots` as (up to so many minutes, amount), else `per_hour`.

    All amounts are minor units. Beyond the last slot its amount holds; a longer slot never costs less.
    """

    fixed: int | None = None
    per_hour: int = 0
    slots: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        amounts = [amount for _, amount in sorted(self.slots)]
        refuse(min((self.fixed or 0, self.per_hour, *amounts)) < 0, "an hour's price can't be below zero")
        refuse(len(dict(self.slots)) < len(amounts), "two slots are equally long")
        refuse(amounts != sorted(amounts), "a longer slot can't cost less than a shorter one")

    def of(self, length: timedelta, currency: str) -> Money:
        """What so many hours cost; a part of an hour costs its part."""
        minutes = length // timedelta(minutes=1)
        if self.fixed is not None:
            return Money(self.fixed, currency)
        if self.slots:
            rising = sorted(self.slots)
            amount = next((amount for most, amount in rising if minutes <= most), rising[-1][1])
            return Money(amount, currency)
        return Money(self.per_hour * minutes, currency).share(1, 60)


@dataclass(frozen=True, slots=True)
class Discounts:
    """Percentages that fall off: weekend nights (negative: a surcharge), a late purchase, a gap that is filled."""

    weekend: int = 0
    weekend_days: frozenset[int] = frozenset({4, 5})
    last_minute: int = 0
    last_minute_within: timedelta = timedelta()
    gap: int = 0

    def __post_init__(self) -> None:
        for percent in (max(self.weekend, 0), self.last_minute, self.gap):
            _refuse_percentage(percent)


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax on top: `percent` in hundredths of a percent, and an amount per night, per person where `per_person`."""

    name: str
    percent: int = 0
    per_night: int = 0
    per_person: bool = False

    def __post_init__(self) -> None:
        refuse(min(self.percent, self.per_night) < 0, "a tax can't be below zero")

    def of(self, net: int, nights: int, persons: int) -> int:
        """What it comes to, in minor units like `net`, which is the price without taxes."""
        heads = persons if self.per_person else 1
        return share(net, self.percent, HUNDRED * HUNDRED) + self.per_night * nights * heads


@dataclass(frozen=True, slots=True)
class Pricing:
    """Everything that makes a price of nights or hours.

    `minimum` and `step` are minor units of the price without taxes: the least it can be, and what it is rounded to
    (half up, but never below the minimum or to nothing). `adds_lost_night`: hours that close a night cost that too.
    """

    rates: Rates
    nights: NightPrice = NightPrice()
    hours: HourPrice = HourPrice()
    discounts: Discounts = Discounts()
    taxes: tuple[Tax, ...] = ()
    minimum: int = 0
    step: int = 1
    adds_lost_night: bool = True

    def __post_init__(self) -> None:
        refuse(self.minimum < 0, "the minimum can't be below zero")
        refuse(self.step < 1, "prices can't be rounded to less than one minor unit")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a price depends on beside the nights.

    `until` is the time left until the guest leaves or comes by the house's own times; `fills_gap` when no night is
    left between this stay and the next or the last.
    """

    until: timedelta
    fills_gap: bool = False
    persons: int = 1


def lines_of_night(number: int, night: date, pricing: Pricing) -> tuple[Line, ...]:
    """What the nth extra night adds to a price, the night next to the stay being the first.

    A weekend's percentage is one of what the length has left of the night.
    """
    price, discounts = pricing.nights.of(night, pricing.rates), pricing.discounts
    length = share(price.amount, -pricing.nights.off(number))
    is_weekend = discounts.weekend and night.weekday() in discounts.weekend_days
    weekend = share(price.amount + length, -discounts.weekend) if is_weekend else 0
    changes = ((Item.LENGTH, length), (Item.WEEKEND, weekend))
    return (
        Line(Item.NIGHT, price, night),
        *(Line(item, Money(amount, price.currency), night) for item, amount in changes if amount),
    )


def of_nights(lines: Sequence[Line], count: int, pricing: Pricing, occasion: Occasion) -> Price:
    """What so many extra nights cost together, given the lines of all of them."""
    return _finished(list(lines), count, pricing, occasion)


def of_hours(length: timedelta, pricing: Pricing, occasion: Occasion, *, lost: date | None = None) -> Price:
    """What so many hours cost, with the night that they make impossible where the host charges it."""
    lines = [Line(Item.HOURS, pricing.hours.of(length, pricing.rates.currency))]
    if lost is not None and pricing.adds_lost_night:
        lines.append(Line(Item.LOST_NIGHT, pricing.nights.of(lost, pricing.rates), lost))
    return _finished(lines, 0, pricing, occasion)


def _finished(lines: list[Line], nights: int, pricing: Pricing, occasion: Occasion) -> Price:
    """What the lines come to: reduced, not below the minimum, rounded as the host wants, and with the taxes on it."""
    currency, step = pricing.rates.currency, pricing.step
    net = sum(line.amount.amount for line in lines)
    item, off = _reduction(pricing.discounts, occasion)
    reduced = net - share(net, off)
    least = max(reduced, pricing.minimum)
    round_sum = rounded(least, step)
    if round_sum < max(pricing.minimum, min(least, 1)):
        round_sum += step
    for reason, amount in ((item, reduced), (Item.MINIMUM, least), (Item.ROUNDING, round_sum)):
        if amount != net:
            lines.append(Line(reason, Money(amount - net, currency)))
        net = amount
    return Price((*lines, *_taxes(net, nights, pricing, occasion)), currency)


def _reduction(discounts: Discounts, occasion: Occasion) -> tuple[Item, int]:
    """What falls off the whole: the larger of the gap's and the late purchase's percentage, never both."""
    late = discounts.last_minute if occasion.until <= discounts.last_minute_within else 0
    gap = discounts.gap if occasion.fills_gap else 0
    return (Item.GAP, gap) if gap > late else (Item.LAST_MINUTE, late)


def _taxes(net: int, nights: int, pricing: Pricing, occasion: Occasion) -> Iterator[Line]:
    for tax in pricing.taxes:
        if amount := tax.of(net, nights, occasion.persons):
            yield Line(Item.TAX, Money(amount, pricing.rates.currency), name=tax.name)
