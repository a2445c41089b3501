"""How the calendars are read, and our links by the sites: a line for each channel, over all homes."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet
from django.urls import reverse
from psycopg.types.range import TimestamptzRange

from accounts.models import Organization
from accounts.statements import Given, Statement
from calendars.models import Block, ExportLink, Feed
from calendars.readership import Readers, readers
from calendars.standing import Standing, standing
from calendars.unread import waiting
from domain.channels import OTHER, Channel
from domain.pulls import VISIT
from domain.spans import Span
from properties.models import Property
from properties.templatetags.stays import named

OF_FEEDS = (
    "public_id", "property_id", "channel", "label", "host", "paused_at", "quarantined_at", "next_poll_at",
    "lease_until", "last_read_at", "last_good_at", "failures", "failing_since", "problem", "held_nights", "events",
    "closed_nights", "echoes", "asked_at", "connection_id", "connection__least_interval", "connection__rest_until",
)  # fmt: skip
OF_LINKS = ("public_id", "property_id", "kind", "channel", "label", "created_at")
MOST_UNSEEN = 2_000  # sales in links
GOOD = frozenset({Standing.FRESH, Standing.HELD, Standing.CHECKING})
WORST_FIRST = (
    Standing.QUARANTINED,
    Standing.FAILING,
    Standing.PARTLY,
    Standing.LATE,
    Standing.PAUSED,
    Standing.HELD,
    Standing.CHECKING,
    Standing.FRESH,
)


def link_page(link: ExportLink) -> str:
    """Where a link of ours stands."""
    page = reverse("calendars:connections", args=[link.property.public_id])
    return f"{page}#link-{link.public_id}"


@dataclass(slots=True)
class Line:
    """One channel: its feeds by how they stand, and how its links are read.

    `read_at` is when the feed that was read longest ago was; None while one of them never was.
    """

    channel: Channel
    feeds: list[tuple[Feed, Standing]] = field(default_factory=list)
    links: list[Readers] = field(default_factory=list)
    stopped: int = 0

    @property
    def states(self) -> list[tuple[Standing, int]]:
        """How many stand how, the worst first."""
        return states(state for _feed, state in self.feeds)

    @property
    def name(self) -> str:
        """The channel's; of sites that nobody knows the host's label, where all of them have the same."""
        labels = {feed.label for feed, _state in self.feeds} | {known.link.label for known in self.links}
        own = labels.pop() if self.channel == OTHER and len(labels) == 1 else ""
        return own or named(self.channel)

    @property
    def is_system(self) -> bool:
        """Whether it is read through its API, and not by links."""
        return any(feed.connection_id for feed, _state in self.feeds)

    @property
    def read_at(self) -> datetime | None:
        """When the feed that was read longest ago was."""
        reads = [feed.last_good_at for feed, state in self.feeds if state is not Standing.PAUSED]
        known = [at for at in reads if at]
        return min(known) if known and len(known) == len(reads) else None

    @property
    def is_paused(self) -> bool:
        """Whether it has feeds, and the host lets none of them be read."""
        return bool(self.feeds) and all(state is Standing.PAUSED for _feed, state in self.feeds)

    @property
    def seen(self) -> int:
        """How many of its links the site has read."""
        return sum(1 for link in self.links if link.own)

    @property
    def seen_at(self) -> datetime | None:
        """When the site last read one of them."""
        return max((link.last.last_at for link in self.links if link.last), default=None)

    @property
    def is_good(self) -> bool:
        """Whether all is read, both ways."""
        is_read = all(state in GOOD for _feed, state in self.feeds)
        return is_read and self.seen == len(self.links) and not self.stopped

    @property
    def href(self) -> str:
        """The page of what is worst about it."""
        feed = min(self.feeds, key=lambda each: WORST_FIRST.index(each[1]), default=None)
        if feed and feed[1] not in GOOD:
            return reverse("calendars:log", args=[feed[0].property.public_id, feed[0].public_id])
        link = next((each.link for each in self.links if not each.own), None)
        if link:
            return link_page(link)
        about = feed[0] if feed else self.links[0].link
        return reverse("calendars:connections", args=[about.property.public_id])


@dataclass(frozen=True, slots=True)
class Unseen:
    """A sale to come that a link tells of, and that its site hasn't read there."""

    known: Readers
    sale: int
    nights: Span

    @property
    def link(self) -> ExportLink:
        """The link that tells of it."""
        return self.known.link

    @property
    def href(self) -> str:
        """Where the link stands, with what to do about it."""
        return link_page(self.link)


