"""The guest's page: no account, an unguessable link, nothing about other guests."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from calendars import ledger
from connectors.broker import hint
from upsells import checkout, tasks
from upsells.forms import ChoiceForm, DepartureForm, GuestForm
from upsells.models import Purchase, StayLink

UNPROCESSABLE = 422
CONFLICT = 409


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
@require_http_methods(["GET", "POST"])
def stay(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the check-out day, show the nights after it and their price; POST holds the chosen ones."""
    link = _link(token)
    if request.method == "POST":
        return _choose(request, link)
    form = DepartureForm(request.GET if "departure" in request.GET else None)
    return _shelf(request, link, form)


def _choose(request: HttpRequest, link: StayLink) -> HttpResponse:
    form = ChoiceForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the offers."))
        return _shelf(request, link, DepartureForm(request.POST), status=UNPROCESSABLE)
    try:
        purchase = checkout.begin(link, form.span, form.cleaned_data["amount"], timezone.now())
    except ledger.NightsTaken:
        messages.error(request, _("Somebody has just taken one of these nights. This is what is still free."))
        return _shelf(request, link, DepartureForm(request.POST), status=CONFLICT)
    except checkout.NotOnSale:
        messages.error(request, _("The offer has changed. This is what you can book now."))
        return _shelf(request, link, DepartureForm(request.POST), status=CONFLICT)
    return redirect("guest:purchase", link.token, purchase.public_id)


def _shelf(request: HttpRequest, link: StayLink, form: DepartureForm, status: int = 200) -> HttpResponse:
    home = link.property
    shelf = None
    if form.is_bound and form.is_valid():
        shelf = checkout.shelf(home, form.cleaned_data["departure"], timezone.now())
    elif form.is_bound:
        status = UNPROCESSABLE
    context = {
        "link": link,
        "property": home,
        "form": form,
        "shelf": shelf,
        "why": shelf.why.value if shelf and shelf.why else "",
        "today": home.house.today(timezone.now()),
    }
    return render(request, "guest/stay.html", context, status=status)


@private
@require_http_methods(["GET", "POST"])
def purchase(request: HttpRequest, token: str, purchase_id: str) -> HttpResponse:
    """One purchase from hold to answer; the page asks again by itself while we check."""
    link = _link(token)
    rows = Purchase.objects.select_related("property")
    row = get_object_or_404(rows, stay_link=link, public_id=purchase_id)
    form = GuestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _book(request, link, row, form)
    now = timezone.now()
    state = row.state
    if state == Purchase.State.HELD and row.held_until <= now:
        state = Purchase.State.LAPSED
    context = {
        "link": link,
        "property": row.property,
        "purchase": row,
        "state": state,
        "form": form,
        "reason": row.get_reason_display(),
    }
    template = "guest/purchase.html"
    if request.htmx and request.method == "GET":  # type: ignore[attr-defined]  # django-htmx sets it
        template += "#progress"
    return render(request, template, context, status=UNPROCESSABLE if form.errors else 200)


def _book(request: HttpRequest, link: StayLink, row: Purchase, form: GuestForm) -> HttpResponse:
    try:
        checkout.book(
            row, name=form.cleaned_data["name"], email=form.cleaned_data["email"], now=timezone.now()
        )
    except ledger.Lapsed:
        messages.error(
            request, _("The nights were kept for ten minutes, and that time is over. Choose again.")
        )
    else:
        hint(tasks.settle, row.pk)
    return redirect("guest:purchase", link.token, row.public_id)
