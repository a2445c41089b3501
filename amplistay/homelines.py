"""Of each home how its calendars are read, whether it sells, who leaves next, and its guests' address.

A fixed number of queries, however many homes there are.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Organization
from amplistay.channelhealth import OF_FEEDS, states
from calendars.models import Feed
from calendars.standing import Standing, standing
from domain.board import Board
from properties.models import Property
from upsells import doorstep
from upsells.doorstep import Move
from upsells.models import Offer, StayLink
from upsells.staypages import address

AHEAD = 14  # days within which somebody's leaving is told


@dataclass(frozen=True, slots=True)
class Line:
    """One home. `states` are of its calendars, the worst first; `link` is empty before somebody asked for it.

    `is_known` is whether any calendar was ever read: before, nobody knows who leaves.
    """

    home: Property
    states: list[tuple[Standing, int]]
    is_known: bool
    offers: int
    leaving: Move | None
    link: str

    @property
    def feeds(self) -> int:
        """How many calendars of it are read."""
        return sum(count for _state, count in self.states)


def lines(organization: Organization, homes: Sequence[Property], now: datetime) -> Iterator[Line]:
    """One for each of these homes, in their order."""
    feeds = _feeds(organization, homes)
    on_sale = Offer.objects.of(organization).filter(property__in=homes).exclude(mode=Offer.Mode.OFF)
    offers = Counter(on_sale.values_list("property_id", flat=True))
    links = StayLink.objects.of(organization).live().general().filter(property__in=homes, channel="")
    addresses = {link.property_id: address(link) for link in links.only("property_id", "token")}
    leaving = _leaving(organization, homes, now)
    for home in homes:
        yield Line(
            home,
            states([standing(feed, now) for feed in feeds[home.pk]]),
            any(feed.last_good_at for feed in feeds[home.pk]),
            offers[home.pk],
            leaving.get(home.pk),
            addresses.get(home.pk, ""),
        )


def _feeds(organization: Organization, homes: Sequence[Property]) -> defaultdict[int, list[Feed]]:
    found: defaultdict[int, list[Feed]] = defaultdict(list)
    rows = Feed.objects.of(organization).filter(property__in=homes).select_related("connection")
    for feed in rows.only(*OF_FEEDS).order_by("pk"):
        found[feed.property_id].append(feed)
    return found


def _leaving(organization: Organization, homes: Sequence[Property], now: datetime) -> dict[int, Move]:
    """Who leaves each home next."""
    if not homes:
        return {}
    board = Board(min(home.house.today(now) for home in homes), AHEAD)
    found = {}
    for home, days in doorstep.of_homes(organization, homes, board, now):
        moves = (move for day in days for move in day.leaving if move.at >= now)
        if first := next(moves, None):
            found[home.pk] = first
    return found
