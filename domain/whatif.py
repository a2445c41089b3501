"""What other rules would have offered: the same departures under two sets of rules, side by side."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from domain.diary import Diary
from domain.house import House
from domain.money import Money, total
from domain.offers import Desk, Found, HourRules, NightRules, Quote, late_check_out, nights_after
from domain.prices import Pricing


@dataclass(frozen=True, slots=True)
class Case:
    """A departure, and what the calendar said at the instant when its guest looked."""

    departure: date
    diary: Diary
    at: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules to try at a house: extra nights and late check-outs, each with its prices, or None where not sold."""

    house: House
    nights: tuple[NightRules, Pricing] | None
    hours: tuple[HourRules, Pricing] | None


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
    """What the rules would have offered to the guest of this departure."""
    diary = replace(case.diary, house=rules.house)

    def found(kind: Found) -> Quote | None:
        return kind.quotes[-1] if kind.quotes else None

    nights = hours = None
    if rules.nights:
        night_rules, pricing = rules.nights
        nights = found(nights_after(case.departure, night_rules, Desk(diary, pricing, case.at)))
    if rules.hours:
        hour_rules, pricing = rules.hours
        hours = found(late_check_out(case.departure, hour_rules, Desk(diary, pricing, case.at)))
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
