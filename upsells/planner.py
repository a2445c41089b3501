"""The calendar of all homes at once: a board of sixty days, and an agenda of the nearest fortnight."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from operator import attrgetter
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from lucide.templatetags.lucide import lucide

from accounts.models import SavedView
from accounts.savedviews import can_be_saved
from accounts.tenancy import HostRequest, host
from calendars.models import Alert, Block, date_range
from domain.board import Board
from domain.roles import Power
from domain.spans import NIGHT
from properties.dates import when
from properties.models import Property
from upsells.boards import Row, Rows

DAYS = 60
BEFORE = timedelta(days=2)  # of what is over, at the left edge
STEP = timedelta(days=14)
FARTHEST = timedelta(days=800)
FORTNIGHT = 14
AT_ONCE = 100  # homes; more come as they are scrolled into view
CHUNK = 50
WEEKEND = 5


@dataclass(frozen=True, slots=True)
class Day:
    """One column pair of the board's head."""

    css: str
    number: int
    weekday: str
    said: str
    month: str


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the agenda. `order` puts departures before arrivals, and both before what is on sale."""

    day: date
    order: int
    icon: str
    what: str
    home: str
    word: str
    href: str

    @property
    def drawn(self) -> str:
        """The line as HTML; a template takes many times as long for some hundreds of them."""
        return (
            f'<li><a class="plain-link" href="{escape(self.href)}">{_icon(self.icon)}<span><b>{escape(self.home)}</b>'
            f'<span class="muted sm"> {escape(self.what)} · {escape(self.word)}</span></span></a></li>'
        )


@require_GET
@host(Power.GUESTS)
@can_be_saved(SavedView.Listing.PLANNER)
def page(request: HostRequest) -> HttpResponse:
    """The board, or, asked for by a board that is there already, its next homes."""
    now = timezone.now()
    today = timezone.localtime(now).date()
    board = Board(_first(request.GET.get("from", ""), today), DAYS)
    asked = {
        "q": request.GET.get("q", "").replace("\0", "").strip()[:80],
        "show": request.GET.get("show", ""),
    }
    homes = _homes(request, asked, board)
    count = homes.count()
    done = _number(request.GET.get("after", ""))
    most = AT_ONCE if count <= AT_ONCE else CHUNK
    with_gaps = "gaps" in request.GET
    rows = list(Rows(request.org, list(homes[done : done + most]), board, now, with_gaps))
    more = done + most if done + most < count else 0
    kept = {name: value for name, value in asked.items() if value}
    here = kept | {"from": board.first} | ({"after": done} if done else {})
    context = {
        "rows": rows,
        "count": count,
        "more": f"?{urlencode(here | {'after': more})}" if more else "",
        "gaps": "" if with_gaps else f"?{urlencode(here | {'gaps': 1})}",
        "agenda": list(_agenda(rows, board, today)),
        "today": today,
    }
    if request.htmx and (done or with_gaps):  # type: ignore[attr-defined]  # django-htmx sets it
        return render(request, f"upsells/planner.html#{'gaps' if with_gaps else 'rows'}", context)
    context |= asked | _head(board, today, kept)
    context |= {
        "is_narrow": bool(kept),
        "has_homes": bool(rows) or Property.objects.of(request.org).active().exists(),
    }
    return render(request, "upsells/planner.html", context)


@cache
def _icon(name: str) -> str:
    return str(lucide(name, size=18, aria_hidden="true"))


def _first(text: str, today: date) -> date:
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        return today - BEFORE
    return asked if abs(asked - today) <= FARTHEST else today - BEFORE


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("100000") else 0


def _homes(request: HostRequest, asked: dict[str, str], board: Board) -> QuerySet[Property]:
    """The homes that the filter leaves, by name."""
    homes = (
        Property.objects.of(request.org).active().filter(name__icontains=asked["q"]).order_by("name", "pk")
    )
    if asked["show"] == "trouble":
        return homes.filter(Exists(Alert.objects.of(request.org).open().filter(property=OuterRef("pk"))))
    if asked["show"] == "sold":
        sold = Block.objects.of(request.org).filter(
            origin=Block.Origin.SALE, nights__overlap=date_range(board.window)
        )
        return homes.filter(Exists(sold.filter(property=OuterRef("pk"))))
    return homes


def _head(board: Board, today: date, kept: dict[str, str]) -> dict[str, object]:
    days = []
    for number, day in enumerate(board.all_days()):
        css = [f"s{2 * number} n2"]
        css += ["is-today"] if day == today else []
        css += ["is-weekend"] if day.weekday() >= WEEKEND else []
        month = when(day, "yMMMM") if day.day == 1 or number == 0 else ""
        days.append(Day(" ".join(css), day.day, when(day, "cccccc"), when(day, "full"), month))

    def link(first: date) -> str:
        return f"{reverse('planner')}?{urlencode(kept | {'from': first})}"

    return {
        "days": days,
        "first": board.first,
        "last": board.first + (board.days - 1) * NIGHT,
        "earlier": link(board.first - STEP),
        "later": link(board.first + STEP),
        "now_url": f"{reverse('planner')}?{urlencode(kept or {'q': ''})}",
    }


def _agenda(rows: Iterable[Row], board: Board, today: date) -> Iterator[tuple[date, SafeString]]:
    """What happens on each of the next days at all homes; days without anything are left out."""
    first = max(board.first, today)
    last = first + (FORTNIGHT - 1) * NIGHT
    items = [item for row in rows for item in _items(row, first, last)]
    items.sort(key=attrgetter("day", "order", "home"))
    for day, found in groupby(items, key=attrgetter("day")):
        yield day, mark_safe("".join(item.drawn for item in found))  # noqa: S308 - every part is escaped above


def _items(row: Row, first: date, last: date) -> Iterator[Item]:
    name = row.home.name
    for bar in row.bars:
        if bar.is_stay and first <= bar.nights.start <= last:
            yield Item(bar.nights.start, 1, "log-in", _("Arrival"), name, bar.word, bar.href)
        if bar.is_stay and first <= bar.nights.end <= last:
            yield Item(bar.nights.end, 0, "log-out", _("Departure"), name, bar.word, bar.href)
    for gap in row.gaps:
        if first <= gap.night <= last:
            yield Item(gap.night, 2, "tag", _("Free and on sale"), name, gap.price, gap.href)
