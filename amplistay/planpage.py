"""The owner's page of what the organization pays us: the plan, its arithmetic, invoices, a pause, an end.

It stands up here because it counts properties. The provider is asked by workers; the web process only opens its pages.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.tenancy import HostRequest, fresh, host, verified
from amplistay.planforms import PauseForm, PlanForm
from billing import subscriptions, tasks
from billing.models import Invoice, Subscription
from billing.plans import PLANS
from connectors.broker import hint
from domain import billing as rules
from domain.billing import Standing
from domain.roles import Power
from properties.models import Property
from upsells.models import Offer
from upsells.public import HttpResponseSeeOther

NOTHING_NEW, UNPROCESSABLE = 204, 422
PAGE_PATIENCE_S = 8.0
LISTED = 24
PAYABLE = frozenset({Standing.TRIAL, Standing.PAID})  # what can be paused


@require_GET
@host(Power.BILLING)
def page(request: HostRequest) -> HttpResponse:
    """How things stand; the page asks again by itself while a worker speaks with the provider."""
    row, now = _row(request), timezone.now()
    if row and "back" in request.GET:
        return _asked(row, now)
    if row and row.check_at and row.check_at <= now:
        hint(tasks.pursue, row.pk)
    return _page(request, row)


def _row(request: HostRequest) -> Subscription | None:
    """The organization's row, with as many properties as there are now; None where billing is off."""
    if not settings.BILLING:
        return None
    count = Property.objects.of(request.org).active().count()
    return subscriptions.of(request.org, count, timezone.now())


def _page(
    request: HostRequest,
    row: Subscription | None,
    *,
    plans: PlanForm | None = None,
    pausing: PauseForm | None = None,
) -> HttpResponse:
    wrong = any(form is not None and form.errors for form in (plans, pausing))
    now = timezone.now()
    context: dict[str, Any] = {"nav": "account", "state": "off", "seen": "off"}
    asks_again = request.htmx and request.method == "GET"
    if row:
        context |= _shown(request, row, now)
        context["plan_form"] = plans or PlanForm(row.properties, plan=row.plan)
        context["pause_form"] = pausing or PauseForm(now.date())
    if asks_again and request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=NOTHING_NEW)
    template = "billing/plan.html" + ("#standing" if asks_again else "")
    return render(request, template, context, status=UNPROCESSABLE if wrong else 200)


def _shown(request: HostRequest, row: Subscription, now: datetime) -> dict[str, Any]:
    """What the page shows of a row."""
    standing, since = row.standing(now), rules.owing_since(row.facts, now)
    invoices = list(Invoice.objects.of(request.org).latest_first()[:LISTED])
    asked = row.asked_at is not None or (row.check_at is not None and row.check_at <= now)
    waits = asked and not row.trouble
    return {
        "row": row,
        "state": standing.value,
        "waits": waits,
        "seen": f"{standing.value}-{waits}-{row.checked_at:%H%M%S}" if row.checked_at else f"new-{waits}",
        "limited_at": since + rules.GRACE if since else None,
        "trial_ends": row.next_at if row.is_live else row.trial_until,
        "sum": row.sum,
        "plan_name": row.get_plan_display(),
        "least": rules.price(row.terms, 1).total if row.terms.least else None,
        "invoices": invoices,
        "unpaid": next((each for each in reversed(invoices) if each.state == Invoice.State.OPEN), None),
        "can_subscribe": row.sum.units > 0 and not row.is_live,
        "may_pause": row.is_live and standing in PAYABLE and not row.cancels,
        "simulated": settings.STRIPE_SIMULATED,
    }


def _asked(row: Subscription, now: datetime) -> HttpResponse:
    """A worker looks now; back to the page."""
    for pk in subscriptions.ask_again(now, pk=row.pk):
        hint(tasks.pursue, pk)
    return redirect("plan:page")


