"""Guests' cards in the tests: a host's account at the simulated Stripe, its payment page, its faults."""

from dataclasses import dataclass
from typing import Any

import requests
from django.utils import timezone

from accounts.models import Organization
from calendars import ledger
from connectors.stripe_api import Stripe
from properties.models import Property
from simulator.stripe_keys import DEMO_KEY
from tests import cast
from tests.conftest import Simulator
from upsells import checkout, paying, payments
from upsells.models import Offer, Payment, PayoutAccount, Purchase, StayLink

GOOD, DECLINED, ASKS_BANK, SLOW, REFUND_FAILS = (
    "4242424242424242",
    "4000000000000002",
    "4000002500003155",
    "4000000000000200",
    "4000000000005126",
)
ACCOUNT = "acct_alice"


@dataclass(frozen=True, slots=True)
class Till:
    """One simulated Stripe with the account of a host."""

    simulator: Simulator

    @property
    def stripe(self) -> Stripe:
        return Stripe(DEMO_KEY, f"{self.simulator.url}/stripe", 5.0)

    def pay(self, payment: Payment, number: str = GOOD) -> requests.Response:
        """The guest gives a card on Stripe's page."""
        payment.refresh_from_db()
        answer = requests.post(payment.url, data={"number": number}, timeout=10, allow_redirects=False)
        if number == ASKS_BANK:
            self.bank(payment, approves=True)
        return answer

    def bank(self, payment: Payment, *, approves: bool) -> None:
        verdict = "approve" if approves else "refuse"
        requests.post(f"{payment.url}/bank", data={"verdict": verdict}, timeout=10, allow_redirects=False)

    def fault(self, kind: str, **options: object) -> None:
        self.simulator.call("POST", "/api/stripe/fault", kind=kind, **options).raise_for_status()

    def mended(self) -> None:
        self.fault("none")

    def ahead(self, seconds: int) -> None:
        self.simulator.call("POST", "/api/stripe/clock", ahead=seconds).raise_for_status()

    def disconnect(self) -> None:
        """The host takes their account away from the platform."""
        self.simulator.call("POST", "/api/stripe/accounts", id=ACCOUNT, connected=False).raise_for_status()

    def connect(self) -> None:
        """The host gives the platform their account (again)."""
        self.simulator.call("POST", "/api/stripe/accounts", id=ACCOUNT).raise_for_status()

    def options(self, **options: object) -> None:
        self.simulator.call("POST", "/api/stripe/options", **options).raise_for_status()

    def all(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.simulator.call("GET", "/api/stripe/payments").json()["payments"]
        return found

    def told(self) -> list[dict[str, Any]]:
        """Its messages, and how they are doing."""
        found: list[dict[str, Any]] = self.simulator.call("GET", "/api/stripe/events").json()["events"]
        return found

    def of(self, payment: Payment) -> dict[str, Any]:
        """The one payment with this reference, as Stripe has it."""
        (found,) = (each for each in self.all() if each["reference"] == payment.public_id)
        return found


def an_account(organization: Organization, stripe_id: str = ACCOUNT, **columns: object) -> PayoutAccount:
    values = {
        "charges_enabled": True,
        "details_submitted": True,
        "wanted_at": cast.NOW,
        "checked_at": cast.NOW,
    }
    return PayoutAccount.objects.create(
        organization=organization, stripe_id=stripe_id, country="ES", **{**values, **columns}
    )


def by_card(home: Property) -> None:
    """Everything on sale at the home is paid by card."""
    Offer.objects.filter(property=home).update(collection={"": "card"})


def held(link: StayLink, count: int = 2) -> Purchase:
    stay = cast.leaving(link.property)
    return checkout.begin(link, stay, f"extra_nights-{count}", count * 9_900, timezone.now())


def at_the_page(link: StayLink, till: Till) -> Payment:
    """A guest who holds two nights and has Stripe's page open."""
    payment = paying.pay(held(link), name="Marta", email="marta@example.org", now=timezone.now())
    payments.begin(payment, till.stripe)
    payment.refresh_from_db()
    return payment


def work(payment: Payment, till: Till) -> Purchase:
    """What the workers do with a payment, until nothing moves any more; the purchase afterwards."""
    for _ in range(4):
        payments.pursue(payment, timezone.now(), till.stripe)
        purchase = Purchase.objects.select_related("property__organization").get(payment=payment)
        if purchase.state == Purchase.State.CHECKING:
            checkout.look_again(purchase, timezone.now())
            checkout.decide(purchase, timezone.now())
        payment.refresh_from_db()
        if payment.check_at is None:  # settled, so looking again would change nothing
            break
    purchase.refresh_from_db()
    return purchase


def sold(till: Till, payment: Payment) -> Purchase:
    """What the payment is for, paid and confirmed."""
    till.pay(payment)
    return work(payment, till)


def disagreements(home: Property, till: Till) -> list[str]:
    """What is wrong between money and nights; empty when each purchase is a sale that is paid, or costs nothing."""
    found = ledger.differences(home)
    moneys: dict[str, list[dict[str, Any]]] = {}
    for each in till.all():
        moneys.setdefault(each["reference"], []).append(each)
    for payment in Payment.objects.filter(purchase__property=home).select_related("purchase"):
        purchase, stripes = payment.purchase, moneys.get(payment.public_id, [])
        kept = sum(each["captured"] - each["refunded"] for each in stripes)
        reserved = [each for each in stripes if each["intent"] == "requires_capture"]
        should = {
            Purchase.State.CONFIRMED: purchase.amount,
            Purchase.State.CANCELLED: purchase.amount - (purchase.refund or 0),
        }.get(Purchase.State(purchase.state), 0)
        if kept != should or reserved:
            found.append(
                f"{purchase.public_id} is {purchase.state}, but {kept} are kept and {len(reserved)} reserved"
            )
    return found
