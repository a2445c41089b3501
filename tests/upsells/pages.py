"""The guest's steps, as the tests take them."""

from datetime import timedelta
from html import unescape
from typing import Any

from django.test import Client
from django.urls import reverse

from calendars.models import date_range
from tests import cast
from upsells.models import Purchase, StayLink

DEPARTURE = cast.TODAY + timedelta(days=3)  # Friday 4 December 2026
NIGHTLY = 9_900
OTHER_GUEST = "Emily Clark of Leeds"


def address(link: StayLink) -> str:
    return reverse("guest:stay", args=[link.token])


def page_of(purchase: Purchase) -> str:
    return reverse("guest:purchase", args=[purchase.stay_link.token, purchase.public_id])


def text(answer: Any) -> str:
    return unescape(answer.content.decode())


def look(client: Client, link: StayLink, departure: object = DEPARTURE) -> Any:
    return client.get(address(link), {"departure": str(departure)})


def choose(client: Client, link: StayLink, choice: str = f"2:{2 * NIGHTLY}", day: object = DEPARTURE) -> Any:
    return client.post(address(link), {"departure": str(day), "choice": choice})


def a_purchase(link: StayLink, state: str = "held", **columns: object) -> Purchase:
    """A purchase of the two nights after the stay, put straight into a state."""
    asked = {} if state in {"held", "lapsed"} else {"requested_at": cast.NOW, "guest_name": "Marta Puig"}
    values = {"held_until": cast.NOW + timedelta(minutes=10), "created_at": cast.NOW, **asked, **columns}
    return Purchase.objects.create(
        organization_id=link.organization_id,
        property=link.property,
        stay_link=link,
        state=state,
        nights=date_range(cast.nights(3, 2)),
        amount=2 * NIGHTLY,
        currency="EUR",
        **values,
    )
