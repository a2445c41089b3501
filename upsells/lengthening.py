"""The host lengthens the guest's stay at the booking site itself, while our sale makes way in that site's link."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib import messages
from django.db.models import Min
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.tenancy import HostRequest, get_or_404, host
from calendars import ledger, linking, receipts, suspensions
from calendars.models import Block, ExportLink, ExportRead, Feed, Suspension
from upsells.models import Purchase


@dataclass(frozen=True, slots=True)
class Way:
    """One site where the stay could be lengthened, and how far that is.

    `state`: "" before it began, "asked" until the site has read the link without the sale, "open" from then on,
    "shown" once the site's own calendar shows the longer stay, "back" when the sale is in the link again.
    """

    link: ExportLink
    feed: Feed
    suspension: Suspension | None
    read_at: datetime | None

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
    """The sites whose own calendar we read beside giving them a link; none for hours, and none once it is over."""
    sale = _sale(purchase)
    if sale is None or sale.span is None or sale.joins is None or sale.span.end <= _today(purchase, now):
        return []
    links = ExportLink.objects.live().of_channels().filter(property=purchase.property_id).defer("body")
    own = {row.link_id: row for row in Suspension.objects.filter(block=sale)}
    return [
        Way(link, feed, own.get(link.pk), _read_without(own.get(link.pk)))
        for link in links.order_by("pk")
        if (feed := suspensions.feed_of(link))
    ]


def _today(purchase: Purchase, now: datetime) -> date:
    return purchase.property.house.today(now)


def _sale(purchase: Purchase) -> Block | None:
    if purchase.state != Purchase.State.CONFIRMED:
        return None
    rows = Block.objects.filter(property=purchase.property_id, origin=Block.Origin.SALE)
    return rows.filter(reference=purchase.public_id).first()


def _read_without(suspension: Suspension | None) -> datetime | None:
    """When the site first read the link without the sale."""
    if suspension is None:
        return None
    reads = ExportRead.objects.filter(
        link=suspension.link_id, body_version__gte=suspension.since_version
    ).exclude(reader=receipts.BROWSER)
    found: datetime | None = reads.aggregate(first=Min("at"))["first"]
    return found


@require_POST
@host
def begin(request: HostRequest, public_id: str, purchase_id: str, link_id: str) -> HttpResponse:
    """Leave the sale out of this one link."""
    row, way = _chosen(request, public_id, purchase_id, link_id)
    sale = _sale(row)
    if way is None or sale is None:
        return _stale(request, row)
    try:
        with ledger.changing(row.property, timezone.now()) as change:
            linking.suspend(change, sale, way.link, way.feed)
    except ledger.Lapsed:
        return _stale(request, row)
    words = _("The nights are no longer in the link for %(channel)s. Everywhere else they stay closed.")
    messages.success(request, words % {"channel": way.link.title})
    return _page(row)


@require_POST
@host
def done(request: HostRequest, public_id: str, purchase_id: str, link_id: str) -> HttpResponse:
    """The host has lengthened the stay there: what its calendar closes on those nights is that stay."""
    words = _("Thank you. As soon as the calendar of %(channel)s shows the nights, this is settled.")
    return _move(request, (public_id, purchase_id, link_id), linking.say_done, words)


@require_POST
@host
def stop(request: HostRequest, public_id: str, purchase_id: str, link_id: str) -> HttpResponse:
    """Tell the site of the sale again."""
    words = _("The nights are in the link for %(channel)s again.")
    return _move(request, (public_id, purchase_id, link_id), linking.take_back, words)


def _move(
    request: HostRequest,
    ids: tuple[str, str, str],
    move: Callable[[ledger.Changing, Suspension], None],
    words: str,
) -> HttpResponse:
    row, way = _chosen(request, *ids)
    if way is None or way.suspension is None:
        return _stale(request, row)
    with ledger.changing(row.property, timezone.now()) as change:
        move(change, way.suspension)
    messages.success(request, words % {"channel": way.link.title})
    return _page(row)


def _chosen(
    request: HostRequest, public_id: str, purchase_id: str, link_id: str
) -> tuple[Purchase, Way | None]:
    """The purchase, and the way in question where there is one; 404 for a link that isn't the organization's."""
    rows = Purchase.objects.select_related("property__organization")
    row = get_or_404(rows, request, property__public_id=public_id, public_id=purchase_id)
    link = get_or_404(ExportLink.objects.defer("body"), request, property=row.property_id, public_id=link_id)
    found = ways(row, timezone.now())
    return row, next((way for way in found if way.link.pk == link.pk), None)


def _stale(request: HostRequest, row: Purchase) -> HttpResponse:
    messages.error(
        request, _("Nothing was changed: it isn't as you saw it any more. This is how it stands now.")
    )
    return _page(row)


def _page(row: Purchase) -> HttpResponse:
    path = reverse("upsells:purchase", args=[row.property.public_id, row.public_id])
    return redirect(f"{path}#lengthen")
