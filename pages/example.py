"""An example of a guest's page: a stay that exists nowhere, its offers reckoned and worded by the real rules."""

from datetime import datetime, time
from typing import Any

from accounts.models import Organization
from domain.diary import Diary, Taken
from domain.offers import Kind, Mode
from domain.spans import NIGHT, Span
from properties.models import Property
from upsells import shelves
from upsells.models import Offer, StayLink
from upsells.ownpage import Group
from upsells.shelves import Choice, Side, Stay

NIGHTS, FREE = 3, 3  # how long the stay is, and how many nights nobody has taken after it
ZONE = "Europe/Madrid"


def stay(now: datetime, name: str) -> dict[str, Any]:
    """What `guest/own.html` shows to a guest who leaves the home of that name on the day after tomorrow."""
    home = _home(name)
    leaves = home.house.today(now) + 2 * NIGHT
    nights = Span(leaves - NIGHTS * NIGHT, leaves)
    following = Span(leaves + FREE * NIGHT, leaves + (FREE + 2) * NIGHT)
    diary = Diary(home.house, (Taken(nights), Taken(following)))
    named = Stay(leaves, Side.LEAVING, 2)
    groups = [
        Group(
            Kind(offer.kind),
            [
                Choice(quote, Mode(offer.mode))
                for quote in shelves.quotes(home, offer, named, diary, now, cleaned=0).quotes
            ],
            asks=False,
            collection=Offer.Collection.PROPERTY.value,
            day=leaves,
        )
        for offer in _offers(home)
    ]
    return {
        "example": True,
        "property": home,
        "link": StayLink(token="example"),  # noqa: S106 - it opens nothing
        "nights": nights,
        "comes": home.house.instant(nights.start, home.check_in),
        "leaves": home.house.instant(nights.end, home.check_out),
        "stay": named,
        "persons": named.persons,
        "leaving": True,
        "groups": groups,
        "last": groups[0].choices[-1].quote,
        "site": "",
    }


def _home(name: str) -> Property:
    return Property(
        organization=Organization(),
        name=name,
        time_zone=ZONE,
        check_in=time(15),
        check_out=time(11),
        turnaround=120,
        currency="EUR",
        nightly_rate=12_000,
    )


def _offers(home: Property) -> tuple[Offer, Offer]:
    """Nights, the longer the cheaper; and hours, each step as the guest likes."""
    nights = Offer(
        property=home, kind=Kind.EXTRA_NIGHTS, currency="EUR", mode=Mode.INSTANT, price=8_900, steps=[[3, 10]]
    )
    hours = Offer(
        property=home,
        kind=Kind.LATE_CHECK_OUT,
        currency="EUR",
        mode=Mode.INSTANT,
        priced_by="per_hour",
        price=1_500,
        most_minutes=120,
    )
    return nights, hours
