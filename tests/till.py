"""A simulated Stripe on a real socket, and a guest who pays there."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from connectors.stripe_api import Stripe
from domain.payments import Told
from simulator.stripe_keys import DEMO_KEY

HOST = "acct_casaluz"
GOOD, DECLINED, POOR, ASKS, SLOW = (
    "4242424242424242",
    "4000000000000002",
    "4000000000009995",
    "4000002500003155",
    "4000000000000200",
)
FAILING_REFUND = "4000000000005126"
PATIENCE_S = 20


@dataclass(frozen=True)
class Till:
    """The simulator's address, with what tests do there."""

    address: str

    def stripe(self, timeout: float = PATIENCE_S, key: str = DEMO_KEY) -> Stripe:
        return Stripe(key, f"{self.address}/stripe", timeout)

    def control(self, path: str, **values: object) -> dict[str, Any]:
        answer = requests.post(f"{self.address}/api/stripe/{path}", json=values, timeout=PATIENCE_S)
        assert answer.status_code in {200, 201}, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def fault(self, kind: str, count: int = 1, on: str = "", seconds: int = 0) -> None:
        self.control("fault", kind=kind, count=count, on=on, seconds=seconds)

    def later(self, seconds: int) -> None:
        self.control("clock", ahead=seconds)

    def told(self, what: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(
            f"{self.address}/api/stripe/{what}", timeout=PATIENCE_S
        ).json()[what]
        return found

    def reset(self) -> None:
        requests.post(f"{self.address}/api/reset", timeout=PATIENCE_S)
        self.control("accounts", id=HOST, email="host@example.org")

    def open(self, reference: str = "p-1", **changed: Any) -> Told:
        return self.stripe().open_session(HOST, **page(reference, **changed))

    def pay(self, told: Told, number: str = GOOD) -> requests.Response:
        return post(told.url, number=number)

    def answer(self, told: Told, verdict: str) -> requests.Response:
        return post(f"{told.url}/bank", verdict=verdict)

    def paid(self, reference: str = "p-1", number: str = GOOD, **changed: Any) -> Told:
        """A payment whose money is reserved."""
        told = self.open(reference, **changed)
        assert self.pay(told, number).status_code == 303
        return self.stripe().look(HOST, told.session_id)

    def charged(self, reference: str = "p-1", number: str = GOOD, **changed: Any) -> Told:
        """A payment whose money is charged."""
        told = self.paid(reference, number, **changed)
        return self.stripe().capture(HOST, told.session_id, told.intent_id, f"capture:{reference}")


def post(url: str, **values: str) -> requests.Response:
    return requests.post(url, data=values, allow_redirects=False, timeout=PATIENCE_S)


def page(reference: str, **changed: Any) -> dict[str, Any]:
    """What a payment page is opened with."""
    return {
        "reference": reference,
        "amount": 12_000,
        "currency": "EUR",
        "title": "1 extra night, 15 to 16 March",
        "email": "guest@example.org",
        "language": "de",
        "success_url": "https://stay.example.org/paid?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://stay.example.org/back",
        "expires_at": datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=31),
        "fee": 0,
        "idempotency": f"open:{reference}",
    } | changed
