"""The rows that benchmarks work on: one host with many properties, sales and feeds."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import connection
from psycopg.types.range import TimestamptzRange

from accounts.models import Organization
from calendars import ledger
from calendars.models import Block, Busy, Calendar, ExportLink, Feed, date_range
from connectors import links
from domain.events import Kind
from domain.spans import Span
from properties.models import Property

SALES = 20
DAYS_BETWEEN = 5
NIGHTS = 3
AT_ONCE = 2000
READ_COLUMNS = (
    "etag",
    "last_modified",
    "digest",
    "read_for",
    "last_read_at",
    "last_good_at",
    "events",
    "closed_nights",
)


def a_host() -> Organization:
    return Organization.objects.create(name="Benchmark Homes")


def properties(organization: Organization, count: int) -> list[Property]:
    """That many properties, in UTC as the simulator's calendars are."""
    return Property.objects.bulk_create(
        Property(organization=organization, name=f"Home {n}", time_zone="UTC", nightly_rate=12_000)
        for n in range(count)
    )


def sales(home: Property, today: date, now: datetime) -> list[Block]:
    """Unsaved sales of three nights, five days apart."""
    return [a_sale(home, today + timedelta(days=DAYS_BETWEEN * number), now) for number in range(SALES)]


def a_sale(home: Property, arrival: date, now: datetime) -> Block:
    span = Span(arrival, arrival + timedelta(days=NIGHTS))
    stay = home.house.stay(span)
    return Block(
        organization_id=home.organization_id,
        property=home,
        origin=Block.Origin.SALE,
        kind=Kind.RESERVATION,
        nights=date_range(span),
        period=TimestamptzRange(stay.start, stay.end, "[)"),
        reference=f"bench-{arrival}",
        since=now,
        changed_at=now,
    )


def export_link(home: Property, blocks: Sequence[Block], now: datetime) -> ExportLink:
    """A live link to the property's calendar with these blocks, through the one writer."""
    with ledger.changing(home, now) as change:
        Block.objects.bulk_create(blocks)
        change.touched = True
        return ledger.new_link(change, "airbnb")


def a_feed(home: Property, url: str, now: datetime) -> Feed:
    """An unsaved feed that is due at once."""
    return Feed(
        organization_id=home.organization_id,
        property=home,
        channel="airbnb",
        url=url,
        url_digest=links.digest(url),
        host=links.host_of(url),
        created_at=now,
        next_poll_at=now,
    )


def read_alike(feed: Feed, model: Feed) -> Feed:
    """The feed as if it had been read together with the model."""
    for name in READ_COLUMNS:
        setattr(feed, name, getattr(model, name))
    return feed


def copy_nights(model: Feed, feeds: Sequence[Feed], homes: Sequence[Property], now: datetime) -> None:
    """Gives the feeds the model's blocks, and the homes the merged nights of the model's property."""
    claims = [block.claim for block in Block.objects.filter(feed=model)]
    runs = [run.nights for run in Busy.objects.filter(property=model.property)]
    owner = model.organization_id
    Block.objects.bulk_create(
        (Block.of_feed(feed, claim, now) for feed in feeds for claim in claims), batch_size=AT_ONCE
    )
    Calendar.objects.bulk_create(
        Calendar(property=home, organization_id=owner, changed_at=now) for home in homes
    )
    Busy.objects.bulk_create(
        (Busy(property=home, organization_id=owner, nights=nights) for home in homes for nights in runs),
        batch_size=AT_ONCE,
    )


def settle() -> None:
    """Lets PostgreSQL learn about its new rows now, as a database in use has long done."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
