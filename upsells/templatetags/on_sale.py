"""What is on sale at a home, for pages of calendars, which know nothing of sales."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import template
from django.utils import timezone

from calendars.nights import Day
from domain.board import Board
from domain.spans import NIGHT
from properties.models import Property
from upsells import drawnrows
from upsells.boards import Gap, Rows

MOST = 30 * NIGHT  # that one guest may be sold, so that a night may be on sale to guests as far off as that

register = template.Library()


@register.simple_tag(takes_context=True)
def on_sale(context: Mapping[str, Any], home: Property, first: date, last: date) -> dict[date, Gap]:
    """The free nights from the first to the last that guests can buy now."""
    organization = context["request"].org
    if home.archived_at or organization.ends_at:
        return {}
    board = Board(first - MOST, (last - first + 2 * MOST).days + 1)
    rows = Rows(organization, [home], board, timezone.now(), with_gaps=True, with_bars=False, beyond=True)
    return {gap.night: gap for row in rows for gap in row.gaps if first <= gap.night <= last}


@register.simple_tag
def drawn(weeks: Sequence[Sequence[Day]], gaps: Mapping[date, Gap], *around: object) -> str:
    """The name of a table of these nights."""
    prices = {night: (gap.price, gap.is_first) for night, gap in gaps.items()}
    return drawnrows.name(weeks, prices, around)


@register.filter
def of_night(gaps: Mapping[date, Gap], night: date) -> Gap | None:
    """The one of the night."""
    return gaps.get(night)
