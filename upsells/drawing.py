"""The board's rows as HTML: a template takes many times as long for thousands of bars, each of which is one element.

What a bar says stands in its `aria-label`; its initials are drawn by the style sheet, from an attribute.
"""

from collections.abc import Iterable
from datetime import date
from functools import cache

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from lucide.templatetags.lucide import lucide

from domain.board import HALVES, Board
from domain.spans import Span
from properties.dates import short_stay, when
from upsells.boards import SOME_HOME, Bar, Gap, Row

MOST_LANES = 3
WEEKEND = 5  # Saturday, as Python counts the days


class Drawing:
    """Draws the rows of one page, in its reader's language: what many bars share is worded and escaped once.

    `connects`: whether the reader may open the calendars, so that a troubled one leads there.
    """

    def __init__(self, *, connects: bool) -> None:
        self.connects = connects
        self._stays: dict[Span, str] = {}
        self._words: dict[str, str] = {}

    def rows(self, rows: Iterable[Row]) -> SafeString:
        """All of them, without what is on sale where they don't know it."""
        return mark_safe("".join(map(self.row, rows)))  # noqa: S308 - every part is escaped below

    def row(self, row: Row) -> str:
        """One of them."""
        home, name = row.home.public_id, escape(row.home.name)
        deepest = max(row.lanes, default=0)
        lanes = f' data-lanes="{min(deepest + 1, MOST_LANES)}"' if deepest else ""
        return (
            f'<div class="row-of" role="group" aria-label="{name}"{lanes}><div class="who">'
            f'<a class="plain-link" href="{_address("overview", home)}">{name}</a>{self._trouble(row)}</div>'
            f'<div class="track" data-close="{_address("calendars:close", home)}" '
            f'data-offer="{_address("upsells:what-if", home)}"></div>'
            f'<div class="gaps" id="gaps-{home}">{gaps(row.gaps)}</div>'
            f"{''.join(map(self._bar, row.bars, row.lanes))}</div>"
        )

    def _trouble(self, row: Row) -> str:
        if row.disputes:
            word = self._escaped(_("Double booking"))
            return (
                f'<span class="mark bad" title="{word}">{icon("triangle-alert", 16)}'
                f'<span class="sr">{word}</span></span>'
            )
        if row.failing and self.connects:
            word = self._escaped(_("A calendar can't be read"))
            return (
                f'<a class="mark warn" href="{_address("calendars:connections", row.home.public_id)}" '
                f'title="{word}">{icon("cloud-off", 16)}<span class="sr">{word}</span></a>'
            )
        return ""

    def _bar(self, bar: Bar, lane: int) -> str:
        place, mark = bar.place, bar.mark
        css = f"bar s{place.start} n{place.count} is-{bar.state}"
        if lane:
            css += f" lane{min(lane, MOST_LANES - 1)}"
        if place.comes_in:
            css += " comes-in"
        if place.goes_on:
            css += " goes-on"
        if bar.is_disputed:
            css += " is-conflict"
        word = self._escaped(bar.word)
        said = f"{word}, {self._stay(bar.nights)}"
        return (
            f'<a class="{css}" href="{bar.href.replace("&", "&amp;")}" data-channel="{mark.channel}" '
            f'data-ini="{self._escaped(mark.initials)}" aria-label="{said}" title="{said}">{word}</a>'
        )

    def _escaped(self, word: str) -> str:
        if word not in self._words:
            self._words[word] = escape(word)
        return self._words[word]

    def _stay(self, nights: Span) -> str:
        if nights not in self._stays:
            self._stays[nights] = escape(short_stay(nights))
        return self._stays[nights]


def days(board: Board, today: date) -> SafeString:
    """The board's head: each day, and the name of each month where it begins."""
    return mark_safe("".join(_day(board, day, today) for day in board.all_days()))  # noqa: S308 - escaped below


def _day(board: Board, day: date, today: date) -> str:
    css = f"day s{HALVES * (day - board.first).days} n{HALVES}"
    if day == today:
        css += " is-today"
    if day.weekday() >= WEEKEND:
        css += " is-weekend"
    begins = day.day == 1 or day == board.first
    month = f'<span class="month-name">{escape(when(day, "yMMMM"))}</span>' if begins else ""
    return (
        f'<div class="{css}" title="{escape(when(day, "full"))}">{month}'
        f'<span class="wd">{escape(when(day, "cccccc"))}</span><span class="nr">{day.day}</span></div>'
    )


def gaps(found: Iterable[Gap]) -> SafeString:
    """What is on sale at one home."""
    return mark_safe("".join(map(_gap, found)))  # noqa: S308 - every part is escaped below


def _gap(gap: Gap) -> str:
    return (
        f'<a class="gap {gap.css}" href="{escape(gap.href)}" aria-label="{escape(gap.said)}">'
        f"{escape(gap.price)}</a>"
    )


@cache
def icon(name: str, size: int) -> str:
    """An icon that says nothing itself."""
    return str(lucide(name, size=size, aria_hidden="true"))


def _address(page: str, home: str) -> str:
    return _pattern(page).replace(SOME_HOME, home)


@cache
def _pattern(page: str) -> str:
    return reverse(page, args=[SOME_HOME])
