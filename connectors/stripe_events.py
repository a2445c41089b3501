"""Stripe's messages (webhooks): who sent one, and what it is about. It is a hint to look, never the truth itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import stripe

LARGEST_OCTETS = 256 * 1024
LONGEST_HEADER = 4096
TOLERANCE_S = 300


class Forged(Exception):
    """The message isn't Stripe's, is too old or too long, or can't be read; its text is a sentence without secrets."""


@dataclass(frozen=True, slots=True)
class Event:
    """A message that Stripe signed. Fields that the message doesn't have are empty.

    `about` is the id of the thing it tells of (cs_…, pi_…, ch_…, re_…, acct_…, sub_…, in_…); `intent_id` is the
    payment's where the thing belongs to one, `customer` the customer's; `reference` is ours, given with the session,
    the refund, the customer or the subscription.
    """

    id: str
    kind: str
    account: str
    about: str
    intent_id: str = ""
    reference: str = ""
    customer: str = ""


def event(payload: bytes, header: str, secrets: Sequence[str], now: int) -> Event:
    """The message with this body and `Stripe-Signature` header, if one of the secrets signed it in the last 5 minutes.

    `now` is Unix time in seconds. Several secrets count, so that one can be replaced while messages are under way.
    Raises Forged.
    """
    if len(payload) > LARGEST_OCTETS or len(header) > LONGEST_HEADER:
        message = "The message is too long."
        raise Forged(message)
    if not header.isascii() or not any(_signed(payload, header, secret) for secret in secrets):
        message = "The message isn't signed by Stripe."
        raise Forged(message)
    if abs(now - _signed_at(header)) > TOLERANCE_S:
        message = "The message was signed more than five minutes ago, or the clock is wrong."
        raise Forged(message)
    try:
        return _read(json.loads(payload))
    except (AttributeError, KeyError, TypeError, ValueError):
        problem = Forged("The message can't be read.")
    raise problem


def _signed(payload: bytes, header: str, secret: str) -> bool:
    """Whether this secret made one of the header's signatures; the library compares in constant time."""
    try:
        return bool(stripe.WebhookSignature.verify_header(payload, header, secret))
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False


def _signed_at(header: str) -> int:
    """The moment that a good header's signature covers, read as the library reads it."""
    return next(int(part[2:]) for part in header.split(",") if part.startswith("t="))


def _read(message: dict[str, Any]) -> Event:
    thing = message["data"]["object"]
    about = str(thing["id"])
    intent = about if thing["object"] == "payment_intent" else thing.get("payment_intent")
    reference = thing.get("client_reference_id") or (thing.get("metadata") or {}).get("reference")
    return Event(
        str(message["id"]),
        str(message["type"]),
        str(message.get("account") or ""),
        about,
        _text(intent),
        _text(reference),
        _text(thing.get("customer")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
