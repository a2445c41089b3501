"""Export links: the signed address, its rotation, and the bytes behind it.

Nothing secret is stored: an address is the link's id and an HMAC-SHA256 over id and version.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from calendars.models import Block, ExportLink, Feed, LoopCheck, Suspension
from calendars.people import Agenda, Ticks
from domain import encode
from domain.diary import impossible_beside
from domain.events import Kind
from domain.house import House
from domain.spans import NIGHT, Period, Span, merge
from properties.models import Property

OVERLAP = timedelta(hours=48)
SECOND = timedelta(seconds=1)
VERSIONS_KNOWN = 12  # of a link without a row; hardly any is replaced that often
SIGNATURE_LENGTH = 43  # hex digits: 172 bits of the digest


def signature(public_id: str, version: int, key: str) -> str:
    """The part of the address that can't be guessed."""
    digest = hmac.new(key.encode(), f"{public_id}:{version}".encode(), hashlib.sha256)
    return digest.hexdigest()[:SIGNATURE_LENGTH]


def address(link: ExportLink) -> str:
    """The full address to paste into the channel."""
    signed = signature(link.public_id, link.version, settings.EXPORT_KEYS[0])
    return settings.SITE_URL + reverse("export", args=[link.public_id, signed])


@dataclass(frozen=True, slots=True)
class Lock:
    """What an address must fit: the link's version, or a replaced one that still answers until an instant."""

    public_id: str
    version: int
    oldest: int
    previous_until: datetime | None

    def opens(self, signed: str, now: datetime) -> bool:
        """Whether the signature is the version's, or that of a replaced one while the overlap lasts."""
        overlaps = self.previous_until is not None and now < self.previous_until
        return any(
            constant_time_compare(signature(self.public_id, version, key), signed)
            for version in range(self.version, (self.oldest if overlaps else self.version) - 1, -1)
            for key in settings.EXPORT_KEYS
        )


def is_ours(public_id: str, signed: str) -> bool:
    """Whether we gave this address out one day, whatever has become of its row."""
    return Lock(public_id, VERSIONS_KNOWN, 1, datetime.max.replace(tzinfo=UTC)).opens(
        signed, datetime.now(UTC)
    )


def rotate(link: ExportLink, now: datetime) -> bool:
    """Give the link a new address; whatever was pasted within the overlap answers for all of it."""
    overlaps = link.previous_until is not None and now < link.previous_until
    rows = ExportLink.objects.live().filter(pk=link.pk, version=link.version)
    return bool(
        rows.update(
            version=link.version + 1,
            oldest_version=link.oldest_version if overlaps else link.version,
            previous_until=now + OVERLAP,
        )
    )


def entries(blocks: Iterable[Block], house: House, others: Iterable[Span] = ()) -> tuple[encode.Entry, ...]:
    """What channels are told: whole nights of sales, host blocks and mirrored systems, without any guest data.

    Sold hours take the nights that nobody else can stay beside them, but for those that `others` have. What a
    mirrored system only reads back from us is left out: it would keep itself closed.
    """
    others = tuple(others)
    return tuple(
        encode.Entry(
            uid=f"{name}@amplistay",
            nights=span,
            summary="Reserved" if block.origin == Block.Origin.SALE else "Blocked",
            changed_at=block.changed_at,
        )
        for block in blocks
        for name, span in _named(block, house, others)
    )


def _named(block: Block, house: House, others: tuple[Span, ...]) -> Iterator[tuple[str, Span]]:
    """The nights of a block, each run with a name that stays: rows of feeds are written anew, their nights stay."""
    if block.feed is None:
        for number, span in enumerate(_told(block, house, others)):
            yield f"{block.public_id}{f'-{number}' if number else ''}", span
    elif block.span:
        for span in block.span.minus(block.feed.echo_spans):
            yield f"{block.feed.public_id}-{span.start}", span


def taken(block: Block, house: House) -> tuple[Span, ...]:
    """The nights that the block leaves to nobody else: its own, and those that sold hours make impossible."""
    own = (block.span,) if block.span else ()
    if block.kind != Kind.HOURS or block.origin not in Block.EXCLUSIVE or not block.period:
        return own
    beside = impossible_beside(Period(block.period.lower, block.period.upper), house)
    return merge((*own, beside)) if beside else own


