"""The host's side of selling: the guest page's link and QR code, and the host's word about a purchase."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.deeds import done
from accounts.tenancy import HostRequest, get_or_404, host
from calendars.models import Feed
from connectors.broker import hint
from domain.channels import CHANNELS, OTHER, Channel
from domain.roles import Power
from properties.models import Property
from properties.templatetags.stays import named
from upsells import cancelling, checkout, previews, stays, tasks
from upsells.models import Offer, Purchase, StayLink
from upsells.offerforms import USUAL_CHANNELS
from upsells.staypages import address, channel_of, code, general_link, listed, pays


def _property(request: HostRequest, public_id: str) -> Property:
    return get_or_404(Property.objects.all(), request, public_id=public_id)


@require_GET
@host(Power.GUESTS)
def guest_page(request: HostRequest, public_id: str) -> HttpResponse:
    """The link and QR code to put into the flat and into messages: for everybody, or for the guests of a site."""
    row = _property(request, public_id)
    link = general_link(request, row, channel_of(request))
    context = {
        "property": row,
        "tab": "guest",
        "link": link,
        "sites": _sites(request, row, link),
        "site": named(CHANNELS[link.channel]) if link.channel else "",
        "qr_url": reverse("upsells:qr", args=[public_id])
        + (f"?channel={link.channel}" if link.channel else ""),
        "address": address(link),
        "preview": _preview(row, link),
        "unread": previews.calendars(row, timezone.now()),
        "sells": Offer.objects.of(request.org)
        .on()
        .filter(property=row)
        .exists,  # asked only where calendars allow a sale
        "pays": pays(request, row, link),
        "languages": settings.LANGUAGES,
        **listed(request, row),
    }
    return render(request, "upsells/guest_page.html", context)


def _sites(request: HostRequest, row: Property, link: StayLink) -> list[Channel]:
    """The sites whose guests stay here; the usual ones too where a calendar gathers several, or none is connected."""
    feeds = list(Feed.objects.of(request.org).filter(property=row).only("channel").order_by("pk"))
    own = [feed.channel for feed in feeds if not feed.gathers]
    usual = USUAL_CHANNELS if len(own) < len(feeds) or not feeds else ()
    found = (CHANNELS[key] for key in dict.fromkeys([*usual, *own, link.channel]) if key)
    return [site for site in found if site != OTHER and not site.is_manager]


def _preview(row: Property, link: StayLink) -> str:
    """The path of the page as the next guest sees it, or as it asks for the day where nobody is known to stay."""
    page = reverse("guest:stay", args=[link.token])
    leaving = previews.days(row, timezone.now()).leaving[:1]
    return page + "".join(f"?departure={day}" for day in leaving)


@require_GET
@host(Power.GUESTS)
def qr(request: HostRequest, public_id: str) -> HttpResponse:
    """The guest page's address as a QR code (SVG)."""
    return code(general_link(request, _property(request, public_id), channel_of(request)))


@require_POST
@host(Power.SELL)
def renew_link(request: HostRequest, public_id: str) -> HttpResponse:
    """Replace an address of the guest page; the old one stops at once."""
    row, channel = _property(request, public_id), channel_of(request)
    page, now = reverse("upsells:guest-page", args=[public_id]), timezone.now()
    page = f"{page}?channel={channel}" if channel else page
    old = StayLink.objects.of(request.org).live().general().filter(property=row, channel=channel).first()
    words = _("The guest page has a new address. Print the QR code again.")
    if old and stays.stop(old, now):
        what = stays.renewed(old, general_link(request, row, channel), now)
        done(request, words, what, name=_("The guest page"), home=row.name, place=page, way="stay")
    else:
        messages.success(request, words)
    return redirect(page)


def _purchase(request: HostRequest, public_id: str, purchase_id: str) -> Purchase:
    rows = Purchase.objects.select_related("property")
    return get_or_404(rows, request, property__public_id=public_id, public_id=purchase_id)


@require_POST
@host(Power.SELL)
def agree(request: HostRequest, public_id: str, purchase_id: str) -> HttpResponse:
    """Say yes to a guest who asks: every calendar is read once more, then it is confirmed."""
    purchase = _purchase(request, public_id, purchase_id)
    if checkout.agree(purchase, timezone.now()):
        hint(tasks.settle, purchase.pk)
        messages.success(
            request, _("Agreed. Every calendar is read once more; then the guest has your confirmation.")
        )
    else:
        messages.error(request, _("This question is settled already."))
    return redirect("upsells:purchase", public_id, purchase_id)


@require_POST
@host(Power.SELL)
def refuse(request: HostRequest, public_id: str, purchase_id: str) -> HttpResponse:
    """Say no to a guest who asks: what was kept for them is free for others at once."""
    purchase = _purchase(request, public_id, purchase_id)
    if checkout.refuse(purchase, timezone.now()):
        tasks.at_once(purchase)
        messages.success(
            request, _("Refused. The guest sees it on their page, and nothing is kept any more.")
        )
    else:
        messages.error(request, _("This question is settled already."))
    return redirect("upsells:purchase", public_id, purchase_id)


@require_POST
@host(Power.SELL)
def grant(request: HostRequest, public_id: str, purchase_id: str) -> HttpResponse:
    """Cancel the sale as its guest asked, for what they were shown."""
    purchase = _purchase(request, public_id, purchase_id)
    if cancelling.grant(purchase, timezone.now()):
        tasks.at_once(purchase)
        messages.success(request, _("Cancelled as the guest asked. What was sold is open again."))
    else:
        messages.error(request, _("This question is settled already."))
    return redirect("upsells:purchase", public_id, purchase_id)


@require_POST
@host(Power.SELL)
def keep(request: HostRequest, public_id: str, purchase_id: str) -> HttpResponse:
    """Keep the sale although its guest asked to cancel."""
    purchase = _purchase(request, public_id, purchase_id)
    if cancelling.keep(purchase, timezone.now()):
        tasks.at_once(purchase)
        messages.success(request, _("The sale stays. The guest is told so."))
    else:
        messages.error(request, _("This question is settled already."))
    return redirect("upsells:purchase", public_id, purchase_id)
