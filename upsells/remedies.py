"""What a host can do about a sale whose nights somebody else has booked: cancel it, shorten it, move it.

Each remedy looks once more under the lock whether the double booking is still there, so that two clicks are one and
a sale isn't taken back for a night that is free again meanwhile. The alert then resolves by itself.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce
from psycopg.types.range import TimestamptzRange

from calendars import conflicts, ledger
from calendars.models import Alert, Busy, Feed, date_range
from domain import remedies
from domain.hindrances import hinders
from domain.money import Money
from domain.offers import Kind, Mode, mode
from domain.prices import Item, Line, Price
from domain.spans import Period, Span
from properties.models import Property
from upsells import cancelling, checkout
from upsells.models import Delivery, Payment, Purchase, StayLink
from upsells.shelves import AROUND, KINDS, Side

log = structlog.get_logger()

MOST_HOMES = 20  # that a sale may be moved to, by name
MOVED = "moved"  # in an alert's details: the sale at the other home


class Over(Exception):
    """The double booking or the sale is no more what the host saw; nothing was written."""


@dataclass(frozen=True, slots=True)
class Shorter:
    """What would be left of a sale."""

    nights: Span
    price: Price


def refund(purchase: Purchase, now: datetime) -> Money:
    """What the guest needn't pay, or gets back, when the host cancels."""
    return remedies.refund(purchase.price, remedies.HOST_CANCELS, purchase.takes.start - now)


def cancel(alert: Alert, purchase: Purchase, now: datetime) -> None:
    """Take the sale back; its nights are free for whoever booked them. Raises Over."""
    with ledger.changing(purchase.property, now) as change:
        _refuse_unless_open(alert, purchase)
        cancelling.taken_back(change, purchase, refund(purchase, now))
    log.info("sale cancelled for a double booking", purchase=purchase.pk)


def shorter(purchase: Purchase) -> Shorter | None:
    """What would be left of the nights next to the stay; None when it is nothing, or all of them."""
    span = purchase.span
    if not purchase.is_nightly or span is None:
        return None
    home = purchase.property
    window = Span(span.start - AROUND, span.end + AROUND)
    diary = ledger.diary(home, window, without=purchase.public_id, echoes=False)
    left = remedies.rest(Kind(purchase.kind), purchase.day, span, diary)
    if left is None or left == span:
        return None
    price = remedies.price_of_rest(_price(purchase, span), span, left, home.tax_rules, purchase.persons)
    return Shorter(left, price)


def shorten(alert: Alert, purchase: Purchase, shown: tuple[int, int], now: datetime) -> Shorter:
    """Let the guest keep the nights that are left, at what they cost of the price.

    `shown` is what the host agreed to: so many nights, and the new amount. Raises Over when it is another by now.
    """
    home = purchase.property
    with ledger.changing(home, now) as change:
        _refuse_unless_open(alert, purchase)
        left = shorter(purchase)
        if left is None or (len(left.nights), left.price.total.amount) != shown:
            raise Over
        stay, takes = home.house.stay(left.nights), purchase.takes
        period = Period(max(stay.start, takes.start), min(stay.end, takes.end))
        Purchase.objects.filter(pk=purchase.pk).update(
            nights=date_range(left.nights),
            period=TimestamptzRange(period.start, period.end, "[)"),
            lines=Purchase.kept_lines(left.price),
            amount=left.price.total.amount,
            shortened_at=now,
            revision=F("revision") + 1,
            first_nights=Coalesce("first_nights", "nights"),
        )
        ledger.shorten(change, purchase.public_id, left.nights, period)
        cancelling.keep_only(purchase, left.price.total.amount, now)
        revision = Purchase.objects.values_list("revision", flat=True).get(pk=purchase.pk)
        checkout.tell(purchase, Delivery.News.SHORTENED, now, revision)
    log.info("sale shortened for a double booking", purchase=purchase.pk, nights=len(left.nights))
    return left


def homes(purchase: Purchase, now: datetime, **lookup: object) -> list[Property]:
    """The organization's other homes that are free for all the nights, whose calendars were read within the hour.

    `lookup` narrows them down.
    """
    span = purchase.span
    if not purchase.is_nightly or span is None or purchase.takes.start <= now:
        return []
    closed = Busy.objects.filter(property=OuterRef("pk"), nights__overlap=date_range(span))
    same = {"organization": purchase.organization_id, "currency": purchase.currency}
    others = Property.objects.active().filter(**same, **lookup)
    free = list(others.exclude(pk=purchase.property_id).exclude(Exists(closed)).order_by("name", "pk"))
    reads: dict[int, list[datetime | None]] = defaultdict(list)
    for feed in Feed.objects.filter(property__in=free).defer("url"):
        reads[feed.property_id].append(None if feed.paused_at else feed.last_good_at)
    known = [home for home in free if mode(Mode.INSTANT, reads[home.pk], now) is not Mode.OFF]
    return [home for home in known[:MOST_HOMES] if _has_room(home, purchase, span)]


