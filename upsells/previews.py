"""What a guest would be offered on a day, for the host: every price explained, every rule that stops more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.statements import Given, Statement
from calendars import ledger
from calendars.models import Block, Feed
from domain import offers
from domain.diary import Diary
from domain.events import Kind as BlockKind
from domain.money import Money
from domain.offers import NIGHTLY, Kind, Mode, Quote
from domain.prices import Price
from domain.spans import NIGHT, Span, gaps
from properties.dates import clock, day
from properties.models import Property
from upsells import sentences, shelves, terms
from upsells.models import Offer
from upsells.shelves import AROUND, FARTHEST, KINDS, Side, Stay

SHOWN_DAYS = 4
SOON = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a guest could choose: in words, its price, and how that comes about."""

    title: str
    price: Price
    closes: str = ""

    @property
    def total(self) -> Money:
        """What the guest would pay."""
        return self.price.total

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What the price is made of."""
        return sentences.lines(self.price)


@dataclass(frozen=True, slots=True)
class Tried:
    """One offer on one day: its options, and one sentence per rule that stopped it or more of it."""

    offer: Offer
    options: tuple[Option, ...]
    stops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """What keeps guests from what the host sees here, and the page about it; `stops` where it leaves them nothing."""

    text: str
    href: str = ""
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """The next days on which guests leave or arrive, as the calendar knows them; else the next free day."""

    leaving: tuple[date, ...]
    arriving: tuple[date, ...]
    free: date

    def of(self, side: Side) -> tuple[date, ...]:
        """The days of one side."""
        return self.leaving if side is Side.LEAVING else self.arriving

    def first(self, side: Side) -> date:
        """The day to begin with."""
        return next(iter(self.of(side)), self.free)


def side_of(kind: str) -> Side:
    """Whether an offer of the kind is for guests who leave or for guests who arrive."""
    return next(side for side, kinds in KINDS.items() if kind in kinds)


def _stays() -> QuerySet[Block]:
    rows = Block.objects.filter(property=Given("home"), yields=False)
    rows = rows.filter(nights__endswith__gte=Given("today"), nights__startswith__lt=Given("until"))
    rows = rows.exclude(origin=Block.Origin.HOLD)
    return rows.only("nights", "kind", "origin", "side")


OF_FEEDS = ("public_id", "label", "channel", "host", "last_good_at", "paused_at")
_STAYS = Statement(_stays)
_FEEDS = Statement(lambda: Feed.objects.filter(property=Given("home")).only(*OF_FEEDS))


def days(home: Property, now: datetime) -> Days:
    """The next check-out and check-in days in the calendar."""
    today = home.house.today(now)
    blocks = _STAYS(home=home.pk, today=today, until=today + SOON)
    stays = [
        block
        for block in blocks
        if not (block.is_closure or (block.kind == BlockKind.HOURS and block.origin in Block.EXCLUSIVE))
    ]
    joined = {block.joins for block in stays}
    leaving = sorted({block.nights.upper for block in stays} - joined)
    arriving = sorted(day for day in {block.nights.lower for block in stays} - joined if day > today)
    free = gaps([span for block in blocks if (span := block.span)], Span(today, today + FARTHEST))
    return Days(tuple(leaving[:SHOWN_DAYS]), tuple(arriving[:SHOWN_DAYS]), free[0].start if free else today)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a guest with a day sees on their page: the first option of each kind, and how many more there are.

    `why` says what keeps them from seeing more, or anything.
    """

    stay: Stay
    options: tuple[Option, ...]
    more: int
    why: tuple[str, ...]

    @property
    def leaves(self) -> bool:
        """Whether it is the day they leave on, not the one they come on."""
        return self.stay.side is Side.LEAVING


def seen(home: Property, stay: Stay, now: datetime) -> Seen:
    """What a guest of this day is shown at this moment: only what is on sale, by calendars fresh enough."""
    shelf = shelves.shelf(home, stay, now)
    firsts = [choice for kind in KINDS[stay.side] for choice in shelf.of(kind)[:1]]
    options = tuple(_option(choice.quote, home) for choice in firsts)
    if shelf.why is shelves.Nothing.OFF:
        return Seen(stay, (), 0, (_off(stay.side),))
    unread = calendars(home, now)
    why = [unread.text] if unread else []
    if not options:
        why += [sentences.stopped(kind, stop, home.house, some=False) for kind, stop in shelf.stops]
    told = tuple(dict.fromkeys(why))
    return Seen(stay, options, len(shelf.choices) - len(options), told)


