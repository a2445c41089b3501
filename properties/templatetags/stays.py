"""Template filters for money, nights and hours, in the reader's language."""

from dataclasses import dataclass
from datetime import date, datetime

from babel.dates import format_date, format_interval, format_skeleton
from babel.lists import format_list
from babel.numbers import format_currency
from babel.units import format_unit
from django import template
from django.utils.translation import get_language

from domain.money import Money, minor_digits, total
from domain.prices import Item, Line, Price
from domain.spans import Period, Span

register = template.Library()


def _locale() -> str:
    language = (get_language() or "en").replace("-", "_")
    return "en_GB" if language == "en" else language  # day before month, as everywhere else on the pages


@register.filter
def money(value: Money) -> str:
    """The amount with its currency: €89.00, 89,00 €, ¥12,000."""
    digits = minor_digits(value.currency)
    text = f"{value.amount:0{digits + 1}d}"
    decimal = f"{text[:-digits]}.{text[-digits:]}" if digits else text
    return str(format_currency(decimal, value.currency, locale=_locale()))


@register.filter(expects_localtime=True)
def day(value: object) -> str:
    """A date, or that of an instant, with its weekday: Sun, 6 Dec 2026."""
    return str(format_date(value, "EEE, d MMM y", locale=_locale()))  # type: ignore[arg-type]  # dates only


@register.filter(expects_localtime=True)
def short_day(value: date) -> str:
    """A day, or that of an instant, with its weekday and without its year: Sun 6 Dec; So., 6. Dez."""
    return str(format_skeleton("MMMEd", value, locale=_locale()))


@register.filter(expects_localtime=True)
def short_moment(value: datetime) -> str:
    """The same with the time of the day: Sun 6 Dec, 14:30."""
    return f"{short_day(value)}, {value:%H:%M}"


@register.filter
def stay(value: Span) -> str:
    """Arrival to departure: Dec 6 to 8, 2026."""
    return str(format_interval(value.start, value.end, "yMMMd", locale=_locale()))


@register.filter
def hours(value: Period) -> str:
    """How long the period is: 2 hours; 1 hour, 30 minutes."""
    whole, minutes = divmod(int((value.end - value.start).total_seconds()) // 60, 60)
    parts = {"duration-hour": whole, "duration-minute": minutes}
    told = [format_unit(count, unit, locale=_locale()) for unit, count in parts.items() if count]
    return ", ".join(told)


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


@register.filter
def taxes(value: Price) -> str:
    """The names of the taxes in the price; empty where there are none."""
    names = dict.fromkeys(line.name for line in value.lines if line.item is Item.TAX)
    return str(format_list(list(names), locale=_locale())) if names else ""
