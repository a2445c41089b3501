"""The simulated Stripe's objects in Stripe's JSON shapes (docs.stripe.com/api), as far as anybody reads them."""

from collections.abc import Iterable, Sequence
from typing import Any

from simulator.stripe_bank import Account, Link, Message, Payment
from simulator.stripe_cards import FAILED, SUCCEEDED, Refund, card_of

LISTED_IN_CHARGE = 10

type Shape = dict[str, Any]
type Paths = Sequence[str]


def _heads(expand: Paths) -> set[str]:
    return {path.partition(".")[0] for path in expand}


def within(expand: Paths, name: str) -> list[str]:
    """What is to be expanded inside the field."""
    return [path.partition(".")[2] for path in expand if path.startswith(f"{name}.")]


def session(payment: Payment, expand: Paths = ()) -> Shape:
    """A Checkout Session."""
    intent_id: str | Shape | None = payment.intent_id if payment.intent else None
    if intent_id and "payment_intent" in _heads(expand):
        intent_id = intent(payment, within(expand, "payment_intent"))
    return {
        "id": payment.session_id,
        "object": "checkout.session",
        "amount_subtotal": payment.amount,
        "amount_total": payment.amount,
        "cancel_url": payment.cancel_url,
        "client_reference_id": payment.reference or None,
        "created": payment.created,
        "currency": payment.currency,
        "customer_email": payment.email or None,
        "expires_at": payment.expires_at,
        "livemode": False,
        "metadata": payment.metadata,
        "mode": "payment",
        "payment_intent": intent_id,
        "payment_method_types": ["card"],
        # With manual capture it stays unpaid until the capture.
        "payment_status": "paid" if payment.captured else "unpaid",
        "status": payment.session,
        "success_url": payment.success_url,
        "url": payment.url if payment.session == "open" else None,
    }


def intent(payment: Payment, expand: Paths = ()) -> Shape:
    """A payment intent."""
    charge_id: str | Shape | None = payment.charge_id if payment.card else None
    if charge_id and "latest_charge" in _heads(expand):
        charge_id = charge(payment, within(expand, "latest_charge"))
    reserved = payment.intent == "requires_capture"
    return {
        "id": payment.intent_id,
        "object": "payment_intent",
        "amount": payment.amount,
        "amount_capturable": payment.amount if reserved else 0,
        "amount_received": payment.captured,
        "application_fee_amount": payment.fee or None,
        "cancellation_reason": payment.cancelled_because or None,
        "capture_method": "manual",
        "created": payment.created,
        "currency": payment.currency,
        "description": payment.title,
        "last_payment_error": _last_error(payment),
        "latest_charge": charge_id,
        "livemode": False,
        "metadata": payment.intent_metadata,
        "status": payment.intent,
    }


def _last_error(payment: Payment) -> Shape | None:
    if not payment.declined:
        return None
    return {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": payment.decline_code,
        "message": payment.declined,
    }


def charge(payment: Payment, expand: Paths = ()) -> Shape:
    """The latest charge; its refunds only when they are to be expanded, and then the last ten."""
    card = card_of(payment.card)
    shape = {
        "id": payment.charge_id,
        "object": "charge",
        "amount": payment.amount,
        "amount_captured": payment.captured,
        "amount_refunded": payment.refunded,
        "captured": payment.captured > 0,
        "created": payment.created,
        "currency": payment.currency,
        "metadata": payment.intent_metadata,
        "paid": payment.authorised_at > 0,
        "payment_intent": payment.intent_id,
        "payment_method_details": {
            "type": "card",
            "card": {"brand": card.brand, "last4": card.last4 or payment.card[-4:]},
        },
        "refunded": 0 < payment.captured <= payment.refunded,
        "status": SUCCEEDED if payment.authorised_at else FAILED,
    }
    if "refunds" in _heads(expand):
        newest = [refund(payment, one) for one in reversed(payment.refunds)]
        listed = page(newest, LISTED_IN_CHARGE, f"/v1/charges/{payment.charge_id}/refunds")
        shape["refunds"] = listed
    return shape


def refund(payment: Payment, one: Refund) -> Shape:
    """A refund."""
    return {
        "id": one.id,
        "object": "refund",
        "amount": one.amount,
        "charge": payment.charge_id,
        "created": one.created,
        "currency": payment.currency,
        "failure_reason": "expired_or_canceled_card" if one.status == FAILED else None,
        "metadata": one.metadata,
        "payment_intent": payment.intent_id,
        "status": one.status,
    }


def account(one: Account) -> Shape:
    """A connected account."""
    return {
        "id": one.id,
        "object": "account",
        "charges_enabled": one.charges_enabled,
        "country": one.country,
        "created": one.created,
        "details_submitted": one.details_submitted,
        "email": one.email or None,
        "metadata": one.metadata,
        "payouts_enabled": one.charges_enabled,
        "requirements": {"currently_due": one.due, "past_due": [], "eventually_due": one.due},
    }


def link(one: Link, url: str, created: int) -> Shape:
    """An account link."""
    return {"object": "account_link", "created": created, "expires_at": one.expires_at, "url": url}


def page(things: Iterable[Shape], limit: int, url: str) -> Shape:
    """The first so many as a list, which says whether there are more."""
    every = list(things)
    return {"object": "list", "data": every[:limit], "has_more": len(every) > limit, "url": url}


def event(message: Message) -> Shape:
    """An event with the thing as it was then."""
    shape = {
        "id": message.id,
        "object": "event",
        "created": message.created,
        "data": {"object": message.thing},
        "livemode": False,
        "pending_webhooks": 1,
        "type": message.kind,
    }
    return shape | ({"account": message.account} if message.account else {})


def error(message: str, *, kind: str, code: str, param: str) -> Shape:
    """An error as Stripe writes it."""
    given = {"code": code, "param": param}
    return {"message": message, "type": kind} | {name: value for name, value in given.items() if value}
