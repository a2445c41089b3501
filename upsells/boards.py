"""The board of many homes: who stays where and when, what is closed, and which free nights are on sale for how much.

A fixed number of queries, however many homes there are. As there are thousands of bars, each is made once, of the
lightest parts there are, and what many share is worded once.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, cached_property
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from calendars import conflicts, ledger, lineage
from calendars.glances import Glance, glances
from calendars.models import Block, Feed
from calendars.retelling import is_stay, retold
from domain.board import Place, lanes
from domain.channels import Channel
from domain.diary import Diary
from domain.events import Kind
from domain.money import Money
from domain.offers import Mode
from domain.spans import NIGHT, Span
from properties.dates import when
from properties.models import Property
from properties.templatetags.stays import money
from upsells import sources
from upsells.models import Offer
from upsells.shelves import Side, Stand, Stay, is_payable, quotes
from upsells.sources import Sources

WITHOUT_CENTS = re.compile(r"[.,]00(?=\D|$)")
# Of a currency whose sign is long: a tile has room for the number
ABROAD = re.compile(r"US(?=\$)|(?<=\$)US|[A-Z]{3}")
SOME_HOME = "some-home"  # stands for a home's id in an address
MARGIN = 62 * NIGHT  # around the board, for what a price depends on


class Mark(NamedTuple):
    """Who makes a claim: how it is coloured, and what stands on it."""

    channel: str
    initials: str
    title: str


class Bar(NamedTuple):
    """Something that takes the home's time: where it lies, how it is drawn, what it says, where it leads."""

    place: Place
    nights: Span
    state: str
    mark: Mark
    word: str
    href: str
    is_stay: bool
    is_disputed: bool


class Deal(NamedTuple):
    """The fewest nights with which one guest can buy a free night, and what they cost together."""

    nights: Span
    price: Money
    stay: Stay

    @property
    def first(self) -> date:
        """The night right beside the guest's own."""
        return self.nights.start if self.stay.side is Side.LEAVING else self.nights.end - NIGHT

    @property
    def said(self) -> str:
        """Who is offered it, for how much."""
        count = len(self.nights)
        if self.stay.side is Side.LEAVING:
            words = ngettext(
                "On sale now for %(price)s to the guest leaving on %(day)s.",
                "On sale now to the guest leaving on %(day)s: %(count)s nights for %(price)s.",
                count,
            )
        else:
            words = ngettext(
                "On sale now for %(price)s to the guest arriving on %(day)s.",
                "On sale now to the guest arriving on %(day)s: %(count)s nights for %(price)s.",
                count,
            )
        return words % {"price": money(self.price), "day": when(self.stay.day, "MMMd"), "count": count}


