"""How much is wrong with a form."""

from django import template
from django.forms import BaseForm

register = template.Library()


@register.filter
def faults(form: BaseForm) -> int:
    """How many sentences say so; a field of many lines may have one for each."""
    return sum(len(sentences) for sentences in form.errors.values())
