"""The sites at which a guest's stay could be lengthened itself, and how far the host is with that."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Min

from calendars import conflicts, receipts, suspensions
from calendars.models import Alert, Block, ExportLink, ExportRead, Feed, Suspension
from upsells.models import Purchase

NO_SITES = ("google", "other")  # where nobody books


@dataclass(frozen=True, slots=True)
class Way:
    """One site where the stay could be lengthened, and how far that is.

    `dispute` is the open double booking that the sale is part of, which must be settled first.
    `state`: "" before it began, "asked" until the site has read the link without the sale, "open" from then on,
    "shown" once the site's own calendar shows the longer stay, "back" when the sale is in the link again.
    """

    link: ExportLink
    feed: Feed
    suspension: Suspension | None
    read_at: datetime | None
    dispute: Alert | None

    @property
    def state(self) -> str:
        """How far it is."""
        if self.suspension is None:
            return ""
        if self.suspension.shown_at:
            return "shown"
        if self.suspension.back_version is not None:
            return "back"
        return "open" if self.read_at else "asked"


def ways(purchase: Purchase, now: datetime) -> list[Way]:
    """The sites whose own calendar we read beside giving them a link; none for hours, and none once it is over.

    Where it is known which of them the guest came through, that one alone.
    """
    sale = sale_of(purchase)
    if sale is None or sale.span is None or sale.joins is None or sale.span.end <= _today(purchase, now):
        return []
    links = ExportLink.objects.live().of_channels().filter(property=purchase.property_id).defer("body")
    own = {row.link_id: row for row in Suspension.objects.filter(block=sale)}
    disputes = Alert.objects.open().filter(property=purchase.property_id, kind=Alert.Kind.CONFLICT)
    about = (alert for alert in disputes if purchase.public_id in conflicts.references(alert))
    dispute = next(about, None)
    found = [
        Way(link, feed, own.get(link.pk), _read_without(own.get(link.pk)), dispute)
        for link in links.exclude(channel__in=NO_SITES).order_by("pk")
        if (feed := suspensions.feed_of(link))
    ]
    return [way for way in found if not purchase.channel or way.link.channel == purchase.channel]


def _today(purchase: Purchase, now: datetime) -> date:
    return purchase.property.house.today(now)


def sale_of(purchase: Purchase) -> Block | None:
    if purchase.state != Purchase.State.CONFIRMED:
        return None
    rows = Block.objects.filter(property=purchase.property_id, origin=Block.Origin.SALE)
    return rows.filter(reference=purchase.public_id).first()


def _read_without(suspension: Suspension | None) -> datetime | None:
    """When the site first read the link without the sale."""
    if suspension is None:
        return None
    rows = ExportRead.objects.filter(link=suspension.link_id, body_version__gte=suspension.since_version)
    found: datetime | None = receipts.counting(rows).aggregate(first=Min("at"))["first"]
    return found
