"""The notices of the member who is logged in, and what they wish to be told."""

from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import bell, language, wishes
from accounts.deeds import Change, What, done
from accounts.tenancy import HostRequest, get_or_404, host, together
from domain.roles import Power
from notices import feed
from notices.forms import WishesForm
from properties.models import Property
from upsells.models import Purchase

ON_A_PAGE = 25


@require_GET
@host(Power.GUESTS)
@together
def listing(request: HostRequest) -> HttpResponse:
    """What happened, the latest first."""
    now = timezone.now()
    page = Paginator(feed.listed(request.membership), ON_A_PAGE).get_page(request.GET.get("page"))
    zones = Property.objects.of(request.org).active().zones()
    context = {
        "zones": zones,
        "page": page,
        "entries": feed.entries(page.object_list, request.membership, now),
        "until": now.isoformat(),
        "unread_news": feed.unread(request.membership, now),  # shown twice, counted once
    }
    with timezone.override(zones[0]):
        return render(request, "notices/list.html", context)


@require_POST
@host(Power.GUESTS)
def read_all(request: HostRequest) -> HttpResponse:
    """Everything is read that there was when the page was made."""
    now = timezone.now()
    try:
        until = datetime.fromisoformat(request.POST.get("until", ""))
    except ValueError:
        until = now
    member, place = request.membership, reverse("notices:list")
    before, after = bell.open_all(member, min(until, now) if until.tzinfo else now)
    what = What([Change.of(member, {"seen_until": before}, {"seen_until": after})])
    done(request, _("Everything is marked as read."), what, name=_("News"), place=place)
    return redirect(place)


@require_GET
@host(Power.GUESTS)
def sale(request: HostRequest, purchase_id: str) -> HttpResponse:
    """On to the sale's page; what is told about it is read then."""
    purchase = get_or_404(Purchase.objects.select_related("property"), request, public_id=purchase_id)
    feed.open_sale(request.membership, purchase, timezone.now())
    return redirect("upsells:purchase", purchase.property.public_id, purchase.public_id)


@require_http_methods(["GET", "POST"])
@host(Power.GUESTS)
def choose(request: HostRequest) -> HttpResponse:
    """What the member wishes to be told, how, and in which language; this device follows at once."""
    form = WishesForm(request.membership, request.POST or None)
    if form.is_valid() and form.save():
        with language.spoken_to(request.membership):
            messages.success(request, _("You are told as you chose from now on."))
        response = redirect("notices:wishes")
        language.remember(response, request.membership.user.language)
        return response
    context = {"form": form, "unmailed": wishes.unmailed(request.org)}
    return render(request, "notices/wishes.html", context, status=422 if form.errors else 200)
