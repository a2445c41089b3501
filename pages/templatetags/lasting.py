"""How long something lasts, in the reader's language."""

from django import template

from properties.dates import lasting

register = template.Library()

register.filter(lasting)