@dataclass(frozen=True, slots=True)
class Gap:
    """A free night that is on sale: what it costs, or how many nights more come with it, and who is offered it.

    `is_first`: whether it lies right beside the stay of who is offered it.
    """

    css: str
    price: str
    said: str
    href: str
    night: date
    is_first: bool = True
    deals: tuple[Deal, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One home on the board; `failing` calendars can't be read. `gaps` are empty where they weren't asked for.

    `lanes` are those of the bars, counted from 0.
    """

    home: Property
    href: str
    bars: tuple[Bar, ...]
    lanes: tuple[int, ...]
    gaps: tuple[Gap, ...]
    failing: int
    disputes: int


type _Drawn = tuple[Place, Span, str, Mark, str, bool]  # as a bar has it


def _mark(channel: Channel, title: str) -> Mark:
    return Mark("manager" if channel.is_manager else channel.key, channel.initials, title)


# Each says itself what it is.
OURS = {channel: _mark(channel, "") for channel in (lineage.AMPLISTAY, lineage.BY_HAND)}


@dataclass(frozen=True)
class Rows(Sources):
    """The homes of one organization on a board at an instant; with what is on sale, which takes longer to reckon.

    Of that only the nights right beside the stays, unless `beyond` asks for those which are sold together with them.
    `with_bars` is False where nothing but that is asked for. `known` are the homes' feeds, where they were read before.
    """

    now: datetime
    with_gaps: bool = False
    with_bars: bool = True
    beyond: bool = False
    known: Iterable[Feed] | None = None
    days: dict[date, str] = field(default_factory=dict)
    prices: dict[Money, tuple[str, str]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Row]:
        for home in self.homes:
            home.organization = self.organization
            yield self._row(home)

    @cached_property
    def _feeds(self) -> dict[int, Feed]:
        rows = self.known
        if rows is None:
            rows = sources.FEEDS(**self.where)
        return {feed.pk: feed for feed in rows}

    @cached_property
    def _feeds_of(self) -> Mapping[int, list[Feed]]:
        found: dict[int, list[Feed]] = defaultdict(list)
        for feed in self._feeds.values():
            found[feed.property_id].append(feed)
        return found

    @cached_property
    def _marks(self) -> Mapping[int, Mark]:
        return {number: _mark(feed.source, feed.title) for number, feed in self._feeds.items()}

    @cached_property
    def _glances(self) -> Mapping[int, list[Glance]]:
        """What lies on the board, of each home."""
        found: dict[int, list[Glance]] = defaultdict(list)
        for home, block in glances(sources.GLANCES(**self.where, **self.near())):
            found[home].append(block)
        return found

    @cached_property
    def _blocks(self) -> Mapping[int, list[Block]]:
        """What the prices of the board's free nights depend on, of each home."""
        found: dict[int, list[Block]] = defaultdict(list)
        for block in sources.CLAIMS(**self.where, **self.near(MARGIN)):
            found[block.property_id].append(block)
        return found

    @cached_property
    def _named(self) -> Mapping[int, list[Span]]:
        """The stays of each home that its host told of, giving them a link by hand."""
        found: dict[int, list[Span]] = defaultdict(list)
        for link in sources.NAMED(**self.where, nights=self.near()["nights"]):
            found[link.property_id] += [link.booked] if link.booked else []
        return found

    @cached_property
    def _lengthened(self) -> frozenset[int]:
        return frozenset(sources.LENGTHENED(**self.where))

    @cached_property
    def _disputes(self) -> Mapping[int, list[Span]]:
        found: dict[int, list[Span]] = defaultdict(list)
        for alert in sources.DISPUTES(**self.where):
            found[alert.property_id].append(conflicts.nights(alert))
        return found

    @cached_property
    def _offers(self) -> Mapping[int, tuple[Offer, ...]]:
        """What is sold by the night, and can be paid the way the host wants by guests of any site."""
        found: dict[int, list[Offer]] = defaultdict(list)
        for offer in sources.OFFERS(**self.where):
            if is_payable(offer, "", takes_cards=getattr(offer, "takes_cards", False)):
                found[offer.property_id].append(offer)
        return {home: tuple(offers) for home, offers in found.items()}

    def _row(self, home: Property) -> Row:
        disputes = self._disputes.get(home.pk, [])
        href = _month().replace(SOME_HOME, home.public_id)
        bars = self._bars(home, href, disputes) if self.with_bars else []
        feeds = self._feeds_of.get(home.pk, [])
        return Row(
            home=home,
            href=href,
            bars=tuple(bars),
            lanes=tuple(lanes([bar.place for bar in bars])),
            gaps=tuple(self._gaps(home, feeds, href)) if self.with_gaps else (),
            failing=sum(1 for feed in feeds if feed.failing_since),
            disputes=len(disputes),
        )

    # Bars

    def _bars(self, home: Property, href: str, disputes: Sequence[Span]) -> list[Bar]:
        """All that takes the home's time, from left to right."""
        blocks = self._glances.get(home.pk)
        if not blocks:
            return []
        found: list[Bar] = []
        for place, nights, state, mark, word, sleeps in (*self._lying(blocks), *self._hours(home, blocks)):
            leads = _night(href, max(nights.start, self.board.first))
            is_disputed = bool(disputes) and any(nights.overlaps(span) for span in disputes)
            found.append(Bar(place, nights, state, mark, word, leads, sleeps, is_disputed))
        found.sort(key=_across)
        return found

    def _lying(self, blocks: Iterable[Glance]) -> Iterator[_Drawn]:
        """What takes nights, each stay once although several calendars may tell of it."""
        window = self.board.window
        theirs: list[Glance] = []
        own: list[Span] = []
        for block in blocks:
            span = block.span
            if span is None or block.kind == Kind.HOURS or not span.overlaps(window):
                continue
            state, has_feed = lineage.state_of(block), block.feed_id in self._feeds
            if has_feed and state == "closed":
                theirs.append(block)
            elif block.pk not in self._lengthened:
                own += [] if has_feed else [span]
                yield from self._one(span, state, block, is_stay=state == "sale")
        for block, shown in retold(theirs, self._feeds, own):
            sleeps = is_stay(block, self._feeds[block.feed_id or 0])
            yield from self._one(shown.nights, "closed", block, is_stay=sleeps)

    def _one(self, span: Span, state: str, block: Glance, *, is_stay: bool) -> Iterator[_Drawn]:
        if place := self.board.place(span):
            mark = self._marks.get(block.feed_id or 0) or OURS[lineage.own_channel(block)]
            drawn = "rule" if state == "closed" and not is_stay else state
            yield place, span, drawn, mark, mark.title or _word(block), is_stay

    def _hours(self, home: Property, blocks: Iterable[Glance]) -> Iterator[_Drawn]:
        """Sold hours, whether they close a night or not: the half of the day that they lie in."""
        for block in blocks:
            if block.kind != Kind.HOURS or block.origin not in Block.EXCLUSIVE or block.period is None:
                continue
            start = block.period.lower.astimezone(home.house.zone)
            is_late = start == home.house.instant(start.date(), home.house.check_out)
            if place := self.board.hours(start.date(), morning=not is_late):
                word = _("Late check-out") if is_late else _("Early check-in")
                nights = Span(start.date(), start.date() + NIGHT)
                yield place, nights, lineage.state_of(block), OURS[lineage.AMPLISTAY], word, False

    def _day(self, day: date) -> str:
        if day not in self.days:
            self.days[day] = when(day, "MMMd")
        return self.days[day]

    # Gaps

    def _gaps(self, home: Property, feeds: Iterable[Feed], href: str) -> Iterator[Gap]:
        """The free nights of the board that are on sale at this moment."""
        found: dict[date, list[Deal]] = defaultdict(list)
        for night, deal in self._deals(home, feeds):
            found[night].append(deal)
        for night, deals in sorted(found.items()):
            if place := self.board.place(Span(night, night + NIGHT)):
                if len(deals) > 1:
                    deals.sort(key=lambda deal: (len(deal.nights), deal.price))
                best, css = deals[0], f"s{place.start} n{place.count}"
                more, (price, short) = len(best.nights) - 1, self._price(best.price)
                said = self._beyond(night, more, price) if more else self._beside(night, price)
                is_first = best.first == night
                shown = short if is_first else f"+{more}"
                yield Gap(css, shown, said, _night(href, night), night, is_first, tuple(deals))

    def _deals(self, home: Property, feeds: Iterable[Feed]) -> Iterator[tuple[date, Deal]]:
        """Each free night that a guest can buy, with the least that has it."""
        offers = self._offers.get(home.pk, ())
        reads = tuple(None if feed.paused_at else feed.last_good_at for feed in feeds)
        stand = Stand(tuple(offer for offer in offers if offer.currency == home.currency), reads)
        selling = [offer for offer in stand.offers if stand.mode(offer, self.now) is not Mode.OFF]
        if not selling:
            return
        blocks = self._blocks.get(home.pk, [])
        diary, guests = Diary(home.house, ledger.claims(blocks)), tuple(self._guests(home, blocks))
        for offer in selling:
            if not self.beyond:
                offer.most_nights = 1  # of this copy: the board names the price of the first
            for stay in self._turns(diary, guests, offer):
                least: dict[date, Deal] = {}
                for quote in quotes(home, offer, stay, diary, self.now).quotes:
                    if quote.nights:
                        deal = Deal(quote.nights, quote.price.total, stay)
                        least = dict.fromkeys(quote.nights.nights(), deal) | least
                yield from least.items()

    def _beside(self, night: date, price: str) -> str:
        return _("%(day)s is free and on sale for %(price)s") % {"day": self._day(night), "price": price}

    def _beyond(self, night: date, more: int, price: str) -> str:
        words = ngettext(
            "%(day)s is free and on sale with %(count)s night beside it, together for %(price)s",
            "%(day)s is free and on sale with %(count)s nights beside it, together for %(price)s",
            more,
        )
        return words % {"day": self._day(night), "count": more, "price": price}

    def _price(self, price: Money) -> tuple[str, str]:
        """What it costs, in full and in short."""
        if price not in self.prices:
            text = money(price)
            self.prices[price] = text, ABROAD.sub("", WITHOUT_CENTS.sub("", text)).strip()
        return self.prices[price]

    def _guests(self, home: Property, blocks: Iterable[Block]) -> Iterator[Span]:
        """The nights that somebody stays, as far as we know."""
        for block in blocks:
            span, feed = block.span, self._feeds.get(block.feed_id or 0)
            if span and block.kind != Kind.HOURS and not block.is_closure:
                yield from span.minus(feed.echo_spans) if feed else (span,)
        yield from self._named.get(home.pk, ())

    def _turns(self, diary: Diary, guests: Sequence[Span], offer: Offer) -> Iterator[Stay]:
        """The days on which somebody leaves, or comes, beside a free night of the board."""
        today, window = diary.house.today(self.now), self.board.window
        starts, ends = {nights.start for nights in guests}, {nights.end for nights in guests}
        for busy in diary.busy:
            if offer.kind == Offer.Kind.EXTRA_NIGHTS:
                if busy.end in window and busy.end >= today and busy.end in ends:
                    yield Stay(busy.end, Side.LEAVING)
            elif busy.start - NIGHT in window and busy.start > today and busy.start in starts:
                yield Stay(busy.start, Side.ARRIVING)


@cache
def _month() -> str:
    return reverse("calendars:month", args=[SOME_HOME])


def _night(href: str, night: date) -> str:
    named = night.isoformat()
    return f"{href}?month={named[:7]}&night={named}"


def _word(block: Glance) -> str:
    if block.origin == Block.Origin.HOST:
        return block.summary or _("Closed by you")
    return (block.summary or _("Sold")) if block.origin == Block.Origin.SALE else _("A guest is booking")


def _across(bar: Bar) -> tuple[int, int]:
    return bar.place.start, bar.place.count
