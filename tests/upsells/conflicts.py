"""A sale that a booking elsewhere falls into, and the page where a host settles that."""

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from calendars import ledger
from calendars.models import Alert, ExportLink, Feed, date_range
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.upsells.pages import a_purchase, instants, text
from upsells.models import Purchase, StayLink

VRBO = "https://www.vrbo.com/icalendar/1.ics"
NIGHTS = cast.nights(3, 3)
FREE, WANTED = cast.nights(3, 2), cast.nights(5, 2)
LINES = [["night", 10_000, "2026-12-04", ""], ["night", 12_000, "2026-12-05", ""],
         ["night", 8_000, "2026-12-06", ""], ["tax", 3_000, "", "VAT"]]  # fmt: skip


def a_sale(link: StayLink, nights: Span = NIGHTS, **columns: Any) -> Purchase:
    """A confirmed sale of these nights, in the ledger and as a purchase."""
    home = link.property
    values = {"lines": LINES, "amount": 33_000, "guest_email": "marta+1@example.org", "decided_at": cast.NOW}
    sale = a_purchase(
        link,
        "confirmed",
        **values | {"nights": date_range(nights), "period": instants(home.house.stay(nights))} | columns,
    )
    with ledger.changing(home, cast.NOW) as change:
        hours = None if sale.is_nightly else sale.takes
        ledger.hold(change, nights, hours=hours, until=cast.NOW, reference=sale.public_id)
        ledger.confirm(change, sale.public_id)
    return Purchase.objects.get(pk=sale.pk)


def the_alert() -> Alert:
    return Alert.objects.filter(kind=Alert.Kind.CONFLICT).latest("pk")


def page(alert: Alert) -> str:
    return reverse("upsells:conflict", args=[alert.public_id])


def click(client: Client, remedy: str, alert: Alert, **body: Any) -> Any:
    return client.post(reverse(f"upsells:conflict-{remedy}", args=[alert.public_id]), body, follow=True)


def words(answer: Any) -> str:
    """The page's words on one line, without the markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text(answer)))


def is_true(*homes: Property) -> bool:
    """Whether Busy and every export say what the blocks say."""
    call_command("verify_ledger")
    return [ledger.differences(home) for home in homes] == [[] for _ in homes]


@pytest.fixture
def sale(link: StayLink, export: ExportLink) -> Purchase:
    return a_sale(link)


@pytest.fixture
def alert(sale: Purchase, vrbo: Feed) -> Alert:
    """Somebody else has booked the last of the three nights that were sold, and one more."""
    cast.an_import(vrbo, WANTED, summary="Reserved - Ann")
    return the_alert()
