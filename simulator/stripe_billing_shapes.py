"""The simulated Stripe's billing objects in Stripe's JSON shapes (docs.stripe.com/api), as far as they are read."""

from simulator.stripe_books import Books, Customer, Invoice, Joining, Portal, Subscribed
from simulator.stripe_cards import card_of
from simulator.stripe_shapes import Shape


def customer(one: Customer, *, expanded: bool = False) -> Shape:
    """A customer."""
    method = _method(one.card) if one.card else None
    return {
        "id": one.id,
        "object": "customer",
        "created": one.created,
        "email": one.email or None,
        "invoice_settings": {
            "default_payment_method": method if expanded or method is None else method["id"]
        },
        "metadata": one.metadata,
        "name": one.name,
    }


def _method(number: str) -> Shape:
    card = card_of(number)
    return {
        "id": f"pm_{number}",
        "object": "payment_method",
        "type": "card",
        "card": {"brand": card.brand, "last4": card.last4},
    }


def joining(one: Joining) -> Shape:
    """A Checkout Session in subscription mode."""
    return {
        "id": one.id,
        "object": "checkout.session",
        "client_reference_id": one.reference or None,
        "created": one.created,
        "customer": one.customer,
        "metadata": {},
        "mode": "subscription",
        "payment_intent": None,
        "status": one.status,
        "success_url": one.success_url,
        "url": one.url if one.status == "open" else None,
    }


def subscription(books: Books, one: Subscribed, *, expanded: bool = False) -> Shape:
    """A subscription with its one item."""
    method = _method(one.card)
    whose = books.customers[one.customer]
    pause = {"behavior": "void", "resumes_at": one.resumes_at or None} if one.is_paused else None
    return {
        "id": one.id,
        "object": "subscription",
        "cancel_at_period_end": one.cancels,
        "created": one.created,
        "currency": one.currency,
        "customer": customer(whose, expanded=True) if expanded else one.customer,
        "default_payment_method": method if expanded else method["id"],
        "ended_at": one.ended_at or None,
        "items": {"object": "list", "data": [_item(one)], "has_more": False},
        "metadata": one.metadata,
        "pause_collection": pause,
        "status": one.status,
        "trial_end": one.trial_end or None,
    }


def _item(one: Subscribed) -> Shape:
    return {
        "id": f"si_{one.id.removeprefix('sub_')}",
        "object": "subscription_item",
        "current_period_start": one.period_start,
        "current_period_end": one.period_end,
        "price": {
            "id": f"price_{one.product}_{one.price}",
            "object": "price",
            "currency": one.currency,
            "product": one.product,
            "recurring": {"interval": "month"},
            "unit_amount": one.price,
        },
        "quantity": one.quantity,
        "subscription": one.id,
    }


def invoice(one: Invoice) -> Shape:
    """An invoice with its one line."""
    return {
        "id": one.id,
        "object": "invoice",
        "amount_due": one.amount,
        "amount_paid": one.amount if one.status == "paid" else 0,
        "created": one.created,
        "currency": one.currency,
        "customer": one.customer,
        "hosted_invoice_url": one.url,
        "lines": {"object": "list", "data": [{"period": {"start": one.start, "end": one.end}}]},
        "metadata": {},
        "number": one.number,
        "parent": {"subscription_details": {"subscription": one.subscription}},
        "period_start": one.start,
        "period_end": one.end,
        "status": one.status,
    }


def preview(one: Subscribed) -> Shape:
    """The invoice that is to come."""
    return {
        "id": f"upcoming_{one.id}",
        "object": "invoice",
        "amount_due": max(one.quantity * one.price + one.pending, 0),
        "currency": one.currency,
        "customer": one.customer,
    }


def portal(one: Portal, url: str) -> Shape:
    """A session of the customer portal."""
    return {
        "id": f"bps_{one.token}",
        "object": "billing_portal.session",
        "customer": one.customer,
        "return_url": one.return_url,
        "url": url,
    }
