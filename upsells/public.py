"""The guest's page: no account, an unguessable link, nothing about other guests."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from calendars import ledger, polling
from connectors.broker import hint
from domain.spans import NIGHT
from upsells import checkout, tasks
from upsells.forms import ChoiceForm, DepartureForm, GuestForm
from upsells.limits import HOLDS, LOOK_UPS, Limit, wait
from upsells.models import Purchase, StayLink

LOOKING = timedelta(hours=1)  # calendars are read more often for so long after a guest opened the page
NOTHING_NEW = 204
CONFLICT = 409
UNPROCESSABLE = 422
TOO_MANY = 429
OWN = "purchase"


def private(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep the address out of caches, search engines and referrers."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "same-origin"
        return response

    return guarded


def _link(token: str) -> StayLink:
    return get_object_or_404(StayLink.objects.live().select_related("property"), token=token)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def stay(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the check-out day, show the nights after it and their price; POST holds the chosen ones."""
    link = _link(token)
    if request.method == "POST":
        return _choose(request, link)
    now = timezone.now()
    polling.quicken(link.property_id, now + LOOKING, now)
    if "departure" not in request.GET:
        return _shelf(request, link, DepartureForm())
    return _too_often(request, link, LOOK_UPS) or _shelf(request, link, DepartureForm(request.GET))


def _too_often(request: HttpRequest, link: StayLink, limit: Limit) -> HttpResponse | None:
    """The page that asks to wait, so that nobody reads the calendar by trying one day after the other."""
    seconds = wait(limit, request, link.token, timezone.now())
    if not seconds:
        return None
    context = {"link": link, "property": link.property, "minutes": -(-seconds // 60)}
    response = render(request, "guest/wait.html", context, status=TOO_MANY)
    response["Retry-After"] = str(seconds)
    return response


def _choose(request: HttpRequest, link: StayLink) -> HttpResponse:
    form = ChoiceForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the offers."))
        return _too_often(request, link, LOOK_UPS) or _shelf(
            request, link, DepartureForm(request.POST), status=UNPROCESSABLE
        )
    if too_often := _too_often(request, link, HOLDS):
        return too_often
    chosen = form.cleaned_data
    try:
        purchase = checkout.begin(link, chosen["nights"], chosen["amount"], timezone.now())
    except ledger.NightsTaken:
        messages.error(request, _("Somebody was quicker: not all of these nights are free any more."))
        return _shelf(request, link, DepartureForm(request.POST), status=CONFLICT)
    except checkout.NotOnSale:
        messages.error(request, _("The offer has changed. This is what you can book now."))
        return _shelf(request, link, DepartureForm(request.POST), status=CONFLICT)
    request.session[OWN] = purchase.public_id
    return redirect("guest:purchase", link.token, purchase.public_id)


def _shelf(request: HttpRequest, link: StayLink, form: DepartureForm, status: int = 200) -> HttpResponse:
    home = link.property
    now = timezone.now()
    shelf = None
    if form.is_bound and form.is_valid():
        shelf = checkout.shelf(home, form.cleaned_data["departure"], now)
    elif form.is_bound:
        status = UNPROCESSABLE
    today = home.house.today(now)
    context = {
        "link": link,
        "property": home,
        "form": form,
        "shelf": shelf,
        "why": shelf.why.value if shelf and shelf.why else "",
        "today": today,
        "tomorrow": today + NIGHT,
        "own": _own(request, link),
    }
    return render(request, "guest/stay.html", context, status=status)


def _own(request: HttpRequest, link: StayLink) -> Purchase | None:
    """The purchase this browser began here, while there is still something to do or to see."""
    rows = Purchase.objects.filter(stay_link=link, public_id=request.session.get(OWN, ""))
    alive = Q(state=Purchase.State.HELD, held_until__gt=timezone.now())
    return rows.filter(alive | Q(state__in=[Purchase.State.CHECKING, Purchase.State.CONFIRMED])).first()


@private
@require_http_methods(["GET", "HEAD", "POST"])
def purchase(request: HttpRequest, token: str, purchase_id: str) -> HttpResponse:
    """One purchase from hold to answer; the page asks again by itself while we check.

    A link that was replaced still opens what was booked through it, for it is the guest's receipt.
    """
    rows = Purchase.objects.select_related("property", "stay_link").filter(stay_link__token=token)
    usable = Q(stay_link__revoked_at=None) | Q(requested_at__isnull=False)
    row = get_object_or_404(rows.filter(usable), public_id=purchase_id)
    if request.method == "POST" and "let_go" in request.POST:
        checkout.let_go(row, timezone.now())
        departure = f"?departure={row.span.start}"
        return redirect(reverse("guest:stay", args=[token]) + departure)
    form = GuestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _book(row, form)
    return _progress(request, row, form)


def _progress(request: HttpRequest, row: Purchase, form: GuestForm) -> HttpResponse:
    now = timezone.now()
    state = row.state
    if state == Purchase.State.HELD and row.held_until <= now:
        state = Purchase.State.LAPSED
    slow = row.waits and row.requested_at is not None and now - row.requested_at > checkout.ANSWER_WITHIN
    asks_again = request.htmx and request.method == "GET"  # type: ignore[attr-defined]  # django-htmx sets it
    if asks_again and row.waits and not slow:
        return HttpResponse(status=NOTHING_NEW)
    context = {
        "link": row.stay_link,
        "property": row.property,
        "purchase": row,
        "state": state,
        "slow": slow,
        "form": form,
        "reason": row.get_reason_display(),
    }
    template = "guest/purchase.html" + ("#progress" if asks_again else "")
    return render(request, template, context, status=UNPROCESSABLE if form.errors else 200)


def _book(row: Purchase, form: GuestForm) -> HttpResponse:
    try:
        checkout.book(
            row, name=form.cleaned_data["name"], email=form.cleaned_data["email"], now=timezone.now()
        )
    except ledger.Lapsed:
        pass  # the page says so
    else:
        hint(tasks.settle, row.pk)
    return redirect("guest:purchase", row.stay_link.token, row.public_id)
