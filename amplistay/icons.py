"""The icons of the pages: `{% lucide "name" size=18 … %}`, each drawn once.

The package's own tag copies and writes out a tree of elements for every icon of every page. Same words, same answer.
"""

from functools import cache

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide as drawn

register = template.Library()


@register.simple_tag
@cache
def lucide(name: str, *, size: int | None = 24, **attributes: object) -> SafeString:
    """The icon's SVG; the attributes are those of the element, written with underscores."""
    return SafeString(drawn(name, size=size, **attributes))
