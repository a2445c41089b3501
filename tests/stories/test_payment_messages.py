import json
import time
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from properties.models import Property
from simulator.stripe_delivery import signature
from simulator.stripe_keys import DEMO_WEBHOOK_SECRET
from tests import tills
from tests.tills import Till
from upsells.models import Payment, PayoutAccount, Purchase, StripeEvent

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_S = 20


def message(number: int = 1, kind: str = "checkout.session.completed", **thing: object) -> bytes:
    body = {"object": "checkout.session", "id": "cs_test_1", **thing}
    event = {"id": f"evt_{number}", "type": kind, "account": tills.ACCOUNT, "data": {"object": body}}
    return json.dumps(event).encode()


def post(client: Client, body: bytes, header: str | None = None) -> int:
    now = int(timezone.now().timestamp())
    header = signature(body, now, DEMO_WEBHOOK_SECRET) if header is None else header
    answer = client.post(
        reverse("stripe-events"), body, content_type="application/json", headers={"Stripe-Signature": header}
    )
    return answer.status_code


def test_a_signed_message_makes_its_payment_due_and_is_kept_once(client: Client, payment: Payment) -> None:
    Payment.objects.update(check_at=None)
    body = message(client_reference_id=payment.public_id)
    assert [post(client, body) for _ in range(3)] == [200, 200, 200]
    assert StripeEvent.objects.get().about == "cs_test_1"
    payment.refresh_from_db()
    assert payment.check_at
    assert payment.state == "open"  # what the message says isn't believed


@pytest.mark.parametrize(
    "about", [{"id": "SESSION"}, {"payment_intent": "pi_9"}, {"metadata": {"reference": "PUBLIC"}}]
)
def test_a_message_finds_its_payment_by_any_of_its_names(
    client: Client,
    payment: Payment,
    about: dict[str, object],
) -> None:
    Payment.objects.update(check_at=None, intent_id="pi_9")
    text = json.dumps(about).replace("SESSION", payment.session_id).replace("PUBLIC", payment.public_id)
    assert post(client, message(**json.loads(text))) == 200
    assert Payment.objects.exclude(check_at=None).exists()


def test_a_message_of_another_account_touches_nothing(client: Client, payment: Payment) -> None:
    Payment.objects.update(check_at=None, account="acct_other")
    assert post(client, message(client_reference_id=payment.public_id)) == 200
    assert not Payment.objects.exclude(check_at=None).exists()


def test_a_message_that_is_not_signed_by_us_or_too_old_or_too_long_is_refused(
    client: Client,
    payment: Payment,
    settings: Settings,
) -> None:
    body, now = message(), int(timezone.now().timestamp())
    assert post(client, body, "") == 400
    assert post(client, body, signature(body, now, "whsec_other")) == 400
    assert post(client, body + b" ", signature(body, now, DEMO_WEBHOOK_SECRET)) == 400
    assert post(client, body, signature(body, now - 600, DEMO_WEBHOOK_SECRET)) == 400
    huge = b"{" + b" " * 256 * 1024 + b"}"
    assert post(client, huge) == 413
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", DEMO_WEBHOOK_SECRET]
    assert post(client, body) == 200
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert post(client, body) == 400
    assert StripeEvent.objects.count() == 1


def test_a_message_about_the_hosts_account_makes_it_due(client: Client, till: Till) -> None:
    assert post(client, message(kind="account.updated", object="account", id=tills.ACCOUNT)) == 200
    assert PayoutAccount.objects.get().check_at


def wait_until(found: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not found():
        assert time.monotonic() < give_up
        time.sleep(0.1)


@pytest.mark.parametrize("kind", ["none", "doubled", "reordered", "late"])
def test_a_message_over_the_wire_leads_to_a_booking_however_it_comes(
    live_server: LiveServer,
    home: Property,
    payment: Payment,
    till: Till,
    kind: str,
) -> None:
    till.options(webhook_url=f"{live_server.url}/stripe/events/")
    Payment.objects.update(check_at=None)
    if kind != "none":
        till.fault(kind, count=3, seconds=1)
    till.pay(payment)
    wait_until(lambda: Payment.objects.exclude(check_at=None).exists())
    assert tills.work(payment, till).state == Purchase.State.CONFIRMED
    assert tills.disagreements(home, till) == []
    till.options(webhook_url="none")
