"""A home at a glance: its nights, who comes and leaves, what its guests see, how its calendars are read, what it sold.

A fixed number of queries, however many calendars, stays and sales the home has.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.statements import Given, Statement
from accounts.tenancy import HostRequest, get_or_404, host, together
from amplistay.channelhealth import Health, health
from amplistay.firststeps import first_steps
from amplistay.takings import earned
from amplistay.urgent import urgent
from calendars import nights
from calendars.nights import Day
from domain.board import Board
from domain.roles import Power
from domain.spans import NIGHT, Span
from pages.guides import GUIDES
from properties.dates import spelt
from properties.models import Property
from upsells import doorstep, drawnrows, previews, terms
from upsells.boards import Gap, Row, Rows
from upsells.doorstep import Move
from upsells.models import Offer, StayLink
from upsells.offerpages import USUAL_PERSONS, card
from upsells.shelves import Side, Stay
from upsells.staypages import address

NIGHTS = 30
TURNS = 5  # days on which somebody comes or leaves
OF_THE_MONTH = ("month", "night")


@dataclass(frozen=True, slots=True)
class Tile:
    """A night of the strip: how it is drawn, what it costs a guest beside it, where more is told of it."""

    day: Day
    gap: Gap | None
    href: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Who leaves and who comes on a day, with the nights beside it that are on sale to them."""

    day: doorstep.Day
    after: Gap | None
    before: Gap | None

    @property
    def lists(self) -> tuple[tuple[str, list[Move], Gap | None], ...]:
        """Both sides, each with the free night beside it."""
        return ("leaving", self.day.leaving, self.after), ("coming", self.day.coming, self.before)


def _links() -> QuerySet[StayLink]:
    rows = StayLink.objects.of(Given("org")).live().general()
    return rows.filter(property=Given("home"), channel="").order_by("pk")[:1]


_LINKS = Statement(_links)
_OFFERS = Statement(lambda: Offer.objects.of(Given("org")).filter(property=Given("home")))


@require_GET
@host(Power.GUESTS)
@together
def page(request: HostRequest, public_id: str) -> HttpResponse:
    """The Overview tab, where each link to the home leads; a night that is asked for is the calendar's."""
    asked = {name: request.GET[name] for name in OF_THE_MONTH if name in request.GET}
    if asked:  # the month once had this address
        return redirect(f"{reverse('calendars:month', args=[public_id])}?{urlencode(asked)}")
    rows = Property.objects.select_related("kept_photo")
    home = get_or_404(rows, request, public_id=public_id)
    home.organization = request.org
    context = _context(request, home, timezone.now())
    return render(request, "properties/overview.html", context)


def _context(request: HostRequest, home: Property, now: datetime) -> dict[str, Any]:
    org, today = request.org, home.house.today(now)
    channels = health(org, [home], now)
    sold = earned(home, now)
    steps = first_steps(org, [home], channels, has_sold=any(each.ever_sales for each in sold))
    board = Board(today, NIGHTS)
    feeds = [feed for feed, _state in channels.feeds]
    (row,) = Rows(org, [home], board, now, with_gaps=home.archived_at is None, beyond=True, known=feeds)
    tiles = list(_tiles(request, home, row, board)) if channels.feeds else []
    return {
        "property": home,
        "tab": "overview",
        "nav": "properties",
        "now": now,
        "cleaning": spelt(timedelta(minutes=home.turnaround)),
        "urgent": urgent(org, now, home, channels if request.membership.may(Power.CONNECT) else None),
        "steps": steps,
        "health": channels,
        "guides": GUIDES,
        "tiles": tiles,
        "drawn": _drawn(home, tiles, channels),
        "turns": _turns(doorstep.moves(org, row, board)[:TURNS], row.gaps),
        "sold": sold,
        "link": _guest_link(request, home),
        **_offers(request, home, now),
    }


def _tiles(request: HostRequest, home: Property, row: Row, board: Board) -> Iterator[Tile]:
    window = Span(board.first, board.window.end)
    claims, troubles = nights.claims(request.org, home, window), nights.troubles(request.org, home, window)
    gaps = {gap.night: gap for gap in row.gaps}
    for night in board.all_days():
        day = nights.cell(night, claims, troubles, today=board.first)
        yield Tile(day, gaps.get(night), f"{row.href}?month={night:%Y-%m}&night={night}")


def _drawn(home: Property, tiles: Iterable[Tile], health: Health) -> str:
    """The name of the strip of these tiles."""
    nights = [(each.day, each.href, each.gap and (each.gap.price, each.gap.is_first)) for each in tiles]
    sites = [(line.channel, bool(line.feeds)) for line in health.lines]
    return drawnrows.name(home.public_id, home.currency, nights, sites)


def _turns(days: Sequence[doorstep.Day], gaps: Sequence[Gap]) -> list[Turn]:
    on_sale = {gap.night: gap for gap in gaps if gap.is_first}
    found = []
    for day in days:
        first, last = day.date, day.date and day.date - NIGHT
        after = on_sale.get(first) if first and day.leaving and not day.coming else None
        before = on_sale.get(last) if last and day.coming and not day.leaving else None
        found.append(Turn(day, after, before))
    return found


def _guest_link(request: HostRequest, home: Property) -> str:
    """The address of the guest page; empty before somebody has asked for it."""
    links = _LINKS(org=request.org.pk, home=home.pk)
    return address(links[0]) if links else ""


def _offers(request: HostRequest, home: Property, now: datetime) -> dict[str, Any]:
    """What is sold and for how much, and what the next guests who leave and come see of it."""
    saved = _OFFERS(org=request.org.pk, home=home.pk)
    for offer in saved:
        offer.property = home
    context: dict[str, Any] = {
        "cards": [card(offer, home) for offer in terms.at_home(home, saved).values()],
        "sells": any(offer.mode != Offer.Mode.OFF for offer in saved),
        "unpayable": [offer.get_kind_display() for offer in terms.unpayable(home, saved)],
        "seen": [],
    }
    if context["sells"] and home.archived_at is None:
        days = previews.days(home, now)
        stays = [Stay(each, side, USUAL_PERSONS) for side in Side for each in days.of(side)[:1]]
        context["seen"] = [previews.seen(home, stay, now) for stay in stays]
    return context
