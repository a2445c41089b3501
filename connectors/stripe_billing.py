"""What we charge hosts, by Stripe Billing on the platform's own account: customers, subscriptions, invoices.

Every answer is told in the words of `domain.billing`. A plan is a product at Stripe with an id that we choose, and its
price goes along with each request, so that nobody sets anything up by hand. Acts on a subscription name the state that
shall be, so asking twice changes nothing. See `connectors.stripe_api` for payments of guests.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import stripe

from connectors.stripe_client import API, STANDARD_TIMEOUT_S, answered, client, options
from connectors.stripe_words import Refused, card_named, locale, our_amount, their_amount
from domain.billing import OVER, Bill, Plan, Status, Told
from domain.money import Money

if TYPE_CHECKING:
    from stripe.params import (
        CustomerCreateParams,
        InvoiceCreatePreviewParams,
        InvoiceListParams,
        ProductCreateParams,
        SubscriptionCancelParams,
        SubscriptionListParams,
        SubscriptionUpdateParams,
        SubscriptionUpdateParamsItem,
    )
    from stripe.params.billing_portal import SessionCreateParams as PortalParams
    from stripe.params.checkout import SessionCreateParams

PRODUCT = "amplistay_"
MOST_SUBSCRIPTIONS = 100
LATEST_INVOICES = 24
NO_INVOICE = "invoice_upcoming_none"

_PARTS = ["data.default_payment_method", "data.customer.invoice_settings.default_payment_method"]


@dataclass(frozen=True, slots=True)
class Billing:
    """Stripe Billing with the platform's key. Every method raises Unreachable or Refused, and nothing else."""

    key: str = field(repr=False)
    api_base: str = API
    timeout: float = STANDARD_TIMEOUT_S  # seconds without a sign of life

    def create_customer(self, *, reference: str, name: str, email: str, idempotency: str) -> str:
        """The id of a new customer. `reference` is ours, `email` gets Stripe's receipts and may be empty."""
        params: CustomerCreateParams = {"name": name, "metadata": {"reference": reference}}
        if email:
            params["email"] = email
        create = self._client.v1.customers.create
        return self._ask(lambda: create(params, options("", idempotency)).id)

    def know(self, plan: Plan) -> None:
        """Have Stripe know the plan's product; one that it knows already is no error."""
        params: ProductCreateParams = {"id": f"{PRODUCT}{plan.key}", "name": f"Amplistay, {plan.key} plan"}
        create = self._client.v1.products.create
        try:
            self._ask(lambda: create(params))
        except Refused as refusal:
            if refusal.code != "resource_already_exists":
                raise

    def subscribing_page(
        self,
        customer: str,
        plan: Plan,
        units: int,
        *,
        reference: str,
        trial_until: datetime | None,
        language: str,
        success_url: str,
        cancel_url: str,
        idempotency: str,
    ) -> str:
        """The address of Stripe's page where the customer gives a card and subscribes to at least one unit.

        Nothing is charged before `trial_until`, which is at least 48 h ahead (Stripe's rule) or None.
        """
        params: SessionCreateParams = {
            "mode": "subscription",
            "customer": customer,
            "client_reference_id": reference,
            "line_items": [{"quantity": units, "price_data": _price(plan)}],
            "subscription_data": {"metadata": {"reference": reference}},
            "success_url": success_url,
            "cancel_url": cancel_url,
            "locale": locale(language),
        }
        if trial_until:
            params["subscription_data"]["trial_end"] = int(trial_until.timestamp())
        create = self._client.v1.checkout.sessions.create
        return self._ask(lambda: create(params, options("", idempotency)).url or "")

    def card_page(self, customer: str, return_url: str) -> str:
        """The address of Stripe's page where the customer changes the card, and nothing else."""
        params: PortalParams = {
            "customer": customer,
            "return_url": return_url,
            "flow_data": {
                "type": "payment_method_update",
                "after_completion": {"type": "redirect", "redirect": {"return_url": return_url}},
            },
        }
        create = self._client.v1.billing_portal.sessions.create
        return self._ask(lambda: create(params).url)

    def look(self, customer: str) -> Told:
        """The customer's live subscription, the oldest where there are several, else the last one there was."""
        params: SubscriptionListParams = {
            "customer": customer,
            "status": "all",
            "limit": MOST_SUBSCRIPTIONS,
            "expand": _PARTS,
        }
        every = self._client.v1.subscriptions.list
        return self._ask(lambda: _chosen(list(every(params).data)))

    def bills(self, customer: str) -> list[Bill]:
        """The latest invoices of the customer that are no drafts, the latest first."""
        params: InvoiceListParams = {"customer": customer, "limit": LATEST_INVOICES}
        every = self._client.v1.invoices.list
        return self._ask(lambda: [_bill(one) for one in every(params).data if one.status != "draft"])

    def next_amount(self, customer: str, told: Told) -> Money | None:
        """What the subscription's next invoice will ask for, with what has changed since the last; None for none."""
        params: InvoiceCreatePreviewParams = {"customer": customer, "subscription": told.subscription}
        preview = self._client.v1.invoices.create_preview
        try:
            return self._ask(lambda: _due(preview(params)))
        except Refused as refusal:
            if refusal.code != NO_INVOICE:
                raise
            return None

    def set_units(self, told: Told, plan: Plan, units: int) -> None:
        """So many units of the plan from now on; Stripe reckons what that means for the month that runs."""
        item: SubscriptionUpdateParamsItem = {"id": told.item, "quantity": units}
        if (told.plan, told.price) != (plan.key, plan.unit):
            item["price_data"] = _price(plan)  # a new price at Stripe, so only where it is another
        self._update(told.subscription, {"items": [item], "proration_behavior": "create_prorations"})

    def cancel(self, subscription: str) -> None:
        """It ends with what is paid for."""
        self._update(subscription, {"cancel_at_period_end": True})

    def keep(self, subscription: str) -> None:
        """It doesn't end after all."""
        self._update(subscription, {"cancel_at_period_end": False})

    def pause(self, subscription: str, until: datetime) -> None:
        """Invoices up to then are void: nothing is charged, and nothing is owed for that time."""
        pause = {"behavior": "void", "resumes_at": int(until.timestamp())}
        self._update(subscription, {"pause_collection": pause})  # type: ignore[typeddict-item]  # a literal in the library

    def resume(self, subscription: str) -> None:
        """Invoices are charged again from the next one on."""
        self._update(subscription, {"pause_collection": ""})

    def end(self, subscription: str, *, gives_back: bool) -> None:
        """It ends now. `gives_back` credits what was paid for the rest of the month."""
        params: SubscriptionCancelParams = {"prorate": gives_back, "invoice_now": gives_back}
        cancel = self._client.v1.subscriptions.cancel
        self._ask(lambda: cancel(subscription, params))

    def _update(self, subscription: str, params: "SubscriptionUpdateParams") -> None:
        update = self._client.v1.subscriptions.update
        self._ask(lambda: update(subscription, params))

    @property
    def _client(self) -> stripe.StripeClient:
        return client(self.key, self.api_base, self.timeout)

    def _ask[T](self, ask: Callable[[], T]) -> T:
        return answered(ask, self.key)


