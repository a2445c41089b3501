"""What other rules would have offered: the same departures, or arrivals, under two sets of rules."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from domain.diary import Diary
from domain.house import House
from domain.money import Money, total
from domain.offers import (
    Desk,
    Found,
    HourRules,
    NightRules,
    Quote,
    early_check_in,
    late_check_out,
    nights_after,
    nights_before,
)
from domain.prices import Pricing


@dataclass(frozen=True, slots=True)
class Case:
    """The day of a departure or an arrival, and what the calendar said at the instant when its guest looked."""

    day: date
    diary: Diary
    at: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules to try at a house: of nights and of hours, each with its prices, or None where not sold.

    They are those of guests who leave, or of guests who arrive. Prices are for so many persons.
    """

    house: House
    nights: tuple[NightRules, Pricing] | None
    hours: tuple[HourRules, Pricing] | None
    arriving: bool = False
    persons: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """The most that one guest could have bought of each kind; None where nothing was."""

    nights: Quote | None
    hours: Quote | None


@dataclass(frozen=True, slots=True)
class Totals:
    """What many outcomes come to: how many guests saw something, the nights and hours, and what all of it costs."""

    guests: int
    nights: int
    nights_price: Money
    hours: timedelta
    hours_price: Money


def outcome(case: Case, rules: Rules) -> Outcome:
    """What the rules would have offered to the guest of this day."""
    diary = replace(case.diary, house=rules.house)
    sell_nights, sell_hours = (
        (nights_before, early_check_in) if rules.arriving else (nights_after, late_check_out)
    )

    def desk(pricing: Pricing) -> Desk:
        return Desk(diary, pricing, case.at, rules.persons)

    def most(found: Found) -> Quote | None:
        costing = [
            quote for quote in found.quotes if quote.price.total.amount > 0
        ]  # nothing is sold for nothing
        return costing[-1] if costing else None

    nights = hours = None
    if rules.nights:
        night_rules, pricing = rules.nights
        nights = most(sell_nights(case.day, night_rules, desk(pricing)))
    if rules.hours:
        hour_rules, pricing = rules.hours
        hours = most(sell_hours(case.day, hour_rules, desk(pricing)))
    return Outcome(nights, hours)


def totals(outcomes: Iterable[Outcome], currency: str) -> Totals:
    """The sums over all outcomes, as if each guest had bought the most of each kind."""
    outcomes = list(outcomes)
    nights = [each.nights for each in outcomes if each.nights]
    hours = [each.hours for each in outcomes if each.hours]
    return Totals(
        guests=sum(1 for each in outcomes if each.nights or each.hours),
        nights=sum(len(quote.nights) for quote in nights if quote.nights),
        nights_price=total((quote.price.total for quote in nights), currency),
        hours=sum((quote.period.end - quote.period.start for quote in hours), timedelta()),
        hours_price=total((quote.price.total for quote in hours), currency),
    )
