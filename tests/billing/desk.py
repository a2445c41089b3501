"""What hosts pay in the tests: the simulated Stripe, its clock, its pages, and what the workers do meanwhile."""

import html
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import requests
from django.test import Client
from django.utils import timezone

from accounts.models import Organization
from billing import letters, subscriptions
from billing.models import Subscription
from connectors.stripe_billing import Billing
from properties.models import Property
from simulator.stripe_keys import DEMO_KEY
from tests import cast
from tests.conftest import Simulator

GOOD, LATER_DECLINED = "4242424242424242", "4000000000000341"
PAGE = "/plan/"
MONTH = timedelta(days=30)  # the simulated Stripe's


@dataclass
class Desk:
    """One simulated Stripe, and how far its clock and ours are ahead."""

    simulator: Simulator
    ahead: timedelta = field(default_factory=timedelta)

    @property
    def stripe(self) -> Billing:
        return Billing(DEMO_KEY, f"{self.simulator.url}/stripe", 5.0)

    @property
    def now(self) -> datetime:
        return timezone.now() + self.ahead

    def later(self, **wait: float) -> None:
        self.ahead += timedelta(**wait)
        ahead = int(self.ahead.total_seconds())
        self.simulator.call("POST", "/api/stripe/clock", ahead=ahead).raise_for_status()

    def fault(self, kind: str, **options: object) -> None:
        self.simulator.call("POST", "/api/stripe/fault", kind=kind, **options).raise_for_status()

    def kept(self) -> dict[str, list[dict[str, Any]]]:
        """What Stripe knows."""
        found: dict[str, list[dict[str, Any]]] = self.simulator.call("GET", "/api/stripe/billing").json()
        return found

    def work(self, organization: Organization) -> Subscription:
        """What the workers do: count, look at the provider where that is due, remind; the row afterwards."""
        counts = Property.objects.active().order_by().values_list("organization")
        numbers = [key for (key,) in counts]
        subscriptions.count({key: numbers.count(key) for key in numbers}, self.now)
        for pk in Subscription.objects.due(self.now).values_list("pk", flat=True):
            subscriptions.pursue(pk, self.now, self.stripe)
        letters.announce(self.now)
        letters.remind(self.now)
        return Subscription.objects.get(organization=organization)

    def look(self, organization: Organization) -> Subscription:
        """The same, with a look at the provider that somebody asked for."""
        subscriptions.ask_again(self.now, organization=organization)
        return self.work(organization)


def homes(organization: Organization, count: int) -> list[Property]:
    """So many more properties."""
    there = Property.objects.of(organization).count()
    return [cast.a_property(organization, f"Casa {there + n}") for n in range(count)]


def give_card(client: Client, number: str = GOOD) -> requests.Response:
    """The owner goes to Stripe's page and gives a card there."""
    answer = client.post(f"{PAGE}subscribe/")
    assert answer.status_code == 303, text(answer)
    return requests.post(answer["Location"], data={"number": number}, timeout=10, allow_redirects=False)


def subscribed(
    desk: Desk, client: Client, organization: Organization, number: str = GOOD, count: int = 3
) -> Subscription:
    """An organization with three homes that has given a card."""
    homes(organization, count)
    desk.work(organization)
    assert give_card(client, number).status_code == 303
    return desk.look(organization)


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())
