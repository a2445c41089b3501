"""The board of many homes: who stays where and when, what is closed, and which free nights are on sale for how much.

A fixed number of queries, however many homes there are; the words of a bar are made once for each day and calendar.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property

from django.db.models import Q
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.models import Organization
from calendars import conflicts, ledger, lineage
from calendars.models import Alert, Block, Feed, Suspension, date_range
from calendars.retelling import is_stay, retold
from domain.board import Board, Place, lanes
from domain.diary import Diary
from domain.events import Kind
from domain.money import Money
from domain.offers import Mode
from domain.spans import NIGHT, Span
from properties.dates import short_stay, when
from properties.models import Property
from properties.templatetags.stays import money
from upsells.models import Offer, PayoutAccount
from upsells.shelves import Side, Stand, Stay, is_payable, quotes

WITHOUT_CENTS = re.compile(r"[.,]00(?=\D|$)")
MARGIN = 62 * NIGHT  # around the board, for what a price depends on
COLUMNS = (
    "property_id",
    "origin",
    "kind",
    "nights",
    "period",
    "feed_id",
    "missing_since",
    "yields",
    "side",
    "summary",
)


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that takes the home's time: where it lies, how it is drawn, what it says, where it leads."""

    css: str
    channel: str
    initials: str
    word: str
    said: str
    href: str
    nights: Span
    is_stay: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """A free night that is on sale, with what it costs."""

    css: str
    price: str
    said: str
    href: str
    night: date


@dataclass(frozen=True, slots=True)
class Row:
    """One home on the board; `failing` calendars can't be read. `gaps` are empty where they weren't asked for."""

    home: Property
    href: str
    bars: tuple[Bar, ...]
    gaps: tuple[Gap, ...]
    lanes: int
    failing: int
    disputes: int

    @property
    def drawn_bars(self) -> SafeString:
        """The bars as HTML; a template takes four times as long for a thousand of them."""
        return mark_safe("".join(map(_drawn_bar, self.bars)))  # noqa: S308 - every part is escaped below

    @property
    def drawn_gaps(self) -> SafeString:
        """The gaps as HTML."""
        return mark_safe("".join(map(_drawn_gap, self.gaps)))  # noqa: S308 - every part is escaped below


def _drawn_bar(bar: Bar) -> str:
    said = escape(bar.said)
    return (
        f'<a class="bar {bar.css}" href="{escape(bar.href)}" data-channel="{bar.channel}" data-panel '
        f'aria-label="{said}" title="{said}"><span class="ini">{escape(bar.initials)}</span>'
        f'<span class="word">{escape(bar.word)}</span></a>'
    )


