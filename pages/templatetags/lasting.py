"""How long something lasts, in the reader's language."""

from datetime import timedelta

from babel.dates import format_timedelta
from django import template
from django.utils.translation import get_language

register = template.Library()


@register.filter
def lasting(value: timedelta) -> str:
    """In its largest unit that is filled, rounded: 12 seconds, 4 minutes, 3 hours."""
    locale = (get_language() or "en").replace("-", "_")
    return str(format_timedelta(value, threshold=1.5, locale=locale))
