"""The page of a stay link: both sides of one stay that may still change, and no other day.

And the parts it shares with the page that asks for a day: how choices are grouped, and when two shelves look the same.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from domain.channels import site_name
from domain.offers import Kind, Mode
from domain.spans import Span
from upsells import shelves
from upsells.forms import MOST_PERSONS
from upsells.models import Purchase, StayLink
from upsells.shelves import KINDS, Choice, Nothing, Shelf, Side, Stay

NOTHING_NEW = 204
DAYS = {Side.LEAVING: "departure", Side.ARRIVING: "arrival"}
USUAL_PERSONS = 2


@dataclass(frozen=True, slots=True)
class Group:
    """The choices of one kind, and how they are bought: `asks` the host first, paid as `collection` says.

    `day` is the check-out or check-in day that they change.
    """

    kind: Kind
    choices: list[Choice]
    asks: bool
    collection: str
    day: date


def groups(shelf: Shelf, channel: str) -> list[Group]:
    """The choices by what is sold, and how each kind is bought."""
    found = ((kind, shelf.of(kind)) for kind in KINDS[shelf.stay.side])
    return [
        Group(
            kind,
            choices,
            choices[0].mode is Mode.APPROVAL,
            shelf.collection(kind, channel),
            shelf.stay.day,
        )
        for kind, choices in found
        if choices
    ]


def digest(*shown: Shelf) -> str:
    """Two pages with the same digest look the same to a guest."""
    told = [
        (
            shelf.why,
            [(choice.quote.key, choice.quote.price.total.amount, choice.mode) for choice in shelf.choices],
        )
        for shelf in shown
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def posted(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a choice on this page says of the stay, which names both days: the day on the choice's own side."""
    kind = str(data.get("choice", "")).partition("-")[0]
    side = Side.ARRIVING if kind in KINDS[Side.ARRIVING] else Side.LEAVING
    return {DAYS[side]: data.get(DAYS[side], ""), "persons": data.get("persons", "")}


def is_own(link: StayLink, stay: Stay) -> bool:
    """Whether it is the link's own stay as it is now; the row must come `with_sold`."""
    nights = link.stay
    if nights is None or link.is_gone:
        return False
    return stay.day == (nights.end if stay.side is Side.LEAVING else nights.start)


def page(request: HttpRequest, link: StayLink, own: Purchase | None, status: int = 200) -> HttpResponse:
    """What the guest of this stay can still buy, after it and before it; or that no such stay is known."""
    nights = link.stay
    if nights is None or link.is_gone:
        context: dict[str, object] = {"link": link, "property": link.property, "own": own}
        return render(request, "guest/no_stay.html", context, status=status)
    now, persons = timezone.now(), _persons(request)
    leaving, arriving = shelves.shelves_of(link.property, nights, persons, now, link.channel)
    to_come = now < link.property.house.instant(nights.start, link.property.check_in)
    shown = (leaving, arriving) if to_come else (leaving,)
    seen = f"{digest(*shown)}{nights.start:%j}{nights.end:%j}"
    refreshes = bool(request.htmx) and request.method == "GET"  # type: ignore[attr-defined]  # django-htmx sets it
    if refreshes and request.GET.get("seen") == seen:
        return HttpResponse(status=NOTHING_NEW)
    found = [group for shelf in shown for group in groups(shelf, link.channel)]
    context = {
        "link": link,
        "property": link.property,
        "own": own,
        "seen": seen,
        "refreshes": refreshes,
        "leaving": True,
        "nights": nights,
        "persons": persons,
        "asks_persons": any(tax.per_person for tax in link.property.tax_rules),
        "most_persons": MOST_PERSONS,
        "shelf": leaving,
        "stay": leaving.stay,
        "why": _why(shown),
        "groups": found,
        "last": found[0].choices[-1].quote if found else None,
        "site": site_name(link.channel),
        **_times(link, nights),
    }
    template = "guest/own.html" + ("#shelf" if refreshes else "")
    return render(request, template, context, status=status)


def _persons(request: HttpRequest) -> int:
    """How many stay, as the guest says; two where they say nothing that can be."""
    text = (request.POST if request.method == "POST" else request.GET).get("persons", "")
    count = int(text) if text.isascii() and text.isdigit() and len(text) < len("1000") else 0
    return count if 1 <= count <= MOST_PERSONS else USUAL_PERSONS


def _why(shown: Iterable[Shelf]) -> str:
    """Why nothing is offered, by the day of leaving; "" where something is."""
    found = list(shown)
    if any(shelf.choices for shelf in found):
        return ""
    whys = [shelf.why for shelf in found]
    return next((why.value for why in whys if why and why is not Nothing.OFF), Nothing.OFF.value)


def _times(link: StayLink, nights: Span) -> dict[str, datetime]:
    """When the guest comes and leaves, with the hours that they bought."""
    house = link.property.house
    comes, leaves = house.instant(nights.start, house.check_in), house.instant(nights.end, house.check_out)
    sold = link.sold_hours
    return {
        "comes": next((hours.start for hours in sold if hours.end == comes), comes),
        "leaves": next((hours.end for hours in sold if hours.start == leaves), leaves),
    }
