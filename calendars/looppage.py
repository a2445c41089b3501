"""The loop check on the Connections tab: its card, asked for again while the check runs, and its two buttons."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.tenancy import HostRequest, get_or_404, host
from calendars import ledger, loopcard, loops, tasks
from calendars.models import Feed
from connectors.broker import hint
from domain.roles import Power
from properties.models import Property

CARD = "calendars/_loop.html"


def _property(request: HostRequest, public_id: str) -> Property:
    return get_or_404(Property.objects.all(), request, public_id=public_id)


def _answer(request: HostRequest, home: Property) -> HttpResponse:
    """The card alone for htmx, else the tab at the card."""
    if not request.htmx:
        return redirect(reverse("calendars:connections", args=[home.public_id]) + "#loop-check")
    return render(request, CARD, {"property": home, "loop": loopcard.shown(home, timezone.now())})


@require_GET
@host(Power.CONNECT)
def card(request: HostRequest, public_id: str) -> HttpResponse:
    """How the check stands now."""
    return _answer(request, _property(request, public_id))


@require_POST
@host(Power.CONNECT)
def start(request: HostRequest, public_id: str) -> HttpResponse:
    """Begin a check, unless one runs; every calendar is read at once in the background."""
    home = _property(request, public_id)
    with ledger.changing(home, timezone.now()) as change:
        loops.start(change)
    feeds = Feed.objects.of(request.org).reading().filter(property=home)
    hint(tasks.read_now, list(feeds.values_list("pk", flat=True)))
    return _answer(request, home)


@require_POST
@host(Power.CONNECT)
def end(request: HostRequest, public_id: str) -> HttpResponse:
    """End the check that runs; what was found stays."""
    home = _property(request, public_id)
    check = loops.latest(home)
    if check and check.ended_at is None:
        with ledger.changing(home, timezone.now()) as change:
            loops.end(change, check)
    return _answer(request, home)