def _drawn_gap(gap: Gap) -> str:
    return (
        f'<a class="gap {gap.css}" href="{escape(gap.href)}" data-panel aria-label="{escape(gap.said)}">'
        f"{escape(gap.price)}</a>"
    )


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A bar before its lane is known."""

    place: Place
    nights: Span
    state: str
    feed: Feed | None
    word: str
    is_stay: bool


@dataclass(frozen=True)
class Rows:
    """The homes of one organization on a board at an instant; with what is on sale, which takes longer to reckon."""

    organization: Organization
    homes: Sequence[Property]
    board: Board
    now: datetime
    with_gaps: bool = False
    days: dict[date, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Row]:
        for home in self.homes:
            home.organization = self.organization
            yield self._row(home)

    @cached_property
    def _feeds(self) -> dict[int, Feed]:
        rows = Feed.objects.of(self.organization).filter(property__in=self.homes)
        return {feed.pk: feed for feed in rows.defer("url", "problem")}

    @cached_property
    def _feeds_of(self) -> Mapping[int, list[Feed]]:
        found: dict[int, list[Feed]] = defaultdict(list)
        for feed in self._feeds.values():
            found[feed.property_id].append(feed)
        return found

    @cached_property
    def _blocks(self) -> Mapping[int, list[Block]]:
        window = self.board.window
        margin = MARGIN if self.with_gaps else NIGHT
        reach = Span(window.start - margin, window.end + margin)
        near = Q(nights__overlap=date_range(reach)) | Q(period__overlap=_instants(reach))
        rows = Block.objects.of(self.organization).filter(near, property__in=self.homes)
        found: dict[int, list[Block]] = defaultdict(list)
        for block in rows.only(*COLUMNS).order_by("nights", "pk"):
            found[block.property_id].append(block)
        return found

    @cached_property
    def _lengthened(self) -> frozenset[int]:
        """The sales that a site's own calendar shows as a longer stay of the same guest by now."""
        rows = Suspension.objects.of(self.organization).filter(
            property__in=self.homes, shown_at__isnull=False
        )
        return frozenset(rows.values_list("block", flat=True))

    @cached_property
    def _disputes(self) -> Mapping[int, list[Span]]:
        rows = Alert.objects.of(self.organization).open().filter(property__in=self.homes)
        found: dict[int, list[Span]] = defaultdict(list)
        for alert in rows.filter(kind=Alert.Kind.CONFLICT).only("property_id", "details"):
            found[alert.property_id].append(conflicts.nights(alert))
        return found

    @cached_property
    def _offers(self) -> Mapping[int, tuple[Offer, ...]]:
        """What is sold by the night, and can be paid the way the host wants by guests of any site."""
        takes_cards = PayoutAccount.objects.of(self.organization).ready().exists()
        rows = (
            Offer.objects.of(self.organization).on().filter(property__in=self.homes, kind__in=Offer.NIGHTLY)
        )
        found: dict[int, list[Offer]] = defaultdict(list)
        for offer in rows:
            if is_payable(offer, "", takes_cards=takes_cards):
                found[offer.property_id].append(offer)
        return {home: tuple(offers) for home, offers in found.items()}

    def _row(self, home: Property) -> Row:
        blocks, disputes = self._blocks.get(home.pk, []), self._disputes.get(home.pk, [])
        href = reverse("calendars:month", args=[home.public_id])
        drawn = sorted((*self._drawn(blocks), *self._drawn_hours(home, blocks)), key=lambda each: each.place)
        found = lanes([each.place for each in drawn])
        feeds = self._feeds_of.get(home.pk, [])
        return Row(
            home=home,
            href=href,
            bars=tuple(
                self._bar(each, lane, href, disputes) for each, lane in zip(drawn, found, strict=True)
            ),
            gaps=tuple(self._gaps(home, blocks, feeds, href)) if self.with_gaps else (),
            lanes=max(found, default=0) + 1,
            failing=sum(1 for feed in feeds if feed.failing_since),
            disputes=len(disputes),
        )

    # Bars

    def _drawn(self, blocks: Iterable[Block]) -> Iterator[_Drawn]:
        """What takes nights, each stay once although several calendars may tell of it."""
        window = self.board.window
        theirs: list[Block] = []
        own: list[Span] = []
        for block in blocks:
            span = block.span
            if span is None or not span.overlaps(window) or block.kind == Kind.HOURS:
                continue
            state, feed = lineage.state_of(block), self._feeds.get(block.feed_id or 0)
            if feed and state == "closed":
                theirs.append(block)
            elif block.pk not in self._lengthened:
                own += [span] if feed is None else []
                yield from self._one(span, state, feed, _word(block, feed), is_stay=state == "sale")
        for block, shown in retold(theirs, self._feeds, own):
            feed = self._feeds[block.feed_id or 0]
            sleeps = is_stay(block, feed)
            yield from self._one(shown.nights, "closed", feed, _word(block, feed), is_stay=sleeps)

    def _one(
        self, span: Span, state: str, feed: Feed | None, word: str, *, is_stay: bool
    ) -> Iterator[_Drawn]:
        if place := self.board.place(span):
            yield _Drawn(place, span, state if is_stay or state != "closed" else "rule", feed, word, is_stay)

    def _drawn_hours(self, home: Property, blocks: Iterable[Block]) -> Iterator[_Drawn]:
        """Sold hours, whether they close a night or not: the half of the day that they lie in."""
        for block in blocks:
            if block.kind != Kind.HOURS or block.origin not in Block.EXCLUSIVE:
                continue
            start = block.period.lower.astimezone(home.house.zone)
            is_late = start == home.house.instant(start.date(), home.house.check_out)
            if place := self.board.hours(start.date(), morning=not is_late):
                word = _("Late check-out") if is_late else _("Early check-in")
                nights = Span(start.date(), start.date() + NIGHT)
                yield _Drawn(place, nights, lineage.state_of(block), None, word, is_stay=False)

    def _bar(self, each: _Drawn, lane: int, href: str, disputes: Iterable[Span]) -> Bar:
        place, nights = each.place, each.nights
        channel = each.feed.source if each.feed else lineage.AMPLISTAY
        css = [f"s{place.start}", f"n{place.count}", f"is-{each.state}"]
        css += [f"lane{min(lane, 2)}"] if lane else []
        css += ["comes-in"] if place.comes_in else []
        css += ["goes-on"] if place.goes_on else []
        if any(nights.overlaps(span) for span in disputes):
            css.append("is-conflict")
        return Bar(
            css=" ".join(css),
            channel="manager" if channel.is_manager else channel.key,
            initials=channel.initials,
            word=each.word,
            said=f"{each.word}, {short_stay(nights)}",
            href=_night(href, max(nights.start, self.board.first)),
            nights=nights,
            is_stay=each.is_stay,
        )

    def _day(self, day: date) -> str:
        if day not in self.days:
            self.days[day] = when(day, "MMMd")
        return self.days[day]

    # Gaps

    def _gaps(
        self, home: Property, blocks: Iterable[Block], feeds: Iterable[Feed], href: str
    ) -> Iterator[Gap]:
        """The first night after a stay, and the last one before, where they are on sale at this moment."""
        offers = self._offers.get(home.pk, ())
        reads = tuple(None if feed.paused_at else feed.last_good_at for feed in feeds)
        stand = Stand(tuple(offer for offer in offers if offer.currency == home.currency), reads)
        selling = [offer for offer in stand.offers if stand.mode(offer, self.now) is not Mode.OFF]
        if not selling:
            return
        diary = Diary(home.house, ledger.claims(block for block in blocks if not block.yields))
        found: dict[date, Money] = {}
        for offer in selling:
            offer.most_nights = 1  # of this copy: the board names the price of the first
            for stay in self._turns(diary, offer):
                night = stay.day if stay.side is Side.LEAVING else stay.day - NIGHT
                for quote in quotes(home, offer, stay, diary, self.now).quotes[:1]:
                    found[night] = min(found.get(night, quote.price.total), quote.price.total)
        for night, price in sorted(found.items()):
            if place := self.board.place(Span(night, night + NIGHT)):
                text = money(price)
                said = _("%(day)s is free and on sale for %(price)s") % {
                    "day": self._day(night),
                    "price": text,
                }
                short = WITHOUT_CENTS.sub("", text.removeprefix("US"))
                yield Gap(f"s{place.start} n{place.count}", short, said, _night(href, night), night)

    def _turns(self, diary: Diary, offer: Offer) -> Iterator[Stay]:
        """The days on which somebody leaves, or comes, beside a free night of the board."""
        today, window = diary.house.today(self.now), self.board.window
        for busy in diary.busy:
            if offer.kind == Offer.Kind.EXTRA_NIGHTS:
                if busy.end in window and busy.end >= today and diary.is_slept(busy.end - NIGHT):
                    yield Stay(busy.end, Side.LEAVING)
            elif busy.start - NIGHT in window and busy.start > today and diary.is_slept(busy.start):
                yield Stay(busy.start, Side.ARRIVING)


def _night(href: str, night: date) -> str:
    named = night.isoformat()
    return f"{href}?month={named[:7]}&night={named}"


def _word(block: Block, feed: Feed | None) -> str:
    if feed:
        return feed.title
    if block.origin == Block.Origin.HOST:
        return block.summary or _("Closed by you")
    return (block.summary or _("Sold")) if block.origin == Block.Origin.SALE else _("A guest is booking")


def _instants(window: Span) -> tuple[datetime, datetime]:
    """A period that holds the days wherever on earth they are."""
    first, last = (datetime.combine(day, time(), UTC) for day in (window.start, window.end))
    return first - NIGHT, last + NIGHT
