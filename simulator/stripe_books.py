"""What the simulated Stripe knows of billing on the platform's own account: customers, subscriptions, invoices.

Amounts are minor units, times Unix seconds by the bank's own clock; 0 stands for never.
"""

from dataclasses import dataclass, field
from typing import Any

MONTH_S = 30 * 86_400  # of every subscription here


@dataclass(slots=True)
class Customer:
    """Somebody who is billed; `card` is what the page for cards was given last."""

    id: str
    name: str
    email: str
    metadata: dict[str, str]
    created: int
    card: str = ""


@dataclass(slots=True)
class Joining:
    """A payment page in subscription mode; `price` is of one unit, `trial_end` 0 for none."""

    id: str
    customer: str
    reference: str
    product: str
    price: int
    currency: str
    quantity: int
    trial_end: int
    metadata: dict[str, str]
    success_url: str
    cancel_url: str
    url: str
    created: int
    status: str = "open"
    declined: str = ""


@dataclass(slots=True)
class Subscribed:
    """A subscription. `pending` is what changes in the month came to, for the next invoice."""

    id: str
    customer: str
    product: str
    price: int
    currency: str
    quantity: int
    status: str
    created: int
    trial_end: int
    period_start: int
    period_end: int
    card: str
    metadata: dict[str, str]
    pending: int = 0
    cancels: bool = False
    is_paused: bool = False
    resumes_at: int = 0
    ended_at: int = 0


@dataclass(slots=True)
class Invoice:
    """An invoice; `next_try` is when the card is tried again."""

    id: str
    number: str
    customer: str
    subscription: str
    amount: int
    currency: str
    created: int
    start: int
    end: int
    url: str
    status: str = "open"
    tries: int = 0
    next_try: int = 0


@dataclass(slots=True)
class Portal:
    """A way to the page for cards."""

    token: str
    customer: str
    return_url: str


@dataclass(slots=True)
class Books:
    """All of it, by id."""

    products: dict[str, str] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    joinings: dict[str, Joining] = field(default_factory=dict)
    subscriptions: dict[str, Subscribed] = field(default_factory=dict)
    invoices: dict[str, Invoice] = field(default_factory=dict)
    portals: dict[str, Portal] = field(default_factory=dict)
    origin: str = ""

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Books":
        """What was written by `asdict`."""
        books = cls(dict(stored.get("products", {})), origin=stored.get("origin", ""))
        books.customers = {key: Customer(**one) for key, one in stored.get("customers", {}).items()}
        books.joinings = {key: Joining(**one) for key, one in stored.get("joinings", {}).items()}
        books.subscriptions = {key: Subscribed(**one) for key, one in stored.get("subscriptions", {}).items()}
        books.invoices = {key: Invoice(**one) for key, one in stored.get("invoices", {}).items()}
        books.portals = {key: Portal(**one) for key, one in stored.get("portals", {}).items()}
        return books

    def open_invoices(self, subscription: Subscribed) -> list[Invoice]:
        """Those that are still to be paid."""
        return [
            one
            for one in self.invoices.values()
            if one.subscription == subscription.id and one.status == "open"
        ]
