"""What nights and hours cost: the host's rates, what falls off them, and the taxes on top.

All of it is integer arithmetic in minor units; every line is rounded by itself, so that the lines add up to the
total. `docs/pricing.md` states the guarantees.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from domain.money import Money, total
from domain.spans import Span

HUNDRED = 100


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


@dataclass(frozen=True, slots=True)
class Rates:
    """What a night costs on the channels, in minor units: a base, weekdays (Monday is 0), seasons.

    The first season that holds a night decides; inside it, a weekday's rate goes before its base.
    """

    currency: str
    base: int
    weekdays: tuple[tuple[int, int], ...] = ()
    seasons: tuple[Season, ...] = ()

    def of(self, night: date) -> Money:
        """The rate of one night."""
        season = next((season for season in self.seasons if night in season.nights), None)
        base, weekdays = (season.base, season.weekdays) if season else (self.base, self.weekdays)
        return Money(dict(weekdays).get(night.weekday(), base), self.currency)


@dataclass(frozen=True, slots=True)
class NightPrice:
    """How an extra night is priced: `fixed` minor units, or `percent` of its rate.

    `steps` are (from the nth night on, percent off): each night is reduced by the step it falls in, so a longer
    stay never costs less than a shorter one.
    """

    fixed: int | None = None
    percent: int = HUNDRED
    steps: tuple[tuple[int, int], ...] = ()

    def of(self, night: date, rates: Rates) -> Money:
        """One night before anything falls off."""
        return (
            Money(self.fixed, rates.currency)
            if self.fixed is not None
            else rates.of(night).share(self.percent)
        )

    def off(self, number: int) -> int:
        """The percentage that falls off the nth night, the first being 1."""
        return max((percent for begins, percent in self.steps if number >= begins), default=0)


@dataclass(frozen=True, slots=True)
class HourPrice:
    """How hours are priced: `fixed` for any slot, `per_hour`, or `slots` as (up to so many minutes, amount).

    All amounts are minor units. Beyond the last slot its amount holds.
    """

    fixed: int | None = None
    per_hour: int = 0
    slots: tuple[tuple[int, int], ...] = ()

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


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax on top: `percent` in hundredths of a percent, or an amount per night, per person where `per_person`."""

    name: str
    percent: int = 0
    per_night: int = 0
    per_person: bool = False


@dataclass(frozen=True, slots=True)
class Pricing:
    """Everything that makes a price of nights or hours. `step` is what net totals are rounded to, in minor units."""

    rates: Rates
    nights: NightPrice = NightPrice()
    hours: HourPrice = HourPrice()
    discounts: Discounts = Discounts()
    taxes: tuple[Tax, ...] = ()
    minimum: int = 0
    step: int = 1
    adds_lost_night: bool = True


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a price depends on beside the nights: time left until they begin, a gap that is filled, who stays."""

    until: timedelta
    fills_gap: bool = False
    persons: int = 1


def of_nights(nights: Span, pricing: Pricing, occasion: Occasion) -> Price:
    """What the nights cost, the first of them being the first extra night."""
    return _finished(_night_lines(list(nights.nights()), pricing, occasion), len(nights), pricing, occasion)


def of_nights_before(nights: Span, pricing: Pricing, occasion: Occasion) -> Price:
    """The same for nights before an arrival, where the last night is the first extra one."""
    backwards = list(nights.nights())[::-1]
    return _finished(_night_lines(backwards, pricing, occasion), len(nights), pricing, occasion)


def of_hours(length: timedelta, pricing: Pricing, occasion: Occasion, *, lost: date | None = None) -> Price:
    """What so many hours cost, with the night that they make impossible where the host charges it."""
    amount = pricing.hours.of(length, pricing.rates.currency)
    lines = [Line(Item.HOURS, amount)]
    if lost is not None and pricing.adds_lost_night:
        lines.append(Line(Item.LOST_NIGHT, pricing.nights.of(lost, pricing.rates), lost))
    lines += _reduced(lines, pricing.discounts, occasion)
    return _finished(lines, 0, pricing, occasion)


def _night_lines(nights: Sequence[date], pricing: Pricing, occasion: Occasion) -> list[Line]:
    lines: list[Line] = []
    for number, night in enumerate(nights, 1):
        price = pricing.nights.of(night, pricing.rates)
        lines.append(Line(Item.NIGHT, price, night))
        if off := pricing.nights.off(number):
            lines.append(Line(Item.LENGTH, price.share(-off), night))
        discounts = pricing.discounts
        if discounts.weekend and night.weekday() in discounts.weekend_days:
            lines.append(Line(Item.WEEKEND, price.share(-discounts.weekend), night))
    return lines + _reduced(lines, pricing.discounts, occasion)


def _reduced(lines: Iterable[Line], discounts: Discounts, occasion: Occasion) -> list[Line]:
    """What falls off the whole: the larger of the gap's and the late purchase's percentage, never both."""
    late = discounts.last_minute if occasion.until <= discounts.last_minute_within else 0
    gap = discounts.gap if occasion.fills_gap else 0
    off, item = max((late, Item.LAST_MINUTE), (gap, Item.GAP))
    if off <= 0:
        return []
    lines = list(lines)
    whole = total((line.amount for line in lines), lines[0].amount.currency)
    return [Line(item, whole.share(-off))]


def _finished(lines: list[Line], nights: int, pricing: Pricing, occasion: Occasion) -> Price:
    """Never below the minimum or zero, rounded as the host wants, and with the taxes on it."""
    currency = pricing.rates.currency
    net = total((line.amount for line in lines), currency)
    least = Money(max(pricing.minimum, 0), currency)
    if net < least:
        lines = [*lines, Line(Item.MINIMUM, Money(least.amount - net.amount, currency))]
        net = least
    rounded = net.rounded(pricing.step)
    if rounded < least:
        rounded = Money(rounded.amount + pricing.step, currency)
    if rounded != net:
        lines = [*lines, Line(Item.ROUNDING, Money(rounded.amount - net.amount, currency))]
    return Price((*lines, *_taxes(rounded, nights, pricing, occasion)), currency)


def _taxes(net: Money, nights: int, pricing: Pricing, occasion: Occasion) -> Iterable[Line]:
    for tax in pricing.taxes:
        heads = occasion.persons if tax.per_person else 1
        amount = net.share(tax.percent, HUNDRED * HUNDRED) + Money(
            tax.per_night * nights * heads, net.currency
        )
        if amount.amount:
            yield Line(Item.TAX, amount, name=tax.name)
