"""The calendar of all homes at once: a board of sixty days, and an agenda of the nearest fortnight."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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

from accounts.models import SavedView
from accounts.savedviews import can_be_saved
from accounts.tenancy import HostRequest, host, together
from calendars.models import Alert, Block, date_range
from domain.board import Board
from domain.roles import Power
from domain.spans import Span
from properties.models import Property
from upsells.boards import Row, Rows
from upsells.doorstep import Day, Move, of_rows
from upsells.drawing import Drawing, days, gaps, icon
from upsells.drawnrows import drawn

DAYS = 60
BEFORE = timedelta(days=2)  # of what is over, at the left edge
STEP = timedelta(days=14)
FARTHEST = timedelta(days=800)
FORTNIGHT = 14
AT_ONCE = 100  # homes; more come as they are scrolled into view
CHUNK = 50
AT_FIRST = 24  # more than a screen holds; a browser that runs scripts unpacks the others when it has time
AGENDA = "agenda"  # in the address


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
            f'<li><a class="plain-link" href="{escape(self.href)}">{icon(self.icon, 18)}'
            f"<span><b>{escape(self.home)}</b>"
            f'<span class="muted sm"> {escape(self.what)} · {escape(self.word)}</span></span></a></li>'
        )


@dataclass(frozen=True)
class Asked:
    """What a request asks of the calendar: the filter, the first day, and how many homes come before."""

    q: str
    show: str
    first: date
    after: int

    @classmethod
    def of(cls, request: HostRequest, today: date) -> "Asked":
        """Of the address; what can't be read counts as not said."""
        given = request.GET
        return cls(
            q=given.get("q", "").replace("\0", "").strip()[:80],
            show=given.get("show", ""),
            first=_first(given.get("from", ""), today),
            after=_number(given.get("after", "")),
        )

    @property
    def filters(self) -> dict[str, str]:
        """What narrows the homes."""
        return {name: value for name, value in (("q", self.q), ("show", self.show)) if value}

    def link(self, **other: object) -> str:
        """The address of the same, but for these."""
        rest = {"after": self.after} if self.after else {}
        return f"?{urlencode(self.filters | {'from': self.first} | rest | other)}"


@require_GET
@host(Power.GUESTS)
@can_be_saved(SavedView.Listing.PLANNER)
@together
def page(request: HostRequest) -> HttpResponse:
    """The board, or what a board that is there already asks for: its next homes, or what is on sale."""
    now = timezone.now()
    today = _today(request, now)
    asked = Asked.of(request, today)
    if request.GET.get("view") == AGENDA:
        return _agenda(request, asked, now)
    board = Board(asked.first, DAYS)
    homes, count = _homes(request, asked, board.window)
    is_part, with_gaps = bool(request.htmx), "gaps" in request.GET
    only_gaps = is_part and with_gaps
    rows = Rows(request.org, homes, board, now, with_gaps, with_bars=not only_gaps)
    if only_gaps:
        return render(request, "upsells/planner.html#gaps", {"rows": _gaps(rows)})
    more = asked.after + len(homes)
    drawing = Drawing(connects=request.membership.may(Power.CONNECT))
    lines = [drawing.row(row) for row in rows] if with_gaps else drawn(rows, drawing)
    at_once = len(lines) if is_part else AT_FIRST
    context = {
        "rows": _joined(lines[:at_once]),
        "rest": _joined(lines[at_once:]),
        "count": count,
        "more": asked.link(after=more) if more < count else "",
        "gaps": "" if with_gaps else asked.link(gaps=1),
    }
    if is_part and asked.after:
        return render(request, "upsells/planner.html#rows", context)
    context |= _head(board, today, asked) | _around(request, asked, today, has_rows=bool(homes))
    return render(request, "upsells/planner.html", context)


def _agenda(request: HostRequest, asked: Asked, now: datetime) -> HttpResponse:
    """What happens at the homes in a fortnight, as a page or as a part of the board's."""
    today = _today(request, now)
    board = _fortnight(asked, today)
    homes, count = _homes(request, asked, board.window)
    rows = Rows(request.org, homes, board, now, with_gaps=True)
    more = asked.after + len(homes)
    context = {
        "agenda": list(_days(rows)),
        "today": today,
        "view": AGENDA,
        "more": asked.link(view=AGENDA, after=more) if more < count else "",
    }
    if request.htmx:
        return render(request, "upsells/agenda.html#days", context)
    context |= _head(board, today, asked, view=AGENDA) | _around(request, asked, today, has_rows=bool(homes))
    return render(request, "upsells/agenda.html", context)


