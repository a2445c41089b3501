"""Pages for everybody, and what robots ask for. Only the status page asks the database."""

from collections.abc import Callable
from datetime import timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from accounts.showing import shown
from billing import plans
from calendars import systems
from calendars.models import FeedRead
from domain import billing as rules
from pages import example, guides
from pages.vitals import vitals

EXPIRES = timedelta(days=90)
RETRY_AFTER_S = "30"
PLAIN = "text/plain; charset=utf-8"
FRAMED: dict[str, Any] = settings.SECURE_CSP | {"frame-ancestors": [CSP.SELF]}
INDEXED = ("how", "pricing", "help", "escapia", "status", "terms", "privacy")
MIRROR_EVERY = timedelta(minutes=5)
A_DAY = timedelta(days=1)
MIRROR: dict[str, Any] = {  # what mirroring a unit costs, in money and in requests
    "price": plans.MIRROR.unit,
    "least": rules.price(plans.MIRROR, 1).total,
    "every": MIRROR_EVERY,
    "a_day": A_DAY // MIRROR_EVERY,
    "a_month": 30 * (A_DAY // MIRROR_EVERY),
}
PROBLEMS = (FeedRead.Outcome.FAILED, FeedRead.Outcome.REFUSED, FeedRead.Outcome.QUARANTINED)


def page(name: str, **context: Any) -> Callable[[HttpRequest], HttpResponse]:
    """A view that shows one page, the same to everybody."""

    @require_safe
    def view(request: HttpRequest) -> HttpResponse:
        return shown(request, f"pages/{name}.html", context)

    return view


def price() -> dict[str, Any]:
    """What a host pays, for the pages that say so."""
    return {
        "host": plans.HOST,
        "mirror": plans.MIRROR,
        "mirror_least": rules.price(plans.MIRROR, 1).total,
        "is_billed": settings.BILLING,
        "fee": settings.STRIPE_FEE_BASIS_POINTS / 100,
    }


def _often() -> dict[str, Any]:
    """How often a calendar is read, and while a guest is looking, where that is oftener."""
    usual, quick = settings.POLL_INTERVAL, settings.POLL_INTERVAL_QUICK
    return {"interval": usual, "quick": quick if quick < usual else None}


def _waits() -> dict[str, Any]:
    """How long a night stays closed that a site lists no more: one of few, and one of many."""
    return {"wait": settings.REMOVAL_WAIT, "wait_long": settings.REMOVAL_WAIT_LONG}


def landing(request: HttpRequest) -> HttpResponse:
    """What Amplistay is, for somebody who isn't logged in."""
    return shown(request, "landing.html", price() | _waits())


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """What it costs."""
    return shown(request, "pages/pricing.html", price())


@require_safe
def escapia(request: HttpRequest) -> HttpResponse:
    """How calendars at Escapia become calendar links, how to join, and what it costs."""
    return shown(request, "pages/escapia.html", MIRROR | {"request_text": systems.REQUEST})


@xframe_options_sameorigin
@csp_override(FRAMED)
@require_safe
def guest_page(request: HttpRequest) -> HttpResponse:
    """The guest's page as it really is, of a stay that exists nowhere; the landing page shows it in a frame."""
    return shown(request, "pages/example.html", example.stay(timezone.now(), _("Home by the sea")))


@require_safe
def channels(request: HttpRequest) -> HttpResponse:
    """Help: the channels, and the questions that hosts ask."""
    groups = {name: [guides.GUIDES[key] for key in keys] for name, keys in guides.BY_KIND.items()}
    return shown(request, "pages/help.html", {"groups": groups, **_often(), **_waits()})


@require_safe
def channel(request: HttpRequest, key: str) -> HttpResponse:
    """Help for one channel. Raises Http404 for one without a page."""
    if key not in guides.GUIDES:
        raise Http404
    others = [guide for name, guide in guides.GUIDES.items() if name != key]
    found = guides.GUIDES[key]
    return shown(request, "pages/channel.html", {"guide": found, "channel": found.channel, "others": others})


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """How the service is doing; 503 in the brand while the database is away."""
    try:
        figures = vitals(timezone.now())
    except DatabaseError:
        answer = render(request, "pages/away.html", status=503)
        answer["Retry-After"] = RETRY_AFTER_S
        return answer
    reads = [(FeedRead.Outcome(key), count, key in PROBLEMS) for key, count in figures.reads.items()]
    context = {
        "vitals": figures,
        "reads": reads,
        "all_reads": sum(figures.reads.values()),
        "is_late": figures.overdue is not None and figures.overdue > settings.ALERT_AFTER,
        **_often(),
        "pause": figures.pause if figures.pause and figures.pause <= settings.ALERT_AFTER else None,
    }
    return shown(request, "pages/status.html", context)


# For robots


@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    """Nothing is forbidden by it, for programs that read calendars obey it too; pages that aren't for search engines
    say `noindex` themselves, which a robot only sees where it may look.
    """
    maps = [f"Sitemap: {settings.SITE_URL}{reverse(name)}" for name in ("sitemap", "directory:sitemap")]
    lines = ["User-agent: *", "Disallow:", *maps, ""]
    return HttpResponse("\n".join(lines), content_type=PLAIN)


@require_safe
def sitemap(_request: HttpRequest) -> HttpResponse:
    """The pages for everybody (sitemaps.org, protocol 0.9)."""
    paths = ["/", *(reverse(f"pages:{name}") for name in INDEXED)]
    paths += [reverse("pages:channel", args=[key]) for key in guides.GUIDES]
    paths.append(reverse("directory:join"))
    urls = "".join(f"<url><loc>{settings.SITE_URL}{path}</loc></url>" for path in paths)
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>\n'
    return HttpResponse(body, content_type="application/xml")


@require_safe
def security(_request: HttpRequest) -> HttpResponse:
    """Whom to tell about a weakness (RFC 9116)."""
    expires = (timezone.now() + EXPIRES).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en, es, fr, de, it, pt",
        f"Canonical: {settings.SITE_URL}{reverse('security')}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type=PLAIN)


@require_safe
def favicon(_request: HttpRequest) -> HttpResponse:
    """On to the icon, for programs that know no other address of it."""
    return HttpResponsePermanentRedirect(static("favicon.ico"))
