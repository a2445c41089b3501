"""What can happen at the simulated Stripe: its API's acts, the guest's card, the host's form, and what time does."""

import secrets
from collections.abc import Mapping
from typing import Any

from simulator import stripe_shapes as shapes
from simulator.stripe_bank import RESERVED_S, Account, Bank, Link, Payment
from simulator.stripe_cards import FAILED, PENDING, SUCCEEDED, Refund, card_of

SHORTEST_PAGE_S, LONGEST_PAGE_S = 30 * 60, 24 * 3600
LEAST_AMOUNT = 50
LINK_S = 300
DUE = ["business_type", "external_account", "tos_acceptance.date"]
PARAMETERS = frozenset(
    {
        "mode",
        "allowed_payment_method_types",
        "line_items",
        "client_reference_id",
        "metadata",
        "payment_intent_data",
        "success_url",
        "cancel_url",
        "customer_email",
        "expires_at",
        "locale",
        "expand",
    }
)

type Form = Mapping[str, Any]


class RefusedError(Exception):
    """Stripe's 4xx. `kept` says whether the answer is saved under the idempotency key: it is once acting had begun."""

    def __init__(
        self, message: str, code: str = "", param: str = "", status: int = 400, *, kept: bool = False
    ) -> None:
        """Keep what the error's JSON is made of."""
        super().__init__(message)
        self.code, self.param, self.status, self.kept = code, param, status, kept
        self.kind = "invalid_request_error"


def state(message: str, code: str = "payment_intent_unexpected_state") -> RefusedError:
    """The refusal of what the thing's state no longer allows."""
    return RefusedError(message, code, kept=True)


def missing(kind: str, thing_id: str) -> RefusedError:
    """The refusal of an unknown id."""
    return RefusedError(f"No such {kind}: '{thing_id}'", "resource_missing", "id", 404)


def open_session(bank: Bank, account: str, form: Form, origin: str) -> Payment:
    """A new payment page on the account."""
    _check_session(bank, account, form)
    price = dig(form, "line_items", "0", "price_data")
    money = dig(form, "payment_intent_data")
    now = bank.now()
    payment = Payment(
        id=secrets.token_hex(12),
        account=account,
        reference=form.get("client_reference_id", ""),
        amount=number_of(price, "unit_amount"),
        currency=price.get("currency", ""),
        title=dig(price, "product_data").get("name", ""),
        email=form.get("customer_email", ""),
        fee=number_of(money, "application_fee_amount"),
        metadata=dict(form.get("metadata", {})),
        intent_metadata=dict(money.get("metadata", {})),
        success_url=form["success_url"],
        cancel_url=form.get("cancel_url", ""),
        created=int(now),
        expires_at=number_of(form, "expires_at") or int(now) + LONGEST_PAGE_S,
        dies_at=0,
    )
    early = bank.take("expires_early")
    payment.dies_at = now + early.seconds if early else payment.expires_at
    payment.url = f"{origin}/stripe/pay/{payment.session_id}"
    return bank.add(payment)


def _check_session(bank: Bank, account: str, form: Form) -> None:
    for name in form:
        if name not in PARAMETERS:
            message = f"Received unknown parameter: {name}"
            raise RefusedError(message, "parameter_unknown", name)
    for name in ("mode", "success_url", "line_items"):
        if not form.get(name):
            message = f"Missing required param: {name}."
            raise RefusedError(message, "parameter_missing", name)
    if account and not bank.accounts[account].charges_enabled:
        message = "Your account cannot currently make charges: it has not finished its onboarding."
        raise RefusedError(message)
    amount = number_of(dig(form, "line_items", "0", "price_data"), "unit_amount")
    if amount < LEAST_AMOUNT:
        message = "The Checkout Session's total amount due must add up to at least €0.50 eur"
        raise RefusedError(message, "amount_too_small")
    if number_of(dig(form, "payment_intent_data"), "application_fee_amount") > amount:
        message = "The application fee must not be greater than the amount."
        raise RefusedError(message, "", "payment_intent_data[application_fee_amount]")
    _check_expiry(number_of(form, "expires_at"), int(bank.now()))


