"""The guest's steps, as the tests take them."""

from datetime import timedelta
from html import unescape
from typing import Any

from django.test import Client
from django.urls import reverse
from psycopg.types.range import TimestamptzRange

from calendars.models import date_range
from domain.spans import Period
from tests import cast
from upsells.models import Purchase, StayLink

DEPARTURE = cast.TODAY + timedelta(days=3)  # Friday 4 December 2026
NIGHTLY = 9_900
HOURLY = 1_500
OTHER_GUEST = "Emily Clark of Leeds"
TWO_NIGHTS = f"extra_nights-2:{2 * NIGHTLY}"


def address(link: StayLink) -> str:
    return reverse("guest:stay", args=[link.token])


def page_of(purchase: Purchase) -> str:
    return reverse("guest:purchase", args=[purchase.stay_link.token, purchase.public_id])


def text(answer: Any) -> str:
    return unescape(answer.content.decode())


def look(client: Client, link: StayLink, departure: object = DEPARTURE, **query: object) -> Any:
    named = {} if "arrival" in query else {"departure": str(departure)}
    return client.get(address(link), {**named, **{name: str(value) for name, value in query.items()}})


def choose(
    client: Client, link: StayLink, choice: str = TWO_NIGHTS, day: object = DEPARTURE, **stay: object
) -> Any:
    named = {} if "arrival" in stay else {"departure": str(day)}
    return client.post(address(link), {**named, "choice": choice, **stay})


def a_purchase(link: StayLink, state: str = "held", **columns: object) -> Purchase:
    """A purchase of the two nights after the stay, put straight into a state."""
    asked = {} if state in {"held", "lapsed"} else {"requested_at": cast.NOW, "guest_name": "Marta Puig"}
    answer = {"answer_by": cast.NOW + timedelta(hours=20)} if state == "asked" else {}
    nights = cast.nights(3, 2)
    values = {
        "held_until": cast.NOW + timedelta(minutes=10),
        "created_at": cast.NOW,
        "day": DEPARTURE,
        "nights": date_range(nights),
        "period": instants(link.property.house.stay(nights)),
        "amount": 2 * NIGHTLY,
        **asked,
        **answer,
        **columns,
    }
    return Purchase.objects.create(
        organization_id=link.organization_id,
        property=link.property,
        stay_link=link,
        state=state,
        currency="EUR",
        **values,
    )


def instants(period: Period) -> TimestamptzRange:
    """The period as PostgreSQL holds it."""
    return TimestamptzRange(period.start, period.end, "[)")
