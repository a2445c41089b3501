"""The guest's page: no account, an unguessable link, nothing about other guests."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.acting import acting_for_the_house, go_on_for
from calendars import ledger
from connectors.broker import hint
from connectors.stripe_events import LARGEST_OCTETS, Forged, event
from domain.channels import site_name
from domain.spans import NIGHT
from upsells import (
    cancelling,
    checkout,
    entered,
    hearing,
    ownpage,
    paying,
    payments,
    progress,
    receipts,
    shelves,
    tasks,
)
from upsells.forms import ChoiceForm, GuestForm, StayForm
from upsells.limits import HOLDS, wait, wait_to_look
from upsells.models import Offer, Purchase, StayLink
from upsells.ownpage import DAYS, NOTHING_NEW
from upsells.shelves import KINDS, Shelf, Side, Stay

CONFLICT = 409
UNPROCESSABLE = 422
TOO_MANY = 429
PAYLOAD_TOO_LARGE = 413
BAD_REQUEST = 400
OWN = "purchase"
PAGE_PATIENCE_S = 8.0  # for the provider's answer while the guest waits for the page
LOOK_EVERY_S = 5
EXPECT_EVERY_S = 600


class HttpResponseSeeOther(HttpResponseRedirect):
    """On to the provider's page, whatever method brought the guest here."""

    status_code = 303


FRAMED: dict[str, Any] = settings.SECURE_CSP | {"frame-ancestors": [CSP.SELF]}


