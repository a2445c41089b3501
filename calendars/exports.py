"""Export links: the signed address, its rotation, and the bytes behind it.

Nothing secret is stored: an address is the link's id and an HMAC-SHA256 over id and version.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from calendars.models import Block, ExportLink
from domain import encode
from domain.diary import impossible_beside
from domain.events import Kind
from domain.spans import Period, Span
from properties.models import Property

OVERLAP = timedelta(hours=48)
SIGNATURE_LENGTH = 43  # hex digits: 172 bits of the digest


def signature(public_id: str, version: int, key: str) -> str:
    """The part of the address that can't be guessed."""
    digest = hmac.new(key.encode(), f"{public_id}:{version}".encode(), hashlib.sha256)
    return digest.hexdigest()[:SIGNATURE_LENGTH]


def address(link: ExportLink) -> str:
    """The full address to paste into the channel."""
    signed = signature(link.public_id, link.version, settings.EXPORT_KEYS[0])
    return settings.SITE_URL + reverse("export", args=[link.public_id, signed])


def accepts(link: ExportLink, signed: str, now: datetime) -> bool:
    """Whether the signature opens the link: its version, or a replaced one while the overlap lasts."""
    overlaps = link.previous_until is not None and now < link.previous_until
    oldest = link.oldest_version if overlaps else link.version
    return any(
        constant_time_compare(signature(link.public_id, version, key), signed)
        for version in range(link.version, oldest - 1, -1)
        for key in settings.EXPORT_KEYS
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


def entries(blocks: Iterable[Block], others: Iterable[Span] = ()) -> tuple[encode.Entry, ...]:
    """What channels are told: whole nights of sales and host blocks, without any guest data.

    Sold hours take the nights that nobody else can stay beside them, but for those that `others` have.
    """
    others = tuple(others)
    return tuple(
        encode.Entry(
            uid=f"{block.public_id}{f'-{number}' if number else ''}@amplistay",
            nights=span,
            summary="Reserved" if block.origin == Block.Origin.SALE else "Blocked",
            changed_at=block.changed_at,
        )
        for block in blocks
        for number, span in enumerate(_told(block, others))
    )


def _told(block: Block, others: tuple[Span, ...]) -> tuple[Span, ...]:
    if block.kind != Kind.HOURS or block.origin != Block.Origin.SALE or not block.period:
        return (block.span,) if block.span else ()
    beside = impossible_beside(Period(block.period.lower, block.period.upper), block.property.house)
    return beside.minus(others) if beside else ()


def body(property: Property, blocks: Iterable[Block], others: Iterable[Span] = ()) -> bytes:
    """The calendar as bytes: a function of its entries alone, so that it only changes with them."""
    return encode.calendar(entries(blocks, others), name="Amplistay", placeholder_stamp=property.created_at)


def etag(content: bytes) -> str:
    """A strong validator of the bytes (RFC 9110 §8.8.3), without quotes."""
    return hashlib.sha256(content).hexdigest()[:32]
