"""What Stripe says, in our words: payments as `domain.payments.Told`, named refusals, ISO 4217 amounts."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import stripe

from domain.payments import Intent, Session, Told

# Languages of Stripe's page; others get the browser's (docs.stripe.com/js/appendix/supported_locales).
_LOCALES = (
    "bg cs da de el en es et fi fil fr hr hu id it ja ko lt lv ms mt nb nl pl pt ro ru sk sl sv th tr vi zh"
)
# Stripe counts these otherwise than ISO 4217 does (docs.stripe.com/currencies#special-cases): in hundredths ...
_HUNDREDTHS = frozenset({"ISK", "UGX"})
_WHOLE = frozenset({"MGA"})  # ... and whole
_BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "eftpos_au": "Eftpos",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}
_INTENTS = {
    "requires_payment_method": Intent.NONE,
    "requires_confirmation": Intent.PENDING,
    "requires_action": Intent.PENDING,
    "processing": Intent.PENDING,
    "requires_capture": Intent.AUTHORISED,
    "succeeded": Intent.CAPTURED,
    "canceled": Intent.VOIDED,
}
_NOT_GIVEN_BACK = frozenset({"failed", "canceled"})
_ON_ITS_WAY = frozenset({"pending", "requires_action"})
_UNKNOWN_OUTCOMES = frozenset({409, 429})
_FIRST_SERVER_ERROR = 500
_BAD_REQUEST = 400
CODES = {401: "wrong_key", 403: "not_allowed"}  # Stripe gives none with these
_SECRET = re.compile(r"\b(?:sk|rk|whsec)_[A-Za-z0-9_*]+")


class Unreachable(Exception):
    """Whether Stripe acted is unknown: no answer, a dropped one, a 5xx, 409 (same key in progress) or 429.

    Ask the same with the same key again, or look. Stripe keeps a 500 under its key for at least 24 h and repeats it,
    so after a second one: look, and act with a new key only if nothing happened.
    """


class Refused(Exception):
    """Stripe's definite no (4xx): nothing happened. `code` is Stripe's (`resource_missing`) or empty."""

    def __init__(self, sentence: str, code: str = "") -> None:
        """Keep Stripe's sentence, without keys."""
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code


@dataclass(frozen=True, slots=True)
class Account:
    """A connected account, as Stripe sees it now. `due` are the names of what it still wants to know."""

    id: str
    charges_enabled: bool
    details_submitted: bool
    due: tuple[str, ...]


type Refunds = Callable[[str], Iterable[stripe.Refund]]
"""Reads every refund of the payment with this intent id, when there are more than its charge came with."""


def named(failure: stripe.StripeError, key: str) -> Unreachable | Refused:
    """The library's failure in our words, without the key."""
    status = failure.http_status
    if isinstance(failure, stripe.APIConnectionError) or status is None:
        return Unreachable("Stripe could not be reached, or its answer was lost.")
    if status in _UNKNOWN_OUTCOMES or not _BAD_REQUEST <= status < _FIRST_SERVER_ERROR:
        return Unreachable(f"Stripe answered with status {status}.")
    sentence = (failure.user_message or f"Stripe refused with status {status}.").replace(key, "…")
    code = failure.code or getattr(failure.error, "code", None) or CODES.get(status, "")
    if isinstance(
        failure, stripe.IdempotencyError
    ):  # the same key with another question; Stripe gives no code
        code = "idempotency_error"
    return Refused(_SECRET.sub("…", sentence), code)


def told(session: stripe.checkout.Session, refunds: Refunds) -> Told:
    """A payment page, and the money if a card was tried; its intent must be expanded."""
    currency = (session.currency or "").upper()
    page = Told(
        session.id,
        Session(session.status or ""),
        Intent.NONE,
        url=session.url or "",
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        amount=our_amount(session.amount_total or 0, currency),
        currency=currency,
    )
    intent = session.payment_intent
    return with_money(page, intent, refunds) if isinstance(intent, stripe.PaymentIntent) else page


def with_money(page: Told, intent: stripe.PaymentIntent, others: Refunds) -> Told:
    """The page with what the intent says of the money; its charge with refunds must be expanded."""
    charge = intent.latest_charge
    charged = intent.status == "succeeded"
    refunds = list(_refunds(intent, others)) if charged else []
    good = [one for one in refunds if one.status not in _NOT_GIVEN_BACK]
    pending = [one for one in good if one.status in _ON_ITS_WAY]
    failure = intent.last_payment_error
    return replace(
        page,
        intent=_INTENTS[intent.status],
        intent_id=intent.id,
        amount=our_amount(intent.amount, intent.currency),
        currency=intent.currency.upper(),
        captured=our_amount(intent.amount_received, intent.currency) if charged else 0,
        refunded=our_amount(sum(one.amount for one in good), intent.currency),
        refunding=our_amount(sum(one.amount for one in pending), intent.currency),
        sent_back=len(refunds) - len(good),
        card=_card(charge) if isinstance(charge, stripe.Charge) else "",
        declined=(failure.message or "") if failure and not charged else "",
    )


def _refunds(intent: stripe.PaymentIntent, others: Refunds) -> Iterable[stripe.Refund]:
    """Every refund of the payment, whatever became of it."""
    charge = intent.latest_charge
    if isinstance(charge, stripe.Charge) and charge.refunds is not None and not charge.refunds.has_more:
        return charge.refunds.data
    return others(intent.id)


def locale(language: str) -> Any:
    """Stripe's name of the language; a Literal of dozens in the library, hence Any."""
    plain = language.split("-", maxsplit=1)[0].lower()
    return plain if plain in _LOCALES.split() else "auto"


def their_amount(amount: int, currency: str) -> int:
    """The minor units of ISO 4217 as Stripe counts them; raises Refused for a part of what it counts whole."""
    if currency.upper() in _HUNDREDTHS:
        return amount * 100
    if currency.upper() in _WHOLE:
        if amount % 100:
            message = f"Cards are charged whole {currency.upper()} only."
            raise Refused(message, "amount_too_precise")
        return amount // 100
    return amount


def our_amount(amount: int, currency: str) -> int:
    if currency.upper() in _HUNDREDTHS:
        return amount // 100
    return amount * 100 if currency.upper() in _WHOLE else amount


def _card(charge: stripe.Charge) -> str:
    """The card as its owner knows it: Visa ···· 4242."""
    details = charge.payment_method_details
    if details is None or details.card is None:
        return ""
    return card_named(details.card.brand or "", details.card.last4 or "")


def card_named(brand: str, last4: str) -> str:
    """The card with Stripe's word for its brand and these last digits: Visa ···· 4242."""
    return f"{_BRANDS.get(brand, brand.replace('_', ' ').title())} ···· {last4}"


def account_told(account: stripe.Account) -> Account:
    needs = account.requirements
    due = [] if needs is None else [*(needs.past_due or []), *(needs.currently_due or [])]
    return Account(
        account.id, bool(account.charges_enabled), bool(account.details_submitted), tuple(dict.fromkeys(due))
    )