def guest(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let in whoever holds the token that the view looks up; keep the address out of caches, search and referrers."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        with acting_for_the_house():
            response = view(request, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "same-origin"
        return response

    return guarded


def _link(token: str) -> StayLink:
    """The live link, and what was sold beside its stay if it is that of one: only then is it asked for."""
    rows = StayLink.objects.live().select_related("property__organization", "property__kept_photo")
    link = get_object_or_404(rows, token=token)
    go_on_for(link.organization_id)
    return get_object_or_404(rows.with_sold(), pk=link.pk) if link.nights else link


@guest
@xframe_options_sameorigin  # the host's tab shows it in a frame
@csp_override(FRAMED)
@require_http_methods(["GET", "HEAD", "POST"])
def stay(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the check-out or check-in day, show what may be bought there; POST holds what was chosen.

    The link of a stay knows its days, and shows no others.
    """
    link = _link(token)
    if request.method == "POST":
        return _choose(request, link)
    if cache.add(f"expected:{link.property_id}", 1, timeout=EXPECT_EVERY_S):
        hint(tasks.expect_a_sale, link.property_id)
    form = _stay_form({} if link.nights else request.GET, link)
    return _looked_too_often(request, link, form) or _page(request, link, form)


def _stay_form(data: Mapping[str, Any], link: StayLink) -> StayForm:
    """The form for the side that was named: arriving when an arrival is, else leaving."""
    arriving = "arrival" in data or data.get("side") == Side.ARRIVING
    side = Side.ARRIVING if arriving else Side.LEAVING
    named = "arrival" in data or "departure" in data
    return StayForm(data if named else None, side=side, home=link.property, initial={"persons": 2})


def _looked_too_often(request: HttpRequest, link: StayLink, form: StayForm) -> HttpResponse | None:
    """The page that asks to wait, so that nobody reads the calendar by trying one day after the other."""
    if not (form.is_bound or link.nights):
        return None
    day = "own" if link.nights else f"{form.side} {form.data.get(DAYS[form.side])}"
    return _wait(request, link, wait_to_look(day, request, link.token, timezone.now()))


def _wait(request: HttpRequest, link: StayLink, seconds: int) -> HttpResponse | None:
    if not seconds:
        return None
    context = {"link": link, "property": link.property, "minutes": -(-seconds // 60)}
    response = render(request, "guest/wait.html", context, status=TOO_MANY)
    response["Retry-After"] = str(seconds)
    return response


def _choose(request: HttpRequest, link: StayLink) -> HttpResponse:
    data = ownpage.posted(request.POST) if link.nights else request.POST
    stay_form, form = _stay_form(data, link), ChoiceForm(request.POST)
    if not form.is_valid() or not stay_form.is_valid():
        messages.error(request, _("Choose one of the offers."))
        too_often = _looked_too_often(request, link, stay_form)
        return too_often or _page(request, link, stay_form, status=UNPROCESSABLE)
    now = timezone.now()
    holds = _wait(request, link, wait(HOLDS, request, link.token, now))
    if too_often := holds or _looked_too_often(
        request, link, stay_form
    ):  # for every answer tells about a day
        return too_often
    key, amount = form.cleaned_data["key"], form.cleaned_data["amount"]
    try:
        _refuse_other_days(link, stay_form.stay)
        purchase = checkout.begin(link, stay_form.stay, key, amount, now)
    except checkout.Gone:
        return _gone(request, link, stay_form)
    except ledger.NightsTaken:
        messages.error(request, _("Somebody was quicker: this isn't free any more."))
        return _page(request, link, stay_form, status=CONFLICT)
    except checkout.NotOnSale:
        messages.error(request, _("The offer has changed. This is what you can book now."))
        return _page(request, link, stay_form, status=CONFLICT)
    request.session[OWN] = purchase.public_id
    return redirect("guest:purchase", link.token, purchase.public_id)


def _refuse_other_days(link: StayLink, stay: Stay) -> None:
    """The link of a stay sells nothing beside other stays. Raises NotOnSale."""
    if link.nights and not ownpage.is_own(link, stay):
        raise checkout.NotOnSale


def _gone(request: HttpRequest, link: StayLink, form: StayForm) -> HttpResponse:
    """Somebody was quicker: a small page, so that a rush of guests is answered at once; it then asks what is left."""
    if _own(request, link):
        messages.error(request, _("Somebody was quicker: this isn't free any more."))
        return _page(request, link, form, status=CONFLICT)
    context = {
        "link": link,
        "property": link.property,
        "leaving": form.side is Side.LEAVING,
        "address": _address(link, form.stay),
    }
    return render(request, "guest/gone.html", context, status=CONFLICT)


def _page(request: HttpRequest, link: StayLink, form: StayForm, status: int = 200) -> HttpResponse:
    if link.nights:
        return ownpage.page(request, link, _own(request, link), status)
    home, now = link.property, timezone.now()
    today = home.house.today(now)
    shelf = shelves.shelf(home, form.stay, now, link.channel) if form.is_bound and form.is_valid() else None
    seen = ownpage.digest(shelf) if shelf else ""
    refreshes = request.htmx and request.method == "GET" and shelf is not None  # type: ignore[attr-defined]  # django-htmx sets it
    if refreshes and request.GET.get("seen") == seen:
        return HttpResponse(status=NOTHING_NEW)
    on_sale = shelf or shelves.stand(home, today, now, link.channel)
    other = Side.ARRIVING if form.side is Side.LEAVING else Side.LEAVING
    context = {
        "link": link,
        "property": home,
        "form": form,
        "side": form.side.value,
        "other_side": other.value if on_sale.sells(other) else "",
        "leaving": form.side is Side.LEAVING,
        "seen": seen,
        "refreshes": refreshes,
        "today": today,
        "tomorrow": today + NIGHT,
        "own": _own(request, link),
        **_shown(shelf, link),
    }
    status = UNPROCESSABLE if form.errors else status
    return render(request, "guest/stay.html" + ("#shelf" if refreshes else ""), context, status=status)


def _shown(shelf: Shelf | None, link: StayLink) -> dict[str, object]:
    """What the pages show of a shelf."""
    if shelf is None:
        return {}
    groups = ownpage.groups(shelf, link.channel)
    return {
        "shelf": shelf,
        "stay": shelf.stay,
        "why": shelf.why.value if shelf.why else "",
        "groups": groups,
        "last": groups[0].choices[-1].quote if groups else None,
        "address": _address(link, shelf.stay),
        "site": site_name(link.channel),
    }


def _address(link: StayLink, stay: Stay) -> str:
    """Where the offers for the stay are shown."""
    if link.nights:
        return f"{reverse('guest:stay', args=[link.token])}?{urlencode({'persons': stay.persons})}"
    query: dict[str, str | int] = {DAYS[stay.side]: stay.day.isoformat(), "persons": stay.persons}
    return f"{reverse('guest:stay', args=[link.token])}?{urlencode(query)}"


def _own(request: HttpRequest, link: StayLink) -> Purchase | None:
    """The purchase this browser began here, while there is still something to do or to see."""
    if OWN not in request.session:
        return None
    rows = Purchase.objects.filter(stay_link=link, public_id=request.session[OWN])
    lapsed = Q(state=Purchase.State.HELD, held_until__lte=timezone.now())
    return rows.alive().exclude(lapsed).first()


@guest
@require_http_methods(["GET", "HEAD", "POST"])
def purchase(request: HttpRequest, token: str, purchase_id: str) -> HttpResponse:
    """One purchase from hold to answer; the page asks again by itself while we check or the host is asked.

    A link that was replaced still opens what was booked through it, for it is the guest's receipt.
    """
    rows = Purchase.objects.select_related(
        "property__organization",
        "property__kept_photo",
        "stay_link",
        "moved_to__property",
        "moved_to__stay_link",
    )
    usable = Q(stay_link__revoked_at=None) | Q(requested_at__isnull=False) | Q(payment__isnull=False)
    row = get_object_or_404(rows.filter(usable), stay_link__token=token, public_id=purchase_id)
    go_on_for(row.organization_id)
    if request.method == "POST" and "let_go" in request.POST:
        checkout.let_go(row, timezone.now())
        tasks.at_once(row)
        return redirect(_address(row.stay_link, _stay_of(row)))
    if request.method == "POST" and "cancel" in request.POST:
        return _cancel(request, row)
    if request.method != "POST":
        return _progress(request, row, entered.form(request, row))
    form = GuestForm(request.POST)
    if not form.is_valid():
        return entered.keep(request, row)
    row.language = get_language() or row.language  # of letters, receipts and the provider's page
    return _pay(request, row, form) if row.collection == Offer.Collection.CARD else _book(row, form)


def _stay_of(row: Purchase) -> Stay:
    """The stay that the guest named when they bought."""
    side = Side.LEAVING if row.kind in KINDS[Side.LEAVING] else Side.ARRIVING
    return Stay(row.day, side, row.persons)


def _progress(request: HttpRequest, row: Purchase, form: GuestForm) -> HttpResponse:
    now = timezone.now()
    state = row.state
    if state == Purchase.State.HELD and row.held_until <= now:
        state = Purchase.State.LAPSED
    shown = progress.shown(row, now, has_paid="paid" in request.GET)
    if shown.waits_for_provider and cache.add(f"looked:{row.pk}", 1, timeout=LOOK_EVERY_S):
        _look_at_payment(row)
    slow = row.waits and row.looked_since is not None and now - row.looked_since > checkout.ANSWER_WITHIN
    asks_again = request.htmx and request.method == "GET"  # type: ignore[attr-defined]  # django-htmx sets it
    if asks_again and request.GET.get("seen") == f"{state}{shown.stage}" and not slow:
        return HttpResponse(status=NOTHING_NEW)
    link = row.stay_link
    context = {
        "link": link,
        "property": row.property,
        "purchase": row,
        "price": row.made_of,
        "state": state,
        "seen": f"{state}{shown.stage}",
        **shown.context,
        "slow": slow,
        "form": form,
        "site": site_name(row.channel),
        "address": _address(link, _stay_of(row)),
        "leaving": row.kind in KINDS[Side.LEAVING],
    }
    if state in {Purchase.State.DECLINED, Purchase.State.LAPSED} and _may_look(link, _stay_of(row)):
        context |= _shown(shelves.shelf(row.property, _stay_of(row), now, link.channel), link)
    template = "guest/purchase.html" + ("#progress" if asks_again else "")
    return render(request, template, context, status=UNPROCESSABLE if form.errors else 200)


def _may_look(link: StayLink, stay: Stay) -> bool:
    """Whether whoever holds the link may see what is free beside the stay: any, or its own as it is now."""
    return link.revoked_at is None and (not link.nights or ownpage.is_own(_link(link.token), stay))


def _book(row: Purchase, form: GuestForm) -> HttpResponse:
    try:
        checkout.book(row, **form.cleaned_data, now=timezone.now())
    except ledger.Lapsed:
        pass  # the page says so
    else:
        hint(tasks.settle, row.pk)
    return redirect("guest:purchase", row.stay_link.token, row.public_id)


def _pay(request: HttpRequest, row: Purchase, form: GuestForm) -> HttpResponse:
    """Keep what was chosen while the guest pays, and send them to the provider's page."""
    try:
        payment = paying.pay(row, **form.cleaned_data, now=timezone.now())
    except ledger.Lapsed:
        return redirect("guest:purchase", row.stay_link.token, row.public_id)  # the page says so
    except checkout.NotOnSale:
        messages.error(request, _("Your host can't take cards at the moment. Nothing was charged."))
        return redirect(_address(row.stay_link, _stay_of(row)))
    url = payments.begin(payment, payments.stripe(PAGE_PATIENCE_S))
    if not url:
        hint(tasks.pursue, payment.pk)
        return redirect("guest:purchase", row.stay_link.token, row.public_id)
    return HttpResponseSeeOther(url)


def _look_at_payment(row: Purchase) -> None:
    """Ask a worker to look at the purchase's payment now."""
    for payment in payments.ask_again(timezone.now(), purchase=row):
        hint(tasks.pursue, payment)


def _cancel(request: HttpRequest, row: Purchase) -> HttpResponse:
    """Cancel, or ask the host to, for the refund that the page showed."""
    shown = request.POST["cancel"]
    try:
        cancelling.wish(row, int(shown) if shown.isdecimal() else -1, timezone.now())
    except cancelling.Changed:
        messages.error(request, _("What you get back has changed meanwhile. This is how it stands now."))
    else:
        tasks.at_once(row)
    return redirect("guest:purchase", row.stay_link.token, row.public_id)


@csrf_exempt
@require_POST
def stripe_events(request: HttpRequest) -> HttpResponse:
    """The payment provider's messages: kept once if signed, answered after the commit; then a worker looks."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LARGEST_OCTETS:
        return HttpResponse(status=PAYLOAD_TOO_LARGE)
    now = timezone.now()
    secrets, header = settings.STRIPE_WEBHOOK_SECRETS, request.headers.get("Stripe-Signature", "")
    try:
        message = event(request.body, header, secrets, int(now.timestamp()))
    except Forged as problem:
        return HttpResponse(str(problem), status=BAD_REQUEST, content_type="text/plain")
    heard = hearing.hear(message, now)
    for payment in heard.payments:
        hint(tasks.pursue, payment)
    for account in heard.accounts:
        hint(tasks.prepare_account, account)
    return HttpResponse(status=200)


@guest
@require_safe
def receipt(request: HttpRequest, token: str, purchase_id: str) -> HttpResponse:  # noqa: ARG001 - Django's contract
    """The receipt of what was sold, to keep (PDF). A link that was replaced still opens it."""
    rows = Purchase.objects.select_related("property__organization", "stay_link")
    row = get_object_or_404(rows, stay_link__token=token, public_id=purchase_id)
    go_on_for(row.organization_id)
    if not receipts.exists(row):
        raise Http404
    name = f'inline; filename="{receipts.number(row)}.pdf"'
    return HttpResponse(
        receipts.pdf(row), content_type="application/pdf", headers={"Content-Disposition": name}
    )
