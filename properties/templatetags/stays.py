"""Template filters for money, nights and hours, in the reader's language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from babel.lists import format_list
from babel.numbers import format_currency, format_percent
from django import template
from django.utils.translation import gettext as _

from domain.channels import OTHER, Channel
from domain.money import Money, minor_digits, total
from domain.prices import Item, Line, Price
from properties import dates

PRICES = 10_000  # kept as they are written: the same ones come again and again, and writing one takes long

register = template.Library()

for moment in (dates.when, dates.day, dates.short_day, dates.short_moment):
    register.filter(expects_localtime=True)(moment)
for length in (dates.stay, dates.short_stay, dates.local_hours, dates.hours):
    register.filter(length)
register.simple_tag(dates.between)


@register.filter(expects_localtime=True)
def iso(value: datetime | None) -> str:
    """A moment for machines, by the clock of the page: 2026-12-04T11:00:00+01:00; nothing for none."""
    return value.isoformat() if value else ""


@register.filter
def money(value: Money) -> str:
    """The amount with its currency: €89.00, 89,00 €, ¥12,000."""
    return _spelt(value, dates.numbers())


@lru_cache(PRICES)
def _spelt(value: Money, locale: str) -> str:
    digits = minor_digits(value.currency)
    text = f"{value.amount:0{digits + 1}d}"
    decimal = f"{text[:-digits]}.{text[-digits:]}" if digits else text
    return str(format_currency(decimal, value.currency, locale=locale))


@register.filter
def percent(value: int) -> str:
    """So many per cent: 100%, 100 %."""
    return str(format_percent(value / 100, locale=dates.numbers()))


@register.filter
def zone(value: object) -> str:
    """A time zone as people write it."""
    return str(value).replace("_", " ")


@register.filter
def named(value: Channel) -> str:
    """What a channel is called; a site's own name is the same in every language."""
    return _("Other calendar") if value is OTHER else value.name


@dataclass(frozen=True, slots=True)
class Summary:
    """The lines of a price that are for the same: how many they are, and the night and the name of the first."""

    item: str
    count: int
    amount: Money
    on: date | None
    name: str


@register.filter
def summed(value: Price) -> list[Summary]:
    """The price in as few lines as say what it is made of, each tax by its name."""
    groups: dict[tuple[Item, str], list[Line]] = {}
    for line in value.lines:
        groups.setdefault((line.item, line.name), []).append(line)
    return [
        Summary(
            item.value, len(lines), total((line.amount for line in lines), value.currency), lines[0].on, name
        )
        for (item, name), lines in groups.items()
    ]


def listed(names: Sequence[str]) -> str:
    """Names in a row: one, two and three."""
    return str(format_list(list(names), locale=dates.numbers())) if names else ""


@register.filter
def taxes(value: Price) -> str:
    """The names of the taxes in the price; empty where there are none."""
    names = dict.fromkeys(line.name for line in value.lines if line.item is Item.TAX)
    return listed(list(names))
