"""The sites at which a guest's stay could be lengthened itself, and how far the host is with that."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Min

from calendars import conflicts, receipts, suspensions
from calendars.models import Alert, Block, ExportLink, ExportRead, Feed, Suspension, date_range
from calendars.retelling import is_stay, retold
from domain.spans import NIGHT, Span
from upsells.models import Purchase

NO_SITES = ("google", "other")  # where nobody books


@dataclass(frozen=True, slots=True)
class Way:
    """One site where the stay could be lengthened, and how far that is.

    `is_own`: the guest's stay was booked there, as far as that is known.
    `dispute` is the open double booking that the sale is part of, which must be settled first.
    `state`: "" before it began, "asked" until the site has read the link without the sale, "open" from then on,
    "shown" once the site's own calendar shows the longer stay, "back" when the sale is in the link again.
    """

    link: ExportLink
    feed: Feed
    suspension: Suspension | None
    read_at: datetime | None
    dispute: Alert | None
    is_own: bool

    @property
    def is_aside(self) -> bool:
        """Whether it is none that the host is likely to want."""
        return not self.is_own and self.suspension is None

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

    Where the guest's own link names the site they came through, that one alone.
    """
    sale = sale_of(purchase)
    if sale is None or sale.span is None or sale.joins is None or sale.span.end <= _today(purchase, now):
        return []
    links = ExportLink.objects.live().of_channels().filter(property=purchase.property_id).defer("body")
    own = {row.link_id: row for row in Suspension.objects.filter(block=sale)}
    disputes = Alert.objects.open().filter(property=purchase.property_id, kind=Alert.Kind.CONFLICT)
    about = (alert for alert in disputes if purchase.public_id in conflicts.references(alert))
    dispute = next(about, None)
    links = (
        links.filter(channel=purchase.channel) if purchase.channel else links.exclude(channel__in=NO_SITES)
    )
    found = [(link, feed) for link in links.order_by("pk") if (feed := suspensions.feed_of(link))]
    told = _told_by(sale, sale.joins) if found else set()
    return [
        Way(
            link, feed, own.get(link.pk), _read_without(own.get(link.pk)), dispute,
            is_own=bool(purchase.channel) or feed.pk in told,
        )
        for link, feed in found
    ]  # fmt: skip


def _told_by(sale: Block, joins: date) -> set[int]:
    """The feeds that tell of the stay which the sale makes longer, but for those that only repeat it."""
    last = joins - NIGHT if sale.side == Block.Side.LEAVING else joins
    near = date_range(Span(last, last + NIGHT))
    rows = Block.objects.filter(property=sale.property_id, origin=Block.Origin.FEED, nights__overlap=near)
    feeds = Feed.objects.filter(property=sale.property_id).defer("url").in_bulk()
    found = retold(rows.filter(yields=False).order_by("feed_id", "nights", "pk"), feeds)
    stays = ((block, shown) for block, shown in found if last in shown.nights)
    return {block.feed_id or 0 for block, _shown in stays if is_stay(block, feeds[block.feed_id or 0])}


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
