"""The rows that benchmarks work on: one host with many properties, sales, feeds and offers."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db import connection
from psycopg.types.range import TimestamptzRange

from accounts.models import Organization
from calendars import ledger, linking
from calendars.models import Block, Busy, Calendar, Connection, ExportLink, Feed, Readership, date_range
from connectors import links
from domain.channels import CHANNELS
from domain.events import Kind
from domain.spans import Span
from domain.sync import Claim
from properties.models import Property
from upsells.models import Offer, Purchase, StayLink

SALES = 20
DAYS_BETWEEN = 5
NIGHTS = 3
AT_ONCE = 2000
SITES = ("airbnb", "vrbo")
STAYS = 20  # known to both sites, and after every second one a night of our own: 50 blocks
DAYS_BETWEEN_STAYS = 14
SOONEST = 3
SOLD_DAYS_AGO = (1, 20, 40)
SOLD_AGO = timedelta(hours=1)  # nights on the board: sites have read of them since
NOT_READ_HERE = b"BEGIN:VCALENDAR"  # a link is never empty
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


def a_sale(home: Property, arrival: date, now: datetime, nights: int = NIGHTS) -> Block:
    span = Span(arrival, arrival + timedelta(days=nights))
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
        return linking.new_link(change, "airbnb")


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


def mirrored(homes: Sequence[Property], now: datetime) -> None:
    """Lets the homes follow units that were just read and needn't be again for a day."""
    owner = homes[0].organization
    day = timedelta(days=1)
    account = Connection.objects.create(
        organization=owner,
        system="escapia",
        name="Bench",
        time_zone="UTC",
        created_at=now,
        least_interval=day,
    )
    Feed.objects.bulk_create(
        Feed(
            organization=owner,
            property=home,
            channel=account.system,
            url_digest=f"unit {home.pk}",
            connection=account,
            listing=str(home.pk),
            created_at=now,
            next_poll_at=now + day,
            **dict.fromkeys(("asked_at", "last_read_at", "last_good_at"), now),
        )
        for home in homes
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


def homes_on_sale(organization: Organization, count: int, now: datetime) -> list[Property]:
    """Homes as hosts have them: two feeds just read, 50 blocks over a year, an export link, two offers, a stay link."""
    homes = properties(organization, count)
    for number, home in enumerate(homes):
        sites = read_feeds(home, now)
        Feed.objects.bulk_create(sites)
        export_link(home, list(claims(home, sites, number, now)), now)
    Offer.objects.bulk_create(offer for home in homes for offer in offers(home))
    StayLink.objects.bulk_create(
        StayLink(organization=organization, property=home, created_at=now) for home in homes
    )
    return homes


def homes_to_look_at(organization: Organization, count: int, now: datetime, days_between: int) -> None:
    """The same without what only channels and guests read, but for the traces they left, and with stays as often as
    that.
    """
    homes = properties(organization, count)
    sites = [read_feeds(home, now) for home in homes]
    Feed.objects.bulk_create(feed for feeds in sites for feed in feeds)
    Block.objects.bulk_create(
        (
            claim
            for number, (home, feeds) in enumerate(zip(homes, sites, strict=True))
            for claim in claims(home, feeds, number, now - SOLD_AGO, days_between)
        ),
        batch_size=AT_ONCE,
    )
    Offer.objects.bulk_create(offer for home in homes for offer in offers(home))
    were_read(homes, now)
    had_guests(homes, now)


def were_read(homes: Sequence[Property], now: datetime) -> None:
    """A link for each site, which it reads."""
    links = ExportLink.objects.bulk_create(
        ExportLink(
            organization_id=home.organization_id,
            property=home,
            channel=site,
            created_at=now,
            changed_at=now,
            body=NOT_READ_HERE,
        )
        for home in homes
        for site in SITES
    )
    Readership.objects.bulk_create(
        Readership(
            organization_id=link.organization_id,
            link=link,
            reader=CHANNELS[link.channel].name,
            first_at=now,
            last_at=now,
        )
        for link in links
    )


def had_guests(homes: Sequence[Property], now: datetime) -> None:
    """The homes' own guest links, through each of which somebody bought, lately and before."""
    doors = StayLink.objects.bulk_create(
        StayLink(organization_id=home.organization_id, property=home, created_at=now) for home in homes
    )
    Purchase.objects.bulk_create(
        bought(home, door, now - timedelta(days=ago))
        for home, door in zip(homes, doors, strict=True)
        for ago in SOLD_DAYS_AGO
    )


def bought(home: Property, door: StayLink, at: datetime) -> Purchase:
    """Unsaved: a night of the next week, bought then."""
    arrival = home.house.today(at) + timedelta(days=SOONEST)
    span = Span(arrival, arrival + timedelta(days=1))
    stay = home.house.stay(span)
    return Purchase(
        organization_id=home.organization_id,
        property=home,
        stay_link=door,
        state=Purchase.State.CONFIRMED,
        day=arrival,
        nights=date_range(span),
        period=TimestamptzRange(stay.start, stay.end, "[)"),
        amount=home.nightly_rate,
        currency=home.currency,
        created_at=at,
        held_until=at,
    )


def read_feeds(home: Property, now: datetime) -> list[Feed]:
    """Unsaved: a feed of each site, just read."""
    feeds = [a_feed(home, f"https://{site}.example/{home.pk}.ics", now) for site in SITES]
    for feed, site in zip(feeds, SITES, strict=True):
        feed.channel, feed.last_read_at, feed.last_good_at = site, now, now
    return feeds


def claims(
    home: Property,
    sites: Sequence[Feed],
    number: int,
    now: datetime,
    days_between: int = DAYS_BETWEEN_STAYS,
) -> Iterator[Block]:
    """Unsaved blocks: stays that one site sold and the other keeps closed; with every second, we sold a night more."""
    today = home.house.today(now)
    for stay in range(STAYS * DAYS_BETWEEN_STAYS // days_between):
        arrival = today + timedelta(days=SOONEST + number % 5 + stay * days_between)
        span = Span(arrival, arrival + timedelta(days=NIGHTS + (stay + number) % 3))
        for feed, kind in zip(sites, (Kind.RESERVATION, Kind.BLOCK), strict=True):
            claim = Claim(
                uid=f"stay-{stay}", kind=kind, summary="Closed", nights=span, period=None, since=now
            )
            yield Block.of_feed(feed, claim, now)
        if stay % 2:
            yield a_sale(home, span.end, now, nights=1)


def departures(home: Property) -> list[date]:
    """The days on which a guest leaves and free nights follow."""
    rows = Block.objects.filter(property=home).order_by("nights")
    spans = {span for row in rows if (span := row.span)}
    arrivals = {span.start for span in spans}
    return sorted({span.end for span in spans} - arrivals)


def offers(home: Property) -> tuple[Offer, Offer]:
    """Unsaved: extra nights and late check-outs, sold at once."""
    common = {"organization_id": home.organization_id, "property": home, "currency": home.currency}
    fixed, hourly = Offer.PricedBy.FIXED, Offer.PricedBy.PER_HOUR
    return (
        Offer(**common, kind=Offer.Kind.EXTRA_NIGHTS, mode=Offer.Mode.INSTANT, priced_by=fixed, price=9_900),
        Offer(
            **common, kind=Offer.Kind.LATE_CHECK_OUT, mode=Offer.Mode.INSTANT, priced_by=hourly, price=1_500
        ),
    )


def settle() -> None:
    """Lets PostgreSQL learn about its new rows now, as a database in use has long done."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
