"""The one door to Stripe, through its own library: Checkout with manual capture on the host's account.

Every answer is told in the words of `domain.payments`. Amounts are ISO 4217 minor units, moments are UTC. Nothing is
tried twice here: whoever asks keeps the idempotency key, and looks again after `Unreachable`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import stripe

from connectors.stripe_client import API, STANDARD_TIMEOUT_S, answered, client, options
from connectors.stripe_words import (
    CODES,
    Account,
    Refunds,
    Refused,
    Unreachable,
    account_told,
    locale,
    their_amount,
    told,
    with_money,
)
from domain.payments import Intent, Session, Told

if TYPE_CHECKING:
    from stripe.params import (
        AccountCreateParams,
        AccountLinkCreateParams,
        PaymentIntentCancelParams,
        PaymentIntentCaptureParams,
        RefundCreateParams,
        RefundListParams,
    )
    from stripe.params.checkout import (
        SessionCreateParams,
        SessionCreateParamsLineItem,
        SessionCreateParamsLineItemPriceData,
        SessionCreateParamsPaymentIntentData,
        SessionExpireParams,
        SessionListParams,
        SessionListParamsCreated,
        SessionRetrieveParams,
    )

__all__ = ["API", "Account", "Refused", "Stripe", "Unreachable"]

PAGE = 100
MOST_PAGES = 10

_INTENT_PARTS = ["latest_charge.refunds"]
_SESSION_PARTS = ["payment_intent.latest_charge.refunds"]
_LISTED_PARTS = ["data.payment_intent.latest_charge.refunds"]
_NOT_ABOUT_STATE = frozenset({*CODES.values(), "resource_missing", "idempotency_error"})
_MOVED = frozenset({Intent.CAPTURED, Intent.VOIDED})


@dataclass(frozen=True, slots=True)
class Stripe:
    """Stripe with one platform key. `account` is a connected account's id in every method ("" = the platform's own).

    Every method raises Unreachable or Refused, and nothing else. One object may be used by several threads.
    """

    key: str = field(repr=False)
    api_base: str = API
    timeout: float = STANDARD_TIMEOUT_S  # seconds without a sign of life

    def open_session(
        self,
        account: str,
        *,
        reference: str,
        amount: int,
        currency: str,
        title: str,
        email: str,
        language: str,
        success_url: str,
        cancel_url: str,
        expires_at: datetime,
        fee: int,
        idempotency: str,
    ) -> Told:
        """A page where a guest's card is asked for the amount, which is only reserved. Its address is in `url`.

        `reference` is ours and comes back in events. `expires_at` is 30 min to 24 h ahead (Stripe's rule) and must,
        like everything else, be the same when the same key is used again. `fee` is the platform's part, 0 for none;
        `email` may be empty.
        """
        params: SessionCreateParams = {
            "mode": "payment",
            "allowed_payment_method_types": ["card"],
            "line_items": [_line(title, their_amount(amount, currency), currency)],
            "client_reference_id": reference,
            "metadata": {"reference": reference},
            "payment_intent_data": _reservation(title, reference, their_amount(fee, currency)),
            "success_url": success_url,
            "cancel_url": cancel_url,
            "expires_at": int(expires_at.timestamp()),
            "locale": locale(language),
        }
        if email:
            params["customer_email"] = email
        create = self._client.v1.checkout.sessions.create
        return self._ask(lambda: told(create(params, options(account, idempotency)), self._refunds(account)))

    def look(self, account: str, session_id: str) -> Told:
        """How the payment stands now, refunds included."""
        retrieve = self._client.v1.checkout.sessions.retrieve
        params: SessionRetrieveParams = {"expand": _SESSION_PARTS}
        return self._ask(lambda: told(retrieve(session_id, params, options(account)), self._refunds(account)))

    def sessions_since(
        self, account: str, since: datetime, until: datetime | None = None
    ) -> list[tuple[str, Told]]:
        """The sessions made in `[since, until)` with their references, newest first: finds one whose reply was lost.

        Raises Unreachable when there are more than 1,000: narrow the span.
        """
        created: SessionListParamsCreated = {"gte": int(since.timestamp())}
        if until:
            created["lt"] = int(until.timestamp())
        params: SessionListParams = {"created": created, "limit": PAGE, "expand": _LISTED_PARTS}
        every = self._client.v1.checkout.sessions.list
        refunds = self._refunds(account)
        found: list[tuple[str, Told]] = []
        for _ in range(MOST_PAGES):
            page = self._ask(lambda: every(params, options(account)))
            found += [
                (one.client_reference_id or "", self._ask(partial(told, one, refunds))) for one in page.data
            ]
            if not page.has_more:
                return found
            params["starting_after"] = page.data[-1].id
        message = "Stripe has more payment pages in that time than can be looked through."
        raise Unreachable(message)

    def expire(self, account: str, session_id: str) -> Told:
        """Close the page. What Told says counts: it may be COMPLETE when the guest was faster."""
        expire = self._client.v1.checkout.sessions.expire
        params: SessionExpireParams = {"expand": _SESSION_PARTS}
        try:
            return self._ask(
                lambda: told(expire(session_id, params, options(account)), self._refunds(account))
            )
        except Refused as refusal:
            now = self._look_after(refusal, account, session_id)
            if now.session is Session.OPEN:
                raise
            return now

    def capture(self, account: str, session_id: str, intent_id: str, idempotency: str) -> Told:
        """Charge what is reserved. What Told says counts: CAPTURED also if it was already, VOIDED if it ran out.

        A reservation lasts 7 days or less, by card.
        """
        capture = self._client.v1.payment_intents.capture
        params: PaymentIntentCaptureParams = {"expand": _INTENT_PARTS}
        asked = options(account, idempotency)
        return self._moved(account, session_id, lambda: capture(intent_id, params, asked))

    def void(self, account: str, session_id: str, intent_id: str, idempotency: str) -> Told:
        """Release what is reserved. What Told says counts: VOIDED also if it was already, CAPTURED if it's too late."""
        cancel = self._client.v1.payment_intents.cancel
        params: PaymentIntentCancelParams = {"expand": _INTENT_PARTS}
        asked = options(account, idempotency)
        return self._moved(account, session_id, lambda: cancel(intent_id, params, asked))

    def refund(
        self,
        account: str,
        session_id: str,
        intent_id: str,
        *,
        amount: int,
        currency: str,
        idempotency: str,
        reference: str,
        with_fee: bool = False,
    ) -> Told:
        """Give back so much of what was charged; Told's totals include it, pending or not.

        `with_fee` takes the platform's part back in proportion (only where there is a fee). A whole refund that was
        made already is no error. A refund may still fail later: then `refunded` shrinks in a later look, and
        `sent_back` grows.
        """
        params: RefundCreateParams = {
            "payment_intent": intent_id,
            "amount": their_amount(amount, currency),
            "metadata": {"reference": reference},
        }
        if with_fee:
            params["refund_application_fee"] = True
        create = self._client.v1.refunds.create
        try:
            self._ask(lambda: create(params, options(account, idempotency)))
        except Refused as refusal:
            if refusal.code != "charge_already_refunded":
                raise
        return self.look(account, session_id)

    def create_account(self, country: str, email: str, reference: str, idempotency: str) -> str:
        """The id of a new connected account that belongs to the host: own dashboard, own fees, own risk.

        `country` is an ISO 3166-1 code such as ES.
        """
        params: AccountCreateParams = {
            "country": country.upper(),
            "controller": {
                "fees": {"payer": "account"},
                "losses": {"payments": "stripe"},
                "requirement_collection": "stripe",
                "stripe_dashboard": {"type": "full"},
            },
            "capabilities": {"card_payments": {"requested": True}, "transfers": {"requested": True}},
            "metadata": {"reference": reference},
        }
        if email:
            params["email"] = email
        create = self._client.v1.accounts.create
        return self._ask(lambda: create(params, options("", idempotency)).id)

    def account(self, account_id: str) -> Account:
        """What a connected account may do, and what Stripe still wants to know of it."""
        retrieve = self._client.v1.accounts.retrieve
        return self._ask(lambda: account_told(retrieve(account_id)))

    def onboarding_link(self, account: str, refresh_url: str, return_url: str) -> tuple[str, datetime]:
        """The address of Stripe's form for the host, and until when it works (once, for minutes).

        Stripe sends the host to `refresh_url` when it no longer works, to `return_url` afterwards, finished or not.
        """
        params: AccountLinkCreateParams = {
            "account": account,
            "type": "account_onboarding",
            "refresh_url": refresh_url,
            "return_url": return_url,
        }
        create = self._client.v1.account_links.create
        link = self._ask(lambda: create(params))
        return link.url, datetime.fromtimestamp(link.expires_at, UTC)

    @property
    def _client(self) -> stripe.StripeClient:
        return client(self.key, self.api_base, self.timeout)

    def _ask[T](self, ask: Callable[[], T]) -> T:
        return answered(ask, self.key)

    def _refunds(self, account: str) -> Refunds:
        def every(intent_id: str) -> Iterable[stripe.Refund]:
            params: RefundListParams = {"payment_intent": intent_id, "limit": PAGE}
            return self._client.v1.refunds.list(params, options(account)).auto_paging_iter()

        return every

    def _moved(self, account: str, session_id: str, move: Callable[[], stripe.PaymentIntent]) -> Told:
        """How things stand after the move, or after a refusal that only says it was too late for it."""
        try:
            intent = self._ask(move)
        except Refused as refusal:
            now = self._look_after(refusal, account, session_id)
            if now.intent not in _MOVED:
                raise
            return now
        page = Told(
            session_id, Session.COMPLETE, Intent.NONE
        )  # only a finished session's intent can be moved by us
        return self._ask(lambda: with_money(page, intent, self._refunds(account)))

    def _look_after(self, refusal: Refused, account: str, session_id: str) -> Told:
        """How things stand after a refusal; raises it again when it isn't about that."""
        if refusal.code in _NOT_ABOUT_STATE:
            raise refusal
        return self.look(account, session_id)


def _reservation(title: str, reference: str, fee: int) -> "SessionCreateParamsPaymentIntentData":
    """What is done with the card: reserve, and charge only when told to."""
    params: SessionCreateParamsPaymentIntentData = {
        "capture_method": "manual",
        "description": title,
        "metadata": {"reference": reference},
    }
    if fee:
        params["application_fee_amount"] = fee
    return params


def _line(title: str, amount: int, currency: str) -> "SessionCreateParamsLineItem":
    price: SessionCreateParamsLineItemPriceData = {
        "currency": currency.lower(),
        "unit_amount": amount,
        "product_data": {"name": title},
    }
    return {"quantity": 1, "price_data": price}
