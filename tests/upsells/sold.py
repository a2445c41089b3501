"""What guests bought, put straight into the state that a test needs."""

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from calendars.models import date_range
from domain.spans import Period
from tests import cast
from tests.upsells.pages import DEPARTURE, a_purchase, instants
from upsells.models import Payment, Purchase, StayLink


def some_hours(link: StayLink, state: str = "confirmed", **columns: object) -> Purchase:
    begins = link.property.house.instant(DEPARTURE, link.property.check_out)
    values = {
        "kind": "late_check_out",
        "nights": date_range(None),
        "period": instants(Period(begins, begins + timedelta(hours=2))),
        "amount": 3_000,
        "lines": [["hours", 2_800, "", ""], ["tax", 200, "", "City tax"]],
        **columns,
    }
    return a_purchase(link, state, **values)


def a_payment(purchase: Purchase, state: str = "captured", **columns: object) -> Payment:
    values = {"captured": purchase.amount, "created_at": cast.NOW, "card": "Visa ···· 4242", **columns}
    return Payment.objects.create(
        organization_id=purchase.organization_id, purchase=purchase, account="acct_1", amount=purchase.amount,
        state=state, **values,
    )  # fmt: skip


def asked_of_the_database(alices: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert alices.get(path).status_code == 200
    return len(queries)