def move(alert: Alert, purchase: Purchase, home: Property, now: datetime) -> Purchase:
    """Give the guest another home for the same nights and price: a sale of its own there, and none here any more.

    One commit closes it there and opens it here. Raises Over when the double booking is, NightsTaken when the home
    isn't free.
    """
    span = purchase.span
    with ledger.changing_all([purchase.property, home], now) as (here, there):
        _refuse_unless_open(alert, purchase)
        if span is None or not homes(purchase, now, pk=home.pk):
            raise ledger.NightsTaken
        moved = _twin(purchase, home, span, now)
        side = Side.LEAVING if purchase.kind in KINDS[Side.LEAVING] else Side.ARRIVING
        ledger.hold(there, span, until=now, reference=moved.public_id, side=side)
        ledger.confirm(there, moved.public_id, moved.guest_name)
        Payment.objects.filter(purchase=purchase).update(
            purchase=moved
        )  # what was paid is paid for the other home
        Purchase.objects.filter(pk=purchase.pk).update(
            state=Purchase.State.CANCELLED, decided_at=now, cancelled_by=Purchase.By.HOST, moved_to=moved
        )
        ledger.release(here, purchase.public_id)
        checkout.tell(purchase, Delivery.News.MOVED_AWAY, now)
        checkout.tell(moved, Delivery.News.MOVED, now)
        row = Alert.objects.get(pk=alert.pk)
        row.details[MOVED] = moved.public_id
        row.save(update_fields=["details"])
    log.info("sale moved for a double booking", purchase=purchase.pk, moved=moved.pk)
    return moved


def settle(alert: Alert, now: datetime) -> None:
    """The host has dealt with two bookings of other sites there. Raises Over when there is nothing to settle."""
    with ledger.changing(alert.property, now):
        if conflicts.references(alert) or not conflicts.settle(alert, now):
            raise Over


def _refuse_unless_open(alert: Alert, purchase: Purchase) -> None:
    """Under the lock: raises Over unless the double booking is still there, and the sale as it was shown."""
    rows = Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.CONFIRMED)
    same = rows.filter(property=purchase.property_id, nights=purchase.nights, amount=purchase.amount)
    if not (same.exists() and Alert.objects.open().filter(pk=alert.pk).exists()):
        raise Over


def _twin(purchase: Purchase, home: Property, span: Span, now: datetime) -> Purchase:
    """The same purchase at another home, with that home's times and guest page."""
    link, _new = (
        StayLink.objects.live()
        .general()
        .get_or_create(
            property=home,
            organization_id=home.organization_id,
            channel=purchase.channel,
            revoked_at=None,
            defaults={"created_at": now},
        )
    )
    stay = home.house.stay(span)
    values = {column.attname: getattr(purchase, column.attname) for column in Purchase._meta.concrete_fields}
    values |= {
        "property_id": home.pk,
        "stay_link_id": link.pk,
        "period": TimestamptzRange(stay.start, stay.end, "[)"),
        "revision": purchase.revision + 1,
    }
    return Purchase.objects.create(**{name: values[name] for name in values.keys() - {"id", "public_id"}})


def _has_room(home: Property, purchase: Purchase, span: Span) -> bool:
    """Whether the nights fit in there, with the cleaning."""
    diary = ledger.diary(home, Span(span.start - AROUND, span.end + AROUND))
    stay = home.house.stay(span)
    return hinders(Kind(purchase.kind), purchase.day, span, stay, diary) is None


def _price(purchase: Purchase, span: Span) -> Price:
    """The price line by line; one that was kept as an amount alone is the same for every night."""
    kept = purchase.made_of
    if kept.total == purchase.price:
        return kept
    count, currency = len(span), purchase.currency
    edges = [purchase.price.share(number, count).amount for number in range(count + 1)]
    return Price(
        tuple(
            Line(Item.NIGHT, Money(edges[number + 1] - edges[number], currency), night)
            for number, night in enumerate(span.nights())
        ),
        currency,
    )
