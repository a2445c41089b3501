"""The host's page of payments: the account that guests' cards are charged for, and what guests get back who cancel."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.deeds import Change, What, done
from accounts.tenancy import HostRequest, fresh, get_or_404, host, verified
from connectors.broker import hint
from domain.roles import Power
from properties.models import Property
from upsells import payouts, tasks, terms
from upsells.models import CancelTerms, Offer, PayoutAccount
from upsells.payforms import CancelForm, CountryForm

NOTHING_NEW = 204
UNPROCESSABLE = 422
STANDINGS = ("unavailable", "none", "asking", "refused", "ready", "wanting", "waiting")  # of an account
# What the provider still asks for, by how its names for that begin or end.
PERSONS = "individual", "representative", "person_", "relationship", "owners", "directors", "executives"
ASKED: tuple[tuple[tuple[str, ...], Any], ...] = (
    (("tos_acceptance",), gettext_lazy("Your agreement to Stripe's terms")),
    (("external_account", "bank_account"), gettext_lazy("The bank account that the money goes to")),
    (
        ("business_type", "business_profile"),
        gettext_lazy("What kind of business you have, and what it sells"),
    ),
    (("company",), gettext_lazy("Details of the company")),
    (PERSONS, gettext_lazy("Details of you, or of those who own or lead the company")),
    (("settings",), gettext_lazy("The name on guests' card statements")),
)
PAPERS = "verification.document", "verification.additional_document"


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
        "asked": asked(row.due) if row else [],
        "cashless": len(_without_cards(request)) if state == "ready" else 0,
        "form": form,
        "simulated": settings.STRIPE_SIMULATED,
        "fee": settings.STRIPE_FEE_BASIS_POINTS / 100,
    }
    template = "upsells/payments.html" + ("#standing" if asks_again else "")
    return render(request, template, context, status=UNPROCESSABLE if form.errors else 200)


def asked(due: Iterable[str]) -> list[str]:
    """What the provider still asks for, in words, each once; the last sentence stands for all that has none."""
    found = {}
    for name in due:
        words = next((said for begins, said in ASKED if name.startswith(begins)), "")
        if name.endswith(PAPERS):
            words = _("A picture of an identity card or another paper")
        found[str(words or _("Stripe asks for more: continue there"))] = not words
    return sorted(found, key=found.__getitem__)


def _without_cards(request: HostRequest) -> list[Offer]:
    """Offers that some guests can't pay by card though their site has no tool of its own."""
    rows = Offer.objects.of(request.org).filter(property__archived_at=None)
    rows = rows.only("organization_id", "kind", "collection").order_by("pk")
    return [offer for offer in rows if offer.collection != terms.by_card(offer)]


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


@require_POST
@host(Power.SET_UP, everywhere=True)
def everywhere(request: HostRequest) -> HttpResponse:
    """Let guests pay by card in all offers, but where their booking site has a tool of its own."""
    if standing(PayoutAccount.objects.of(request.org).first()) != "ready":
        messages.error(request, _("Your account can't take cards yet."))
        return redirect("payments:account")
    changes = []
    for offer in _without_cards(request):
        before, after = {"collection": offer.collection}, {"collection": terms.by_card(offer)}
        if Offer.objects.of(request.org).filter(pk=offer.pk, **before).update(**after):
            changes.append(Change.of(offer, before, after))
    if changes:
        words = ngettext(
            "Guests can pay %(n)s offer by card now.",
            "Guests can pay %(n)s offers by card now.",
            len(changes),
        )
        done(
            request,
            words % {"n": len(changes)},
            What(changes),
            name=_("Card payments"),
            place=reverse("payments:account"),
        )
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
