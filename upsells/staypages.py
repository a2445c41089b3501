"""The host's pages of stay links: the stays to come, one stay's link with its message and QR code, a stay by hand."""

from io import BytesIO
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.deeds import done
from accounts.tenancy import HostRequest, get_or_404, host
from calendars import ledger
from domain.channels import CHANNELS, OTHER
from domain.roles import Power
from domain.spans import Span
from properties.models import Property
from upsells import homesheet, stays
from upsells.models import Offer, StayLink
from upsells.stayforms import SheetForm, StayLinkForm

SHOWN = 60  # stays to come, the next ones
UNPROCESSABLE = 422
LANGUAGES = dict(settings.LANGUAGES)


def address(link: StayLink) -> str:
    """Where guests open it."""
    return settings.SITE_URL + reverse("guest:stay", args=[link.token])


def code(link: StayLink) -> HttpResponse:
    """The link as a QR code (SVG)."""
    out = BytesIO()
    made = segno.make(address(link), error="m")
    made.save(out, kind="svg", scale=8, border=4, light="white", omitsize=True, xmldecl=False)
    return HttpResponse(out.getvalue(), content_type="image/svg+xml")


def channel_of(request: HostRequest) -> str:
    """The site whose guests are meant; "" for everybody."""
    named = (request.POST if request.method == "POST" else request.GET).get("channel", "")
    return named if named in CHANNELS else ""


def general_link(request: HostRequest, row: Property, channel: str) -> StayLink:
    """The property's own link for the guests of a site; made when it is first asked for."""
    link, _new = (
        StayLink.objects.of(request.org)
        .live()
        .general()
        .get_or_create(
            property=row,
            organization=request.org,
            channel=channel,
            revoked_at=None,
            nights=None,
            defaults={"created_at": timezone.now()},
        )
    )
    return link


def pays(request: HostRequest, row: Property, link: StayLink) -> str:
    """How guests who open the link pay for whatever is on sale; "" where it isn't the same for all of it."""
    on_sale = Offer.objects.of(request.org).filter(property=row).on()
    ways = {offer.collected(link.channel) for offer in on_sale} or {Offer.Collection.PROPERTY.value}
    return ways.pop() if len(ways) == 1 else ""


def listed(request: HostRequest, row: Property) -> dict[str, Any]:
    """What the list of the stays to come needs: one link per stay, one that opens before others."""
    today = row.house.today(timezone.now())
    links = StayLink.objects.of(request.org).filter(property=row).of_stays().from_day(today)
    found: dict[object, StayLink] = {}
    for link in links.with_sold().order_by("nights", "pk"):
        before = found.get(link.nights)
        if before is None or not (before.revoked_at is None and not before.is_gone):
            found[link.nights] = link
    rows = list(found.values())
    return {
        "stays": [(link, link.stay, site(link)) for link in rows[:SHOWN]],
        "more_stays": max(0, len(rows) - SHOWN),
        "today": today,
    }


def site(link: StayLink) -> object:
    """The site where it was booked; None where nobody knows."""
    return CHANNELS[link.channel] if link.channel in CHANNELS and link.channel != OTHER.key else None


@require_http_methods(["GET", "POST"])
@host(Power.SELL)
def new_stay(request: HostRequest, public_id: str) -> HttpResponse:
    """A link for a stay that no calendar tells apart, such as a direct booking's."""
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    form = StayLinkForm(request.POST or None, today=row.house.today(timezone.now()))
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        nights = Span(told["arrival"], told["departure"])
        try:
            link = stays.add(row, nights, told["channel"], told["guest"], timezone.now())
        except stays.Exists:
            form.add_error("arrival", _("This stay has a link already. It is in the list of stays."))
        else:
            messages.success(request, _("The link is ready. Send it to your guest."))
            if not _is_taken(row, nights):
                words = _(
                    "Your calendars show these nights as free. Close them, or nothing is offered there."
                )
                messages.warning(request, words)
            return redirect("upsells:stay", public_id, link.token)
    context = {"property": row, "tab": "guest", "form": form}
    return render(request, "upsells/new_stay.html", context, status=UNPROCESSABLE if form.errors else 200)


