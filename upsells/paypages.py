"""The host's page of payments: the account that guests' cards are charged for, and what guests get back who cancel."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.tenancy import HostRequest, fresh, get_or_404, host, verified
from connectors.broker import hint
from domain.roles import Power
from properties.models import Property
from upsells import payouts, tasks
from upsells.models import CancelTerms, PayoutAccount
from upsells.payforms import CancelForm, CountryForm

NOTHING_NEW = 204
UNPROCESSABLE = 422
STANDINGS = ("unavailable", "none", "asking", "refused", "ready", "wanting", "waiting")  # of an account


@require_GET
@host(Power.BILLING)
@fresh
def account(request: HostRequest) -> HttpResponse:
    """How far the account is; the page asks again by itself while a worker speaks with the provider."""
    row, now = PayoutAccount.objects.of(request.org).first(), timezone.now()
    if row and {"back", "again"} & request.GET.keys():
        payouts.want(request.org, row.country, now)
        hint(tasks.prepare_account, row.pk)
        return redirect("payments:account")
    return _page(request, row, CountryForm())


def _page(request: HostRequest, row: PayoutAccount | None, form: CountryForm) -> HttpResponse:
    state = standing(row)
    asks_again = request.htmx and request.method == "GET"
    if asks_again and request.GET.get("seen") == state:
        return HttpResponse(status=NOTHING_NEW)
    link_works = row and row.link_until and row.link_until > timezone.now()
    context = {
        "nav": "account",
        "account": row,
        "state": state,
        "link": row.link if row and link_works else "",
        "form": form,
        "simulated": settings.STRIPE_SIMULATED,
        "fee": settings.STRIPE_FEE_BASIS_POINTS / 100,
    }
    template = "upsells/payments.html" + ("#standing" if asks_again else "")
    return render(request, template, context, status=UNPROCESSABLE if form.errors else 200)


def standing(row: PayoutAccount | None) -> str:
    """How far the account is: one of STANDINGS."""
    if not settings.STRIPE_SECRET_KEY:
        return "unavailable"
    if row is None:
        return "none"
    if row.checked_at is None or row.checked_at < row.wanted_at:
        return "asking"
    if row.trouble:
        return "refused"
    if row.charges_enabled:
        return "ready"
    return "wanting" if row.due or not row.details_submitted else "waiting"


@require_POST
@host(Power.BILLING)
@verified
@fresh
def connect(request: HostRequest) -> HttpResponse:
    """Open an account, or go on with one."""
    row = PayoutAccount.objects.of(request.org).first()
    form = CountryForm(request.POST)
    has_id = row is not None and row.stripe_id
    if not settings.STRIPE_SECRET_KEY:
        messages.error(request, _("Card payments aren't set up on this installation."))
        return redirect("payments:account")
    if not has_id and not form.is_valid():
        return _page(request, row, form)
    country = row.country if row and has_id else form.cleaned_data["country"]
    wanted = payouts.want(request.org, country, timezone.now())
    hint(tasks.prepare_account, wanted.pk)
    return redirect("payments:account")


@require_http_methods(["GET", "POST"])
@host(Power.SET_UP)
def cancelling(request: HostRequest, public_id: str) -> HttpResponse:
    """What guests of a property get back who cancel, and whether the host decides each time."""
    home = get_or_404(Property.objects.all(), request, public_id=public_id)
    saved = CancelTerms.objects.of(request.org).filter(property=home).first()
    form = CancelForm(saved or CancelTerms(tiers=CancelTerms.USUAL), request.POST or None)
    if request.method == "POST" and form.is_valid():
        before = {name: getattr(saved, name) for name in form.terms} if saved else None
        audit.note_change(request, CancelTerms, before, form.terms)
        rows = CancelTerms.objects.of(request.org)
        rows.update_or_create(
            property=home, defaults=form.terms, create_defaults={**form.terms, "organization": request.org}
        )
        messages.success(request, _("Saved. It counts for what guests book from now on."))
        return redirect("upsells:offers", public_id)
    context = {"property": home, "tab": "offers", "form": form}
    return render(request, "upsells/cancelling.html", context, status=UNPROCESSABLE if form.errors else 200)
