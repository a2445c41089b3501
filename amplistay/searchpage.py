"""The search of a host's own things: a page, and the same answers in the palette that Ctrl-K opens."""

from dataclasses import replace
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import resolve
from django.utils import timezone
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from accounts.models import Membership
from accounts.tenancy import HostRequest, host
from amplistay import searching
from domain.roles import Power
from domain.search import LONGEST
from properties.models import Property

IN_PALETTE, ON_PAGE = 5, 20  # of each kind


@require_GET
@vary_on_headers("HX-Request")
@host(Power.GUESTS)
def page(request: HostRequest) -> HttpResponse:
    """What answers `q`, by kind; the palette gets the list alone, and, asked nothing, where people go most."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    is_palette = bool(request.htmx)
    most = IN_PALETTE if is_palette else ON_PAGE
    today = timezone.now().astimezone(Property.objects.of(request.org).active().usual_zone()).date()
    groups = searching.find(request.org, text, today, most) if text else searching.first_places(ON_PAGE)
    groups = [group for each in groups if (group := _open(each, request.membership)).hits]
    context = {
        "q": text,
        "groups": groups,
        "count": sum(len(group.hits) for group in groups),
        "longest": LONGEST,
        "today": today,
    }
    return render(request, "search.html#options" if is_palette else "search.html", context)


def _open(group: searching.Group, member: Membership) -> searching.Group:
    """The group without the pages that the member may not open."""
    return replace(group, hits=[hit for hit in group.hits if _may_open(hit.href, member)])


def _may_open(href: str, member: Membership) -> bool:
    power = getattr(resolve(urlsplit(href).path).func, "power", None)
    return power is None or member.may(power)
