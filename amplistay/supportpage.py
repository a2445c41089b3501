"""An owner lets support look at the organization's pages, for a day and by a code."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import support
from accounts.models import SupportVisit
from accounts.tenancy import HostRequest, fresh, host
from domain.roles import Power

LISTED = 20


@require_GET
@host(Power.MEMBERS)
def page(request: HostRequest) -> HttpResponse:
    """Who was let in, and until when."""
    return _page(request)


@require_POST
@host(Power.MEMBERS)
@fresh
def give(request: HostRequest) -> HttpResponse:
    """Make a code, and show it this once."""
    return _page(request, support.give(request.org, request.user, timezone.now()))


@require_POST
@host(Power.MEMBERS)
def end(request: HostRequest) -> HttpResponse:
    """Let support in no more."""
    if support.end(request.org, timezone.now()):
        messages.success(request, _("Support can't look any more."))
    return redirect("support")


def _page(request: HostRequest, code: str = "") -> HttpResponse:
    visits = SupportVisit.objects.of(request.org).select_related("operator").order_by("-given_at", "-pk")
    context = {
        "nav": "account",
        "code": code,
        "open": visits.open(timezone.now()).first(),
        "visits": visits[:LISTED],
    }
    return render(request, "support.html", context)
