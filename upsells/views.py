"""The host's side of selling: the offer, the guest page's link and QR code, the sales."""

from io import BytesIO

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.tenancy import HostRequest, get_or_404, host
from calendars.models import Feed
from domain.money import Money
from domain.offers import fresh_enough
from properties.models import Property
from upsells import checkout
from upsells.forms import OfferForm
from upsells.models import Offer, Purchase, StayLink

UNPROCESSABLE = 422
MOST_SALES = 200
PREVIEWED = 3


def _property(request: HostRequest, public_id: str) -> Property:
    return get_or_404(Property.objects.all(), request, public_id=public_id)


def _live_link(request: HostRequest, row: Property) -> StayLink:
    """The property's own link; made when it is first asked for."""
    link, _new = (
        StayLink.objects.of(request.org)
        .live()
        .get_or_create(
            property=row, organization=request.org, revoked_at=None, defaults={"created_at": timezone.now()}
        )
    )
    return link


def _address(link: StayLink) -> str:
    return settings.SITE_URL + reverse("guest:stay", args=[link.token])


@require_http_methods(["GET", "POST"])
@host
def offer(request: HostRequest, public_id: str) -> HttpResponse:
    """Extra nights: switch on, price, and what a guest would be offered today."""
    row = _property(request, public_id)
    found = Offer.objects.of(request.org).filter(property=row, kind=Offer.Kind.EXTRA_NIGHTS).first()
    found = found or Offer(organization=request.org, property=row)
    form = OfferForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        messages.success(
            request,
            _("Extra nights are on sale.") if saved.active else _("Saved. Extra nights are not on sale."),
        )
        return redirect("upsells:offer", public_id)
    saved_offer = found if found.pk and not form.errors else None
    context = {
        "property": row,
        "tab": "offer",
        "form": form,
        "offer": saved_offer,
        "hint": _why_hidden(request, row),
        "preview": _preview(saved_offer),
        "address": _address(_live_link(request, row)),
    }
    return render(request, "upsells/offer.html", context, status=UNPROCESSABLE if form.errors else 200)


def _why_hidden(request: HostRequest, row: Property) -> str:
    """What keeps offers from guests although they are switched on: none, paused or late calendars; else empty."""
    feeds = list(Feed.objects.of(request.org).filter(property=row))
    if not feeds:
        return "none"
    if any(feed.paused_at for feed in feeds):
        return "paused"
    return "" if fresh_enough((feed.last_good_at for feed in feeds), timezone.now()) else "late"


def _preview(offer: Offer | None) -> list[tuple[int, Money]]:
    """The first few options a guest would see, as nights and price."""
    if offer is None:
        return []
    return [(count, offer.terms.nightly * count) for count in range(1, min(offer.max_nights, PREVIEWED) + 1)]


@require_GET
@host
def guest_page(request: HostRequest, public_id: str) -> HttpResponse:
    """The link and QR code to put into the flat and into messages."""
    row = _property(request, public_id)
    link = _live_link(request, row)
    context = {"property": row, "tab": "guest", "link": link, "address": _address(link)}
    return render(request, "upsells/guest_page.html", context)


@require_GET
@host
def qr(request: HostRequest, public_id: str) -> HttpResponse:
    """The guest page's address as a QR code (SVG)."""
    out = BytesIO()
    code = segno.make(_address(_live_link(request, _property(request, public_id))), error="m")
    code.save(out, kind="svg", scale=8, border=4, light="white", omitsize=True, xmldecl=False)
    return HttpResponse(out.getvalue(), content_type="image/svg+xml")


@require_POST
@host
def renew_link(request: HostRequest, public_id: str) -> HttpResponse:
    """Replace the guest page's address; the old one stops at once."""
    row = _property(request, public_id)
    StayLink.objects.of(request.org).live().filter(property=row).update(revoked_at=timezone.now())
    messages.success(request, _("The guest page has a new address. Print the QR code again."))
    return redirect("upsells:guest-page", public_id)


@require_GET
@host
def sales(request: HostRequest, public_id: str) -> HttpResponse:
    """What was sold at the property, newest first."""
    row = _property(request, public_id)
    shown = [
        Purchase.State.CONFIRMED,
        Purchase.State.CANCELLED,
        Purchase.State.CHECKING,
        Purchase.State.DECLINED,
    ]
    found = Purchase.objects.of(request.org).filter(property=row, state__in=shown).order_by("-created_at")
    context = {"property": row, "tab": "sales", "purchases": found[:MOST_SALES], "most": MOST_SALES}
    return render(request, "upsells/sales.html", context)


@require_POST
@host
def cancel(request: HostRequest, public_id: str, purchase_id: str) -> HttpResponse:
    """Take a sale back."""
    rows = Purchase.objects.select_related("property")
    purchase = get_or_404(rows, request, property__public_id=public_id, public_id=purchase_id)
    if checkout.cancel(purchase, timezone.now()):
        messages.success(request, _("Cancelled. The nights are open again; please tell the guest."))
    else:
        messages.error(request, _("Only a confirmed sale can be cancelled."))
    return redirect("upsells:sales", public_id)
