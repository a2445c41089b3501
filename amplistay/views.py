"""The front door, health, and the style guide."""

from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from accounts.tenancy import membership_of
from amplistay import home_samples, purchase_samples, samples
from amplistay.dashboard import dashboard
from calendars import history
from calendars.forms import FeedForm
from calendars.models import Alert, Feed, FeedRead
from calendars.sentences import LOST, advice, headline, listing_page, problem, status
from domain.roles import Power
from pages.views import landing
from properties.models import Property

RECENT = timedelta(days=30)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What needs the host, when to clean for whoever cleans, or what Amplistay is for whoever isn't logged in."""
    if not request.user.is_authenticated:
        return landing(request)
    member = membership_of(request)
    if member and member.may(Power.CALENDAR) and not member.may(Power.GUESTS):
        return redirect("turnovers")
    return dashboard(request)


# Links alone: units of other systems may wait until their keys, or a new day's requests, are there.
OLDEST_DUE = """SELECT max(now() - next_poll_at) FROM calendars_feed
                WHERE paused_at IS NULL AND connection_id IS NULL"""


@require_safe
def health(_request: HttpRequest) -> HttpResponse:
    """200 while the process and its database answer; 503 otherwise."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(OLDEST_DUE)
            overdue = cursor.fetchone()[0]
    except DatabaseError:
        return JsonResponse({"database": "away"}, status=503, headers={"Retry-After": "10"})
    seconds = max(overdue.total_seconds(), 0) if overdue else 0
    return JsonResponse({"database": "ok", "oldest_due_feed_s": round(seconds, 1)})


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every state."""
    now = timezone.now()
    home, feed = Property(name="Casa Gràcia", time_zone="Europe/Madrid"), Feed(channel="vrbo", held_nights=3)
    nights = {"feed": "Vrbo", "nights": 3, "first": "Airbnb", "second": "", "link": "Vrbo"}
    days = {"arrival": "2026-12-30", "departure": "2027-01-01"}
    since = {"since": (now - timedelta(days=2)).isoformat()}
    system = {"account": "Escapia", "system": "Escapia", "reason": "Unit 12 is closed."}
    alerts = [
        Alert(kind=kind, property=home, feed=feed, details=nights | days | since | system, opened_at=now)
        for kind in Alert.Kind.values[::-1]
    ]
    reads, sample = _sample_reads(now), samples.offers(now)
    context = {
        "may": dict.fromkeys([*map(str, Power), "everywhere"], True),
        "undoable": samples.deeds(),
        "needs": len(alerts),
        "zones": [home.time_zone, "America/New_York"],
        "alerts": [(alert, headline(alert), advice(alert)) for alert in alerts],
        "chart": history.drawn(reads, now),
        "lines": [history.line(read) for read in reversed(reads)],
        "feed_form": FeedForm(),
        "sample": sample,
        "start": home_samples.samples(sample["property"], now),
        "bought": purchase_samples.purchases(sample["property"], sample["link"], now),
    }
    with timezone.override(home.house.zone):
        return render(request, "styleguide.html", context)


def _sample_reads(now: datetime) -> list[FeedRead]:
    """One line of each outcome, the oldest first."""
    trouble = status(404, "www.vrbo.com")
    told = {"closed": [["2026-12-12", "2026-12-15"]], "held": [["2026-12-28", "2026-12-30"]]}
    rows: list[dict[str, Any]] = [
        {"outcome": "changed", "closed": 12, "closed_nights": 12},
        {"outcome": "unchanged", "times": 23, "closed_nights": 12},
        {"outcome": "failed", "status": 404, "problem": trouble, "closed_nights": 12},
        {"outcome": "changed", "closed": 3, "held": 2, "nights": told, "closed_nights": 15},
        {"outcome": "refused", "problem": listing_page("Vrbo"), "closed_nights": 15},
        {"outcome": "unchanged", "closed_nights": 9},
        {"outcome": "quarantined", "problem": problem(LOST), "closed_nights": 9},
    ]
    each = RECENT / len(rows)
    starts = [now - RECENT + number * each for number in range(len(rows))]
    return [
        FeedRead(at=at, until=at + each * 0.8, milliseconds=212, **{"status": 200, **row})
        for at, row in zip(starts, rows, strict=True)
    ]