@require_http_methods(["GET", "POST"])
@host(Power.BILLING)
def choose(request: HostRequest) -> HttpResponse:
    """Another plan; one that sells nothing only while nothing is on sale."""
    row, now = _row(request), timezone.now()
    if request.method == "GET" or row is None:  # the address of a form that was sent back, opened again
        return redirect("plan:page")
    form = PlanForm(row.properties, request.POST)
    if form.is_valid() and not PLANS[form.cleaned_data["plan"]].sells and _sells(request):
        form.add_error("plan", _("This plan sells nothing. Switch every offer off first."))
    if form.errors:
        return _page(request, row, plans=form)
    plan = form.cleaned_data["plan"]
    if plan != row.plan:
        subscriptions.choose(row, plan, now)
        audit.note(request, plan=plan)
        messages.success(request, _("Changed. What it costs now is below."))
    return _asked(row, now)


def _sells(request: HostRequest) -> bool:
    """Whether anything is on sale."""
    rows = Offer.objects.of(request.org).exclude(mode=Offer.Mode.OFF)
    return rows.filter(property__archived_at=None).exists()


@require_POST
@host(Power.BILLING)
@verified
@fresh
def subscribe(request: HostRequest) -> HttpResponse:
    """Go to the provider's page, where a card is given."""
    row, now = _row(request), timezone.now()
    if row is None:
        return redirect("plan:page")
    place, door = settings.SITE_URL + reverse("plan:page"), subscriptions.stripe(PAGE_PATIENCE_S)
    return _go(request, row, subscriptions.subscribing_page(row, place, get_language() or "", now, door))


@require_POST
@host(Power.BILLING)
@verified
@fresh
def card(request: HostRequest) -> HttpResponse:
    """Go to the provider's page for another card."""
    row = _row(request)
    if row is None:
        return redirect("plan:page")
    place, door = settings.SITE_URL + reverse("plan:page"), subscriptions.stripe(PAGE_PATIENCE_S)
    return _go(request, row, subscriptions.card_page(row, place, door))


def _go(request: HostRequest, row: Subscription, url: str) -> HttpResponse:
    """On to the provider's page; without its address a worker looks what is the matter."""
    if url:
        return HttpResponseSeeOther(url)
    messages.error(request, _("Stripe's page can't be opened at the moment. Try again in a minute."))
    return _asked(row, timezone.now())


@require_http_methods(["GET", "POST"])
@host(Power.BILLING)
def pause(request: HostRequest) -> HttpResponse:
    """Charge nothing until a day."""
    row, now = _row(request), timezone.now()
    if request.method == "GET" or row is None:  # the address of a form that was sent back, opened again
        return redirect("plan:page")
    form = PauseForm(now.date(), request.POST)
    if not form.is_valid():
        return _page(request, row, pausing=form)
    if not row.is_live or row.standing(now) not in PAYABLE:
        messages.error(request, _("Only a plan that is paid can be paused."))
        return redirect("plan:page")
    subscriptions.pause(row, form.moment, now)
    audit.note(request, until=form.cleaned_data["until"].isoformat())
    return _asked(row, now)


@require_POST
@host(Power.BILLING)
def resume(request: HostRequest) -> HttpResponse:
    """Charge as usual again."""
    return _wished(request, subscriptions.resume)


@require_POST
@host(Power.BILLING)
def end(request: HostRequest) -> HttpResponse:
    """Let it end with what is paid for."""
    return _wished(request, subscriptions.end)


@require_POST
@host(Power.BILLING)
def keep(request: HostRequest) -> HttpResponse:
    """Let it go on after all."""
    return _wished(request, subscriptions.keep)


def _wished(request: HostRequest, wish: Callable[[Subscription, datetime], None]) -> HttpResponse:
    """What an owner wants is written down, and a worker sees to it; nothing where billing is off."""
    row, now = _row(request), timezone.now()
    if row is None:
        return redirect("plan:page")
    wish(row, now)
    return _asked(row, now)