def _check_expiry(expires_at: int, now: int) -> None:
    if expires_at and not now + SHORTEST_PAGE_S <= expires_at <= now + LONGEST_PAGE_S:
        message = (
            "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours "
            "from Checkout Session creation."
        )
        raise RefusedError(message, "", "expires_at")


def expire(bank: Bank, payment: Payment) -> None:
    """Close the page because the API says so."""
    if payment.session != "open":
        message = (
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{payment.session}`."
        )
        raise state(message, "")
    if payment.intent == "processing":
        message = "This object cannot be accessed right now because another Stripe process is accessing it."
        raise RefusedError(message, "lock_timeout", status=429)
    close(bank, payment)


def close(bank: Bank, payment: Payment) -> None:
    """The page expires, and what was begun on it with it."""
    payment.session = "expired"
    if payment.intent:
        payment.intent = "canceled"
    tell(bank, payment, "checkout.session.expired")


def pay(bank: Bank, payment: Payment, number: str) -> None:
    """The guest gives a card on an open page."""
    card = card_of(number)
    payment.card = card.number or "".join(number.split())[-4:] or "0000"
    payment.declined = payment.decline_code = ""
    if card.does == "pays":
        authorise(bank, payment)
    elif card.does == "asks":
        payment.intent = "requires_action"
    elif card.does == "takes_its_time":
        payment.intent, payment.busy_until = "processing", bank.now() + bank.options.card_seconds
    else:
        decline(bank, payment, card.message, card.code)
    bank.touch(payment)


def authorise(bank: Bank, payment: Payment) -> None:
    """The money is reserved, and the page is done."""
    payment.intent, payment.session = "requires_capture", "complete"
    payment.authorised_at = int(bank.now())
    tell(bank, payment, "payment_intent.amount_capturable_updated")
    tell(bank, payment, "checkout.session.completed")


def decline(bank: Bank, payment: Payment, message: str, code: str) -> None:
    """The card doesn't work; the guest may try another."""
    payment.intent, payment.declined, payment.decline_code = "requires_payment_method", message, code
    tell(bank, payment, "payment_intent.payment_failed")


def answer_bank(bank: Bank, payment: Payment, *, approves: bool) -> None:
    """The guest approves or refuses at the bank (3-D Secure)."""
    if approves:
        authorise(bank, payment)
    else:
        message = (
            "We are unable to authenticate your payment method. Please choose a different payment method."
        )
        decline(bank, payment, message, "authentication_required")


def capture(bank: Bank, payment: Payment, form: Form) -> None:
    """Charge what is reserved, or less."""
    if payment.intent != "requires_capture":
        message = (
            f"This PaymentIntent could not be captured because it has a status of {payment.intent}. "
            "Only a PaymentIntent with one of the following statuses may be captured: requires_capture."
        )
        raise state(message)
    if bank.take("authorisation_gone"):
        release(bank, payment, "automatic")
        message = "The charge's authorization has expired, so it can no longer be captured."
        raise state(message, "charge_expired_for_capture")
    amount = number_of(form, "amount_to_capture") or payment.amount
    if amount > payment.amount:
        message = "The amount to capture is greater than the amount that was authorized."
        raise RefusedError(message, "amount_too_large", "amount_to_capture")
    payment.intent, payment.captured = "succeeded", amount
    tell(bank, payment, "charge.captured")
    tell(bank, payment, "payment_intent.succeeded")


def cancel(bank: Bank, payment: Payment) -> None:
    """Release what is reserved because the API says so."""
    if payment.intent != "requires_capture":
        message = f"You cannot cancel this PaymentIntent because it has a status of {payment.intent}."
        if payment.session == "open":
            message = (
                "You cannot cancel the PaymentIntent for a Checkout Session. Expire the Session instead."
            )
        raise state(message)
    release(bank, payment, "requested_by_customer")


def release(bank: Bank, payment: Payment, reason: str) -> None:
    """The money is no longer reserved."""
    payment.intent, payment.cancelled_because = "canceled", reason
    tell(bank, payment, "payment_intent.canceled")


def refund(bank: Bank, payment: Payment, form: Form) -> Refund:
    """Give back so much of what was charged."""
    if not payment.captured:
        message = f"This PaymentIntent ({payment.intent_id}) does not have a successful charge to refund."
        raise state(message)
    left = payment.captured - payment.refunded
    amount = number_of(form, "amount") or left
    if left <= 0:
        message = f"Charge {payment.charge_id} has already been refunded."
        raise state(message, "charge_already_refunded")
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise RefusedError(message, "", "amount", kept=True)
    if form.get("refund_application_fee") == "true" and not payment.fee:
        message = f"Attempting to refund_application_fee on charge {payment.charge_id}, but it has no application fee"
        raise RefusedError(message, "", "refund_application_fee", kept=True)
    now = bank.now()
    fails = bool(bank.take("refund_fails")) or card_of(payment.card).refund_fails
    made = Refund(
        f"re_{secrets.token_hex(12)}",
        amount,
        int(now),
        now + bank.options.refund_seconds,
        fails,
        metadata=dict(form.get("metadata", {})),
    )
    payment.refunds.append(made)
    bank.tell("refund.created", payment.account, shapes.refund(payment, made))
    tell(bank, payment, "charge.refunded")
    return made


def create_account(bank: Bank, form: Form, account_id: str = "") -> Account:
    """A new connected account that hasn't been onboarded."""
    made = Account(
        account_id or f"acct_{secrets.token_hex(8)}",
        form.get("country", "ES"),
        form.get("email", ""),
        dict(form.get("metadata", {})),
        int(bank.now()),
        due=list(DUE),
    )
    bank.accounts[made.id] = made
    bank.dirty = True
    return made


def create_link(bank: Bank, form: Form) -> Link:
    """A way into the account's form."""
    account_id = form.get("account", "")
    if account_id not in bank.accounts:
        raise missing("account", account_id)
    made = Link(
        secrets.token_urlsafe(16),
        account_id,
        form.get("refresh_url", ""),
        form.get("return_url", ""),
        int(bank.now()) + LINK_S,
    )
    bank.links[made.token] = made
    bank.dirty = True
    return made


def onboard(bank: Bank, account: Account, outcome: str) -> None:
    """The host leaves Stripe's form: complete, still to be checked, or unfinished."""
    if outcome == "unfinished":
        account.due = account.due[1:] or account.due
    else:
        account.details_submitted, account.due = True, []
        account.charges_enabled = outcome == "complete"
    bank.tell("account.updated", account.id, shapes.account(account))


def settle(bank: Bank) -> None:
    """Let time do to every payment what it does."""
    for payment_id in list(bank.moving):
        payment = bank.payments[payment_id]
        age(bank, payment)
        if not payment.may_move():
            bank.moving.discard(payment_id)


def age(bank: Bank, payment: Payment) -> None:
    """Let time do to the payment what it does."""
    now = bank.now()
    if payment.intent == "processing" and payment.busy_until <= now:
        authorise(bank, payment)
    if payment.session == "open" and payment.intent != "processing" and payment.dies_at <= now:
        close(bank, payment)
    if payment.intent == "requires_capture" and payment.authorised_at + RESERVED_S <= now:
        release(bank, payment, "automatic")
    for one in payment.refunds:
        if one.status == PENDING and one.settles_at <= now:
            one.status = FAILED if one.fails else SUCCEEDED
            kind = "refund.failed" if one.fails else "refund.updated"
            bank.tell(kind, payment.account, shapes.refund(payment, one))


def tell(bank: Bank, payment: Payment, kind: str) -> None:
    """Send the message with the thing that its kind is about."""
    bank.touch(payment)
    things = {"checkout": shapes.session, "payment_intent": shapes.intent, "charge": shapes.charge}
    bank.tell(kind, payment.account, things[kind.partition(".")[0]](payment))


def dig(form: Form, *names: str) -> Form:
    """The values below these names; none where there are none."""
    for name in names:
        found = form.get(name)
        form = found if isinstance(found, dict) else {}
    return form


def number_of(form: Form, name: str) -> int:
    """The whole number of that name, 0 where there is none. Raises RefusedError."""
    value = str(form.get(name, "") or "0")
    if not value.isdecimal():
        message = f"Invalid integer: {value}"
        raise RefusedError(message, "parameter_invalid_integer", name)
    return int(value)