def _is_taken(row: Property, nights: Span) -> bool:
    """Whether every one of the nights is closed."""
    return not nights.minus(ledger.taken(row, nights))


def _stay_link(request: HostRequest, public_id: str, token: str) -> StayLink:
    rows = StayLink.objects.of_stays().select_related("property").with_sold()
    return get_or_404(rows, request, property__public_id=public_id, token=token)


@require_GET
@host(Power.GUESTS)
def stay(request: HostRequest, public_id: str, token: str) -> HttpResponse:
    """One stay's link: to copy, to send with a message in the guest's language, or to show as a QR code."""
    link = _stay_link(request, public_id, token)
    wished = request.GET.get("language", "")
    language = wished if wished in LANGUAGES else translation.get_language() or "en"
    context = {
        "property": link.property,
        "tab": "guest",
        "link": link,
        "nights": link.stay,
        "site": site(link),
        "address": address(link),
        "pays": pays(request, link.property, link),
        "language": language,
        "languages": settings.LANGUAGES,
        "is_over": link.stay is not None and link.stay.end < link.property.house.today(timezone.now()),
    }
    return render(request, "upsells/stay.html", context)


@require_GET
@host(Power.GUESTS)
def stay_qr(request: HostRequest, public_id: str, token: str) -> HttpResponse:
    """The stay's link as a QR code (SVG)."""
    return code(_stay_link(request, public_id, token))


@require_POST
@host(Power.SELL)
def stop_stay(request: HostRequest, public_id: str, token: str) -> HttpResponse:
    """Let the link of a stay open no more."""
    link, place = _stay_link(request, public_id, token), _place(public_id, token)
    words = _("The link opens no more. What was booked through it stays booked.")
    if what := stays.stop(link, timezone.now()):
        done(request, words, what, name=_name(link), home=link.property.name, place=place, way="stay")
    else:
        messages.success(request, words)
    return redirect(place)


def _place(public_id: str, token: str) -> str:
    return reverse("upsells:stay", args=[public_id, token])


def _name(link: StayLink) -> str:
    """What a link is called where it has been undone."""
    return link.guest or _("The link")


@require_POST
@host(Power.SELL)
def renew_stay(request: HostRequest, public_id: str, token: str) -> HttpResponse:
    """Another address for the stay."""
    old, now = _stay_link(request, public_id, token), timezone.now()
    try:
        new = stays.renew(old, now)
    except stays.Exists:
        messages.error(request, _("This stay has got another link meanwhile. It is in the list of stays."))
        return redirect("upsells:stay", public_id, token)
    here, place = _place(public_id, new.token), _place(public_id, token)
    words = _("The stay has a new address. Send it to your guest again.")
    done(
        request,
        words,
        stays.renewed(old, new, now),
        name=_name(old),
        home=old.property.name,
        place=place,
        here=here,
        way="stay",
    )
    return redirect(here)


@require_GET
@host(Power.GUESTS)
def sheet(request: HostRequest, public_id: str) -> HttpResponse:
    """The sheet for the home, to print (PDF)."""
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    form = SheetForm(request.GET)
    if not form.is_valid():
        messages.error(request, _("Choose a size and at least one language for the sheet."))
        return redirect("upsells:guest-page", public_id)
    link = general_link(request, row, channel_of(request))
    size, languages = form.cleaned_data["size"], form.cleaned_data["language"]
    body = homesheet.pdf(homesheet.Sheet(row.name, address(link), pays(request, row, link), languages), size)
    name = f'attachment; filename="guest-page-{size}.pdf"'
    return HttpResponse(body, content_type="application/pdf", headers={"Content-Disposition": name})