def _price(plan: Plan) -> Any:
    """One unit a month. Stripe's library names this shape differently in each place, hence Any."""
    return {
        "currency": plan.unit.currency.lower(),
        "product": f"{PRODUCT}{plan.key}",
        "recurring": {"interval": "month"},
        "unit_amount": their_amount(plan.unit.amount, plan.unit.currency),
    }


def _chosen(every: list[stripe.Subscription]) -> Told:
    """The one that counts; others that are live are extras."""
    by_age = list(reversed(every))  # Stripe lists the latest first
    by_age.sort(key=lambda one: one.created)
    live = [one for one in by_age if Status(one.status) not in OVER]
    if live:
        return _told(live[0], tuple(one.id for one in live[1:]))
    over = [one for one in by_age if one.status == "canceled"]
    return _told(over[-1], ()) if over else Told()


def _told(one: stripe.Subscription, extras: tuple[str, ...]) -> Told:
    item = one["items"].data[0]  # `items` is a method of the library's dictionaries, too
    pause = one.pause_collection
    return Told(
        one.id,
        item.id,
        Status(one.status),
        plan=str(item.price.product).removeprefix(PRODUCT),
        price=_money(item.price.unit_amount or 0, item.price.currency),
        units=item.quantity or 0,
        trial_until=_moment(one.trial_end),
        next_at=_moment(item.current_period_end),
        paused_until=_moment(pause.resumes_at) if pause else None,
        cancels=bool(one.cancel_at_period_end),
        ended_at=_moment(one.ended_at),
        card=_card(one),
        extras=extras,
    )


def _card(one: stripe.Subscription) -> str:
    """The card that is charged: the subscription's own, else the customer's."""
    customer = one.customer
    settings = customer.invoice_settings if isinstance(customer, stripe.Customer) else None
    method = one.default_payment_method or (settings.default_payment_method if settings else None)
    if not isinstance(method, stripe.PaymentMethod) or method.card is None:
        return ""
    return card_named(method.card.brand, method.card.last4)


def _bill(one: stripe.Invoice) -> Bill:
    periods = [(line.period.start, line.period.end) for line in one.lines.data]
    periods = periods or [(one.period_start, one.period_end)]
    return Bill(
        one.id,
        one.number or "",
        one.status or "",
        _due(one),
        _instant(one.created),
        _instant(min(start for start, _end in periods)),
        _instant(max(end for _start, end in periods)),
        one.hosted_invoice_url or "",
    )


def _due(one: stripe.Invoice) -> Money:
    return _money(one.amount_due, one.currency)


def _money(amount: int, currency: str) -> Money:
    return Money(our_amount(amount, currency), currency.upper())


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else _instant(seconds)
