"""Stripe's messages about what hosts pay: forged, doubled, late, out of order, lost."""

import json
import time
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Organization
from billing.models import Invoice, Subscription
from domain.billing import Standing
from simulator.stripe_delivery import signature
from simulator.stripe_keys import DEMO_BILLING_SECRET, DEMO_WEBHOOK_SECRET
from tests.billing.desk import Desk, give_card, homes, subscribed

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_S = 20


def message(account: str = "", **thing: object) -> bytes:
    body = {"object": "subscription", "id": "sub_unknown", **thing}
    event = {"id": "evt_1", "type": "customer.subscription.updated", "data": {"object": body}}
    return json.dumps(event | ({"account": account} if account else {})).encode()


def post(client: Client, body: bytes, secret: str = DEMO_BILLING_SECRET, age: int = 0) -> int:
    header = signature(body, int(timezone.now().timestamp()) - age, secret)
    answer = client.post(
        reverse("stripe-billing-events"),
        body,
        content_type="application/json",
        headers={"Stripe-Signature": header},
    )
    return answer.status_code


@pytest.fixture
def row(desk: Desk, alices: Client, organization: Organization) -> Subscription:
    """Subscribed, and not due."""
    return subscribed(desk, alices, organization)


def is_due(desk: Desk) -> bool:
    return Subscription.objects.due(desk.now).exists()


def test_a_message_makes_its_subscription_due_by_any_of_its_names(
    client: Client, desk: Desk, row: Subscription
) -> None:
    names = (
        {"customer": row.customer},
        {"id": row.stripe_id},
        {"id": row.customer, "object": "customer"},
        {"metadata": {"reference": row.public_id}},
    )
    for about in names:
        assert not is_due(desk)
        assert post(client, message(**about)) == 200
        assert is_due(desk), about
        desk.work(row.organization)


def test_what_a_message_says_is_not_believed(client: Client, desk: Desk, row: Subscription) -> None:
    body = message(customer=row.customer, status="canceled")
    assert [post(client, body) for _ in range(3)] == [200, 200, 200]
    assert desk.work(row.organization).standing(desk.now) is Standing.TRIAL


def test_a_message_that_is_forged_old_long_or_of_the_other_endpoint_is_refused(
    client: Client, desk: Desk, row: Subscription, settings: Settings
) -> None:
    body = message(customer=row.customer)
    assert post(client, body, "whsec_other") == 400
    assert post(client, body, DEMO_WEBHOOK_SECRET) == 400
    assert post(client, body, age=600) == 400
    assert post(client, b"{" + b" " * 256 * 1024 + b"}") == 413
    settings.STRIPE_BILLING_WEBHOOK_SECRETS = []
    assert post(client, body) == 400
    assert not is_due(desk)


def test_a_message_of_a_hosts_own_account_is_about_nothing_here(
    client: Client, desk: Desk, row: Subscription
) -> None:
    assert post(client, message("acct_host", customer=row.customer)) == 200
    assert not is_due(desk)


def wait_until(found: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not found():
        assert time.monotonic() < give_up
        time.sleep(0.1)


@pytest.mark.parametrize("kind", ["none", "doubled", "reordered", "late"])
def test_over_the_wire_it_comes_to_the_same_however_messages_come(
    live_server: LiveServer, desk: Desk, alices: Client, organization: Organization, kind: str
) -> None:
    homes(organization, 3)
    desk.work(organization)
    url = f"{live_server.url}/stripe/billing/"
    desk.simulator.call("POST", "/api/stripe/options", billing_webhook_url=url).raise_for_status()
    if kind != "none":
        desk.fault(kind, count=4, seconds=1)
    give_card(alices)
    wait_until(lambda: is_due(desk))
    row = desk.work(organization)
    assert (row.standing(desk.now), row.told_units, Invoice.objects.count()) == (Standing.TRIAL, 2, 1)


def test_with_every_message_lost_a_look_hears_it_all(
    desk: Desk, alices: Client, organization: Organization
) -> None:
    homes(organization, 2)
    desk.work(organization)
    desk.fault("lost")
    give_card(alices)
    desk.later(hours=7)
    assert desk.work(organization).is_live
