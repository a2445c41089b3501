"""The host lengthens the guest's stay at the booking site itself, while our sale makes way in that site's link."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.tenancy import HostRequest, get_or_404, host
from calendars import ledger, linking, tasks
from calendars.models import ExportLink, Suspension
from connectors.broker import hint
from domain.roles import Power
from upsells.longerstays import Way, sale_of, ways
from upsells.models import Purchase


@require_POST
@host(Power.SELL)
def begin(request: HostRequest, public_id: str, purchase_id: str, link_id: str) -> HttpResponse:
    """Leave the sale out of this one link."""
    row, way = _chosen(request, public_id, purchase_id, link_id)
    sale = sale_of(row)
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
@host(Power.SELL)
def done(request: HostRequest, public_id: str, purchase_id: str, link_id: str) -> HttpResponse:
    """The host has lengthened the stay there: its calendar is read at once."""
    words = _("We are reading the calendar of %(channel)s. Once it shows the longer stay, this is settled.")
    return _move(request, (public_id, purchase_id, link_id), linking.say_done, words)


@require_POST
@host(Power.SELL)
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
    try:
        with ledger.changing(row.property, timezone.now()) as change:
            move(change, way.suspension)
    except ledger.Lapsed:
        return _stale(request, row)
    hint(tasks.read_now, [way.feed.pk])
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
    return redirect("upsells:purchase", row.property.public_id, row.public_id)
