"""The front door, health, and the style guide."""

from datetime import timedelta

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from accounts.tenancy import HostRequest, host
from calendars.models import Feed
from properties.models import Property
from upsells.models import Offer, Purchase

RECENT = timedelta(days=30)


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What needs the host, or what Amplistay is for somebody who isn't logged in."""
    return dashboard(request) if request.user.is_authenticated else render(request, "landing.html")


@host
def dashboard(request: HostRequest) -> HttpResponse:
    """Properties, feeds that need a look, and the latest sales."""
    properties = list(Property.objects.of(request.org).active().order_by("name"))
    feeds = Feed.objects.of(request.org).filter(property__archived_at=None).select_related("property")
    purchases = Purchase.objects.of(request.org).select_related("property").order_by("-created_at")
    offers = Offer.objects.of(request.org).on().filter(property__archived_at=None)
    steps = {
        "property": bool(properties),
        "feeds": bool(feeds),
        "offer": offers.exists(),
        "sale": purchases.filter(state=Purchase.State.CONFIRMED).exists(),
    }
    context = {
        "properties": properties,
        "steps": steps,
        "done": sum(steps.values()),
        "step": next((name for name, done in steps.items() if not done), None),
        "feeds": len(feeds),
        "failing": [feed for feed in feeds.reading() if feed.failures],
        "holding": [feed for feed in feeds if feed.held_nights],
        "sales": purchases.filter(state=Purchase.State.CONFIRMED)[:5],
        "sold": purchases.filter(
            state=Purchase.State.CONFIRMED, created_at__gte=timezone.now() - RECENT
        ).count(),
    }
    return render(request, "home.html", context)


@require_safe
def health(_request: HttpRequest) -> HttpResponse:
    """200 while the process and its database answer; 503 otherwise."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(now() - next_poll_at) FROM calendars_feed WHERE paused_at IS NULL")
            overdue = cursor.fetchone()[0]
    except DatabaseError:
        return JsonResponse({"database": "away"}, status=503, headers={"Retry-After": "10"})
    seconds = max(overdue.total_seconds(), 0) if overdue else 0
    return JsonResponse({"database": "ok", "oldest_due_feed_s": round(seconds, 1)})


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every state."""
    return render(request, "styleguide.html")
