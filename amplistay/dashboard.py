"""The host's Home: what needs them, who comes and leaves, what was sold, and how the calendars are read.

A fixed number of queries, however many homes, calendars and sales there are.
"""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.statements import Given, Statement
from accounts.tenancy import HostRequest, host, together
from amplistay.channelhealth import health
from amplistay.firststeps import first_steps
from amplistay.takings import takings
from amplistay.urgent import urgent
from domain.roles import Power
from properties.models import Property, zones_of
from upsells.doorstep import days
from upsells.models import Purchase

LATEST = 5  # sales
MOST_HOMES = 8  # listed by name
HIDDEN = "steps-hidden"  # the cookie's name; it holds the organization whose steps are hidden in this browser
A_YEAR_S = 365 * 24 * 60 * 60
SOLD = (Purchase.State.CONFIRMED, Purchase.State.CANCELLED)


def _latest() -> QuerySet[Purchase]:
    rows = Purchase.objects.of(Given("org")).filter(state__in=SOLD)
    return rows.select_related("property").order_by("-created_at", "-pk")[:LATEST]


_HOMES = Statement(lambda: Property.objects.of(Given("org")).order_by("name", "pk"))
_LATEST = Statement(_latest)


@host(Power.GUESTS)
@together
def dashboard(request: HostRequest) -> HttpResponse:
    """Home."""
    now = timezone.now()
    every = _HOMES(org=request.org.pk)
    homes = [home for home in every if home.archived_at is None]
    channels = health(request.org, homes, now)
    latest = _LATEST(org=request.org.pk)
    steps = first_steps(request.org, homes, channels, has_sold=bool(latest))
    context = {
        "homes": homes,
        "few_homes": homes[:MOST_HOMES],
        "health": channels,
        "urgent": urgent(
            request.org, now, health=channels if request.membership.may(Power.CONNECT) else None
        ),
        "days": days(request.org, homes, now, feeds=[feed for feed, _state in channels.feeds]),
        "takings": takings(request.org, every, now) if every else [],
        "sales": [sale for sale in latest if sale.state == Purchase.State.CONFIRMED],
        "steps": steps,
        "is_hidden": bool(homes) and request.COOKIES.get(HIDDEN) == request.org.public_id,
    }
    zones = zones_of(homes)
    with timezone.override(zones[0]):
        return render(request, "home.html", context | {"zones": zones})


@require_POST
@host(Power.SET_UP)
def show_steps(request: HostRequest) -> HttpResponse:
    """Hide the first steps in this browser, or, asked to, show them again."""
    answer = redirect("home")
    if "again" in request.POST:
        answer.delete_cookie(HIDDEN)
    else:
        answer.set_cookie(
            HIDDEN,
            request.org.public_id,
            max_age=A_YEAR_S,
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    return answer