@dataclass(frozen=True, slots=True)
class Health:
    """All feeds and links of the homes, the homes without a feed, and the sales that sites don't know of yet."""

    lines: tuple[Line, ...]
    unconnected: tuple[Property, ...]
    unseen: tuple[Unseen, ...] = ()

    @property
    def feeds(self) -> list[tuple[Feed, Standing]]:
        """Every feed and how it stands."""
        return [each for line in self.lines for each in line.feeds]

    @property
    def paused(self) -> list[Feed]:
        """The feeds that the host lets rest."""
        return [feed for feed, state in self.feeds if state is Standing.PAUSED]

    @property
    def links(self) -> list[Readers]:
        """Every link and who reads it."""
        return [each for line in self.lines for each in line.links]

    @property
    def failing(self) -> int:
        """How many feeds couldn't be read just now."""
        return sum(1 for feed, _state in self.feeds if feed.failures and not feed.paused_at)

    @property
    def good(self) -> int:
        """How many feeds are read as they should be, and were."""
        return sum(1 for feed, state in self.feeds if state in GOOD and feed.last_good_at)

    @property
    def seen(self) -> int:
        """How many links were read by their sites."""
        return sum(line.seen for line in self.lines)

    @property
    def unread_homes(self) -> set[int]:
        """The homes with links of which no site has read any."""
        return self._homes_of_links - {each.link.property_id for each in self.links if each.own}

    @property
    def is_all_read_somewhere(self) -> bool:
        """Whether there is a home whose links have each been read."""
        return bool(self._homes_of_links - {each.link.property_id for each in self.links if not each.own})

    @property
    def _homes_of_links(self) -> set[int]:
        return {each.link.property_id for each in self.links}

    @property
    def unseen_sales(self) -> int:
        """How many sales to come some site doesn't know of yet."""
        return len({each.sale for each in self.unseen})

    @property
    def unseen_by(self) -> list[str]:
        """The sites that don't know of some sale yet, each once."""
        return list(dict.fromkeys(each.link.site for each in self.unseen))


def _feeds() -> QuerySet[Feed]:
    rows = Feed.objects.of(Given("org")).filter(property__in=Given("homes"))
    return rows.select_related("connection").only(*OF_FEEDS).order_by("pk")


def _links() -> QuerySet[ExportLink]:
    rows = ExportLink.objects.of(Given("org")).live().of_channels().filter(property__in=Given("homes"))
    return rows.only(*OF_LINKS).order_by("pk")


def _last() -> QuerySet[Any, tuple[int, datetime]]:
    sales = Block.objects.of(Given("org")).filter(property__in=Given("homes"))
    sales = sales.filter(origin=Block.Origin.SALE, period__overlap=Given("to_come")).order_by()
    found: QuerySet[Any, Any] = sales.values("property_id").annotate(last=Max("changed_at"))
    return found.values_list("property_id", "last")


_FEEDS, _LINKS, _LAST = Statement(_feeds), Statement(_links), Statement(_last)


def states(standings: Iterable[Standing]) -> list[tuple[Standing, int]]:
    """How many stand how, the worst first."""
    counts = Counter(standings)
    return [(state, counts[state]) for state in WORST_FIRST if counts[state]]


def health(organization: Organization, homes: Sequence[Property], now: datetime) -> Health:
    """How the calendars of these homes of the organization stand.

    In five queries; in six while a site may not know of a sale.
    """
    by_id = {home.pk: home for home in homes}
    found: dict[str, Line] = {}
    for feed in _FEEDS(org=organization.pk, homes=list(by_id)):
        feed.property = by_id[feed.property_id]
        line = found.setdefault(feed.source.key, Line(feed.source))
        line.feeds.append((feed, standing(feed, now)))
    for known in _readers(_LINKS(org=organization.pk, homes=list(by_id)), by_id):
        line = found.setdefault(known.link.source.key, Line(known.link.source))
        line.links.append(known)
        line.stopped += known.has_stopped(now)
    lines = sorted(found.values(), key=lambda each: (each.is_good, each.channel.name))
    connected = _homes_of(feed for line in lines for feed, _state in line.feeds)
    unconnected = tuple(home for home in homes if home.pk not in connected)
    return Health(tuple(lines), unconnected, tuple(_unseen(organization, lines, now)))


def _readers(rows: Iterable[ExportLink], homes: dict[int, Property]) -> list[Readers]:
    links = list(rows)
    for link in links:
        link.property = homes[link.property_id]
    return list(readers(links).values()) if links else []


def _unseen(organization: Organization, lines: Iterable[Line], now: datetime) -> Iterator[Unseen]:
    """The sales that a site should know of and doesn't, the next nights first."""
    mirrored = {feed.property_id for line in lines for feed, _state in line.feeds if feed.connection_id}
    links = [each for line in lines for each in line.links if _is_waited_for(each, mirrored)]
    sold = _last_sold(organization, {each.link.property_id for each in links}, now) if links else {}
    known = {each.link.pk: each for each in links if _may_wait(each, sold)}
    if not known:
        return
    rows = waiting(now).filter(organization=organization, pk__in=list(known)).order_by("nights", "sale", "pk")
    for pk, sale, nights in rows.values_list("pk", "sale", "nights")[:MOST_UNSEEN]:
        yield Unseen(known[pk], sale, Span(nights.lower, nights.upper))


def _last_sold(organization: Organization, homes: Collection[int], now: datetime) -> dict[int, datetime]:
    """When the latest of the sales to come was made or changed, by home."""
    return dict(_LAST(org=organization.pk, homes=list(homes), to_come=TimestamptzRange(now, None)))


def _may_wait(known: Readers, sold: Mapping[int, datetime]) -> bool:
    """Whether its site may not know of a sale: not where it came by after all of them, as nearly all sites have."""
    sold_at = sold.get(known.link.property_id)
    if sold_at is None or known.last is None:
        return sold_at is not None
    return known.last.last_at <= max([sold_at, *known.back.values()]) + VISIT


def _is_waited_for(known: Readers, mirrored: Collection[int]) -> bool:
    """Whether a site should read the link: for that of a mirrored unit, the host may have no use."""
    return bool(known.own) or known.link.channel != OTHER.key or known.link.property_id not in mirrored


def _homes_of(feeds: Iterable[Feed]) -> dict[int, int]:
    """How many feeds each home has."""
    found: dict[int, int] = defaultdict(int)
    for feed in feeds:
        found[feed.property_id] += 1
    return found
