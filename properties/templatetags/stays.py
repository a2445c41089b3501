"""Template filters for money and nights, in the reader's language."""

from babel.dates import format_date, format_interval
from babel.numbers import format_currency
from django import template
from django.utils.translation import get_language

from domain.money import Money, minor_digits
from domain.spans import Span

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


@register.filter
def day(value: object) -> str:
    """A date with its weekday: Sun, 6 Dec 2026."""
    return str(format_date(value, "EEE, d MMM y", locale=_locale()))  # type: ignore[arg-type]  # dates only


@register.filter
def stay(value: Span) -> str:
    """Arrival to departure: Dec 6 to 8, 2026."""
    return str(format_interval(value.start, value.end, "yMMMd", locale=_locale()))
