"""The list of homes: how each stands, and where to go on."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.tenancy import HostRequest, host, together
from amplistay.homelines import lines
from domain.roles import Power
from properties.models import Property


@require_GET
@host(Power.GUESTS)
@together
def page(request: HostRequest) -> HttpResponse:
    """All properties of the organization, archived ones last."""
    rows = list(Property.objects.of(request.org).order_by("name", "pk"))
    homes = [row for row in rows if row.archived_at is None]
    context = {
        "lines": list(lines(request.org, homes, timezone.now())),
        "archived": [row for row in rows if row.archived_at],
    }
    return render(request, "properties/list.html", context)
