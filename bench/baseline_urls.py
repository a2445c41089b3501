"""The product's addresses and two more: bare views that answer a link's or a page's very bytes from memory."""

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.urls import path

from amplistay.urls import urlpatterns as product
from calendars.models import ExportLink
from upsells import planner

kept: list[bytes] = []


@cache
def bodies() -> dict[str, bytes]:
    """Every link's bytes; read once, before anything is timed."""
    return {name: bytes(body) for name, body in ExportLink.objects.values_list("public_id", "body")}


def bare(_request: HttpRequest, public_id: str) -> HttpResponse:
    """The least that Django can do to send these bytes."""
    return HttpResponse(bodies()[public_id], content_type="text/calendar; charset=utf-8")


def bare_calendar(request: HttpRequest) -> HttpResponse:
    """The least that Django can do to send the calendar of all homes, as it was when first asked for."""
    if not kept:
        kept.append(planner.page(request).content)
    return HttpResponse(kept[0])


urlpatterns = [
    path("bare/calendar/", bare_calendar),
    path("bare/<slug:public_id>.ics", bare),
    *product,
]
