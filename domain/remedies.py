"""What can be done for a guest whose nights somebody else has booked: money back, fewer nights at their own price."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from domain.diary import Diary
from domain.hindrances import hinders
from domain.money import Money, share
from domain.offers import Kind
from domain.prices import HUNDRED, Item, Line, Price, Tax
from domain.spans import NIGHT, Span


@dataclass(frozen=True, slots=True)
class Tier:
    """What a guest gets back when a sale is cancelled at least `notice` before it begins, in percent."""

    notice: timedelta
    percent: int


HOST_CANCELS = (Tier(timedelta.min, HUNDRED),)  # whenever it is: the guest has done nothing


def refund(price: Money, tiers: Iterable[Tier], until: timedelta) -> Money:
    """What the guest gets back `until` the sale begins: the share of the longest notice that is kept, else nothing."""
    kept = [tier for tier in tiers if tier.notice <= until]
    percent = max(kept, key=lambda tier: tier.notice).percent if kept else 0
    return price.share(percent)


def rest(kind: Kind, day: date, nights: Span, diary: Diary) -> Span | None:
    """As many of the sold nights, from the stay on, as the diary leaves room for; None when that is none.

    The diary is without the sale itself. `day` is the check-out or check-in day that the nights are next to.
    """
    for count in range(len(nights), 0, -1):
        end, start = nights.start + count * NIGHT, nights.end - count * NIGHT
        left = Span(nights.start, end) if kind is Kind.EXTRA_NIGHTS else Span(start, nights.end)
        if hinders(kind, day, left, diary.house.stay(left), diary) is None:
            return left
    return None


def price_of_rest(price: Price, nights: Span, left: Span, taxes: Iterable[Tax], persons: int) -> Price:
    """What is left of a price when only the nights of `left` are: their own lines, and their part of the others.

    A tax is reckoned anew where one of `taxes` gives the very amount that stands in the price; where it was changed
    since, the guest's own amount falls with the price. Never more than before, and never below zero.
    """
    left_lines = [line for line in price.lines if line.on and line.on in left]
    all_nights = sum(line.amount.amount for line in price.lines if line.on)
    these = sum(line.amount.amount for line in left_lines)
    part = (these, all_nights) if 0 <= these <= all_nights and all_nights else (len(left), len(nights))
    whole = (line for line in price.lines if line.on is None and line.item is not Item.TAX)
    left_lines += [replace(line, amount=line.amount.share(*part)) for line in whole]
    before = price.net.amount
    net = sum(line.amount.amount for line in left_lines)
    if wrong := net - min(max(net, 0), max(before, 0)):
        left_lines.append(Line(Item.ROUNDING, Money(-wrong, price.currency)))
        net -= wrong
    left_lines += _taxes_of_rest(price, (len(nights), len(left)), net, taxes, persons)
    return Price(tuple(line for line in left_lines if line.amount.amount), price.currency)


def _taxes_of_rest(
    price: Price, counts: tuple[int, int], net: int, taxes: Iterable[Tax], persons: int
) -> Iterator[Line]:
    before, (nights, left) = price.net.amount, counts
    rules = list(taxes)
    for line in price.lines:
        if line.item is not Item.TAX:
            continue
        amount = line.amount.amount
        same = (tax for tax in rules if (tax.name, tax.of(before, nights, persons)) == (line.name, amount))
        if rule := next(same, None):
            amount = rule.of(net, left, persons)
        else:
            amount = share(amount, net, before) if before > 0 else share(amount, left, nights)
        yield replace(line, amount=Money(amount, price.currency))