def _off(side: Side) -> str:
    if side is Side.LEAVING:
        return _("Nothing is on sale to guests who leave.")
    return _("Nothing is on sale to guests who arrive.")


def tried(home: Property, chosen: Iterable[Offer], stay: Stay, now: datetime) -> list[Tried]:
    """Each of the offers for this stay, in the calendar as it is, whether or not they are on sale."""
    diary = ledger.diary(home, Span(stay.day - AROUND, stay.day + AROUND))
    return [
        _tried(home, offer, stay, diary, now)
        for kind in KINDS[stay.side]
        for offer in chosen
        if offer.kind == kind
    ]


def _tried(home: Property, offer: Offer, stay: Stay, diary: Diary, now: datetime) -> Tried:
    kind, today = Kind(offer.kind), home.house.today(now)
    if stay.day > today + FARTHEST:
        return Tried(offer, (), (_("That is more than a year away. Guests see nothing so far ahead."),))
    found = shelves.quotes(home, offer, stay, diary, now)
    stops = [sentences.stopped(kind, stop, home.house, some=bool(found.quotes)) for stop in found.stops]
    for _field, why in terms.contradictions(offer, home)[:1]:
        stops.insert(0, _("Its terms don't fit this home any more. %(why)s") % {"why": why})
    options = tuple(_option(quote, home) for quote in found.quotes)
    return Tried(offer, options, tuple(dict.fromkeys(stops)))


def _option(quote: Quote, home: Property) -> Option:
    zone = home.house.zone
    if quote.kind in NIGHTLY and quote.nights:
        late = quote.kind is Kind.EXTRA_NIGHTS
        words = (
            ngettext("%(n)s more night, until %(day)s", "%(n)s more nights, until %(day)s", len(quote.nights))
            if late
            else ngettext(
                "%(n)s night before, from %(day)s", "%(n)s nights before, from %(day)s", len(quote.nights)
            )
        )
        edge = quote.nights.end if late else quote.nights.start
        return Option(words % {"n": len(quote.nights), "day": day(edge)}, quote.price)
    late = quote.kind is Kind.LATE_CHECK_OUT
    words = _("Check-out until %(time)s") if late else _("Check-in from %(time)s")
    at = (quote.period.end if late else quote.period.start).astimezone(zone)
    lost = _("closes the night of %(night)s") % {"night": day(quote.nights.start)} if quote.nights else ""
    return Option(words % {"time": clock(at)}, quote.price, lost)


def notes(home: Property, stay: Stay, now: datetime) -> list[Note]:
    """What keeps guests of that day from seeing what the host sees here: the home, its calendars, no such stay."""
    archived = _("This home is archived, so nothing is sold.")
    found = [Note(archived, stops=True)] if home.archived_at else []
    if unread := calendars(home, now):
        found.append(unread)
    if _nobody(home, stay, now):
        words = (
            _("No stay in your calendars ends on %(day)s, so a guest who enters that day is offered nothing.")
            if stay.side is Side.LEAVING
            else _(
                "No stay in your calendars begins on %(day)s, so a guest who enters that day is offered nothing."
            )
        )
        found.append(Note(words % {"day": day(stay.day)}))
    return found


def calendars(home: Property, now: datetime) -> Note | None:
    """What the calendars' age leaves of all offers; nothing to say while all were just read."""
    rows = _FEEDS(home=home.pk)
    mode = offers.mode(Mode.INSTANT, [None if feed.paused_at else feed.last_good_at for feed in rows], now)
    text = sentences.feeds(rows, mode, home.house.zone)
    feed = sentences.least_known(rows)
    href = reverse("calendars:connections", args=[home.public_id])
    if feed:
        href = reverse("calendars:log", args=[home.public_id, feed.public_id])
    return Note(text, href, stops=mode is Mode.OFF) if text else None


def _nobody(home: Property, stay: Stay, now: datetime) -> bool:
    """Whether the calendar knows of nobody who stays beside that day, and it is still to come."""
    night = stay.day - NIGHT if stay.side is Side.LEAVING else stay.day
    diary = ledger.diary(home, Span(night, night + NIGHT))
    return stay.day > home.house.today(now) and not diary.is_slept(night)