def _told(block: Block, house: House, others: tuple[Span, ...]) -> tuple[Span, ...]:
    spans = taken(block, house)
    if block.kind != Kind.HOURS:
        return spans
    return tuple(part for span in spans for part in span.minus(others))


class Bodies:
    """What the links of one property answer, from its blocks as they now are; each sort of body is made once."""

    def __init__(self, property: Property) -> None:
        self._property = property
        self._blocks = list(Block.objects.filter(property=property).exported())
        self._others = _of_others(property, self._blocks)
        self._check = LoopCheck.objects.filter(property=property, ended_at=None).first()
        self._left_out: dict[int, set[int]] = {}
        for link, block in (
            Suspension.objects.left_out().filter(property=property).values_list("link", "block")
        ):
            self._left_out.setdefault(link, set()).add(block)
        self._made: dict[frozenset[int] | Ticks, bytes] = {}

    @cached_property
    def _agenda(self) -> Agenda:
        return Agenda(self._property)

    def of(self, link: ExportLink) -> bytes:
        """The bytes for this link, which may not be saved yet."""
        if link.kind == ExportLink.Kind.PEOPLE:
            ticks = Ticks(link.shows_titles, link.shows_guests)
            if ticks not in self._made:
                self._made[ticks] = self._agenda.body(ticks)
            return self._made[ticks]
        left_out = frozenset(self._left_out.get(link.pk or 0, ()))
        if left_out not in self._made:
            self._made[left_out] = self._channel(left_out)
        return self._made[left_out]

    def _channel(self, left_out: frozenset[int]) -> bytes:
        """The calendar for channels: a function of its entries alone, so that it only changes with them."""
        blocks = [block for block in self._blocks if block.pk not in left_out]
        told = list(entries(blocks, self._property.house, self._others))
        if check := self._check:
            nights = Span(check.night, check.night + NIGHT)
            told.append(encode.Entry(f"check-{check.public_id}@amplistay", nights, "Check", check.since))
        return encode.calendar(told, name="Amplistay", placeholder_stamp=self._property.created_at)


def told(property: Property, feed: Feed) -> list[Span]:
    """The nights that the site of a feed may read in our links, if there are any, whatever that feed itself closes."""
    if not ExportLink.objects.live().of_channels().filter(property=property).exists():
        return []
    blocks = [
        block for block in Block.objects.filter(property=property).exported() if block.feed_id != feed.pk
    ]
    left_out = Suspension.objects.left_out().filter(feed=feed).values_list("block", flat=True)
    blocks = [block for block in blocks if block.pk not in set(left_out)]
    others = _of_others(property, blocks, but=feed)
    return [entry.nights for entry in entries(blocks, property.house, others)]


def _of_others(property: Property, blocks: Iterable[Block], but: Feed | None = None) -> list[Span]:
    """The nights that channels close by themselves: what they only read back from us they must go on reading."""
    if not any(block.kind == Kind.HOURS for block in blocks):
        return []
    rows = Block.objects.closing().filter(property=property, origin=Block.Origin.FEED).exclude(feed=but)
    feeds = Feed.objects.filter(property=property).defer("url").in_bulk()
    return [
        part
        for feed, run in rows.values_list("feed_id", "nights")
        for part in Span(run.lower, run.upper).minus(feeds[feed].echo_spans)
    ]


def write(link: ExportLink, answer: bytes, now: datetime, version: int) -> None:
    """Let the unsaved link answer this from now on; `version` is the calendar's that it is true for.

    Each state has a second of its own: a reader may know no more of it than its date (RFC 9110 §8.8.2.2).
    """
    link.changed_at = max(now, link.changed_at.replace(microsecond=0) + SECOND) if link.etag else now
    link.body = answer
    link.etag = etag(answer)
    link.body_version = version


def etag(content: bytes) -> str:
    """A strong validator of the bytes (RFC 9110 §8.8.3), without quotes."""
    return hashlib.sha256(content).hexdigest()[:32]