def _joined(lines: Sequence[str]) -> SafeString:
    return mark_safe("".join(lines))  # noqa: S308 - the drawing escapes every part


def _gaps(rows: Iterable[Row]) -> list[tuple[str, SafeString]]:
    """The homes where something is on sale, each with the links to it."""
    return [(row.home.public_id, gaps(row.gaps)) for row in rows if row.gaps]


def _fortnight(asked: Asked, today: date) -> Board:
    """The days of the agenda: it doesn't look back."""
    return Board(max(asked.first, today), FORTNIGHT)


def _around(request: HostRequest, asked: Asked, today: date, *, has_rows: bool) -> dict[str, object]:
    """What the page has around the homes."""
    return asked.filters | {
        "fortnight": _fortnight(asked, today),
        "board_url": asked.link(),
        "agenda_url": asked.link(view=AGENDA),
        "has_rows": has_rows,
        "has_homes": has_rows or Property.objects.of(request.org).active().exists(),
    }


def _today(request: HostRequest, now: datetime) -> date:
    return now.astimezone(Property.objects.of(request.org).active().usual_zone()).date()


def _first(text: str, today: date) -> date:
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        return today - BEFORE
    return asked if abs(asked - today) <= FARTHEST else today - BEFORE


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("100000") else 0


def _homes(request: HostRequest, asked: Asked, window: Span) -> tuple[list[Property], int]:
    """The homes to show of those that the filter leaves, by name, and how many it leaves."""
    homes = _found(request, asked, window)
    if not asked.after:
        first = list(homes[: AT_ONCE + 1])
        if len(first) <= AT_ONCE:
            return first, len(first)
        return first[:CHUNK], homes.count()
    count = homes.count()
    most = AT_ONCE if count <= AT_ONCE else CHUNK
    return list(homes[asked.after : asked.after + most]), count


def _found(request: HostRequest, asked: Asked, window: Span) -> QuerySet[Property]:
    homes = Property.objects.of(request.org).active().order_by("name", "pk")
    if asked.q:
        homes = homes.filter(name__icontains=asked.q)
    if asked.show == "trouble":
        return homes.filter(Exists(Alert.objects.of(request.org).open().filter(property=OuterRef("pk"))))
    if asked.show == "sold":
        sold = Block.objects.of(request.org).filter(
            origin=Block.Origin.SALE, nights__overlap=date_range(window)
        )
        return homes.filter(Exists(sold.filter(property=OuterRef("pk"))))
    return homes


def _head(board: Board, today: date, asked: Asked, **view: str) -> dict[str, object]:
    """The days of the board, and the ways to others."""
    kept = asked.filters | view

    def link(first: date) -> str:
        return f"{reverse('planner')}?{urlencode(kept | {'from': first})}"

    return {
        "days": days(board, today),
        "first": board.first,
        "last": board.last,
        "earlier": link(board.first - STEP),
        "later": link(board.first + STEP),
        "now_url": f"{reverse('planner')}?{urlencode(kept or {'q': ''})}",
    }


def _days(rows: Rows) -> Iterator[tuple[date, SafeString]]:
    """What happens on each day of the board at all homes; days without anything are left out."""
    items = [item for row, found in of_rows(rows) for item in _items(row, found, rows.board)]
    items.sort(key=attrgetter("day", "order", "home"))
    for day, lines in groupby(items, key=attrgetter("day")):
        yield day, mark_safe("".join(item.drawn for item in lines))  # noqa: S308 - every part is escaped above


def _items(row: Row, found: Iterable[Day], board: Board) -> Iterator[Item]:
    name = row.home.name
    for day in found:
        if on := day.date:
            for move in day.leaving:
                yield Item(on, 0, "log-out", _("Departure"), name, _who(move), move.href)
            for move in day.coming:
                yield Item(on, 1, "log-in", _("Arrival"), name, _who(move), move.href)
    for gap in row.gaps:
        if board.first <= gap.night < board.window.end:
            yield Item(gap.night, 2, "tag", _("Free and on sale"), name, gap.price, gap.href)


def _who(move: Move) -> str:
    """Who leaves or comes, as far as it is known: the site, and the guest who bought something."""
    words = (move.bar.word if move.bar else "", move.guest)
    return " · ".join(dict.fromkeys(filter(None, words)))
