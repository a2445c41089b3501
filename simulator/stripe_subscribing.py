"""What can happen to subscriptions at the simulated Stripe: the API's acts, a card on a page, and what time does.

An invoice whose card is declined is tried again after 3, 5 and 7 days, and then left open; the subscription is past due
until it is paid.
"""

import secrets
from typing import Any

from simulator import stripe_billing_shapes as shapes
from simulator.stripe_bank import DAY_S, Bank
from simulator.stripe_books import MONTH_S, Customer, Invoice, Joining, Portal, Subscribed
from simulator.stripe_cards import card_of
from simulator.stripe_moves import Form, RefusedError, dig, missing, number_of

SOONEST_TRIAL_S = 48 * 3600
TRIES_AFTER_S = (3 * DAY_S, 5 * DAY_S, 7 * DAY_S)
OVER = frozenset({"canceled"})
PRICED = ("price_data", "currency"), ("price_data", "product"), ("price_data", "unit_amount")


def create_customer(bank: Bank, form: Form) -> Customer:
    """Somebody new."""
    made = Customer(
        f"cus_{secrets.token_hex(7)}",
        form.get("name", ""),
        form.get("email", ""),
        dict(form.get("metadata", {})),
        int(bank.now()),
    )
    bank.books.customers[made.id] = made
    bank.dirty = True
    return made


def create_product(bank: Bank, form: Form) -> str:
    """A product with an id that the platform has chosen."""
    product = form.get("id") or f"prod_{secrets.token_hex(7)}"
    if product in bank.books.products:
        message = "Product already exists."
        raise RefusedError(message, "resource_already_exists", "id")
    bank.books.products[product] = form.get("name", "")
    bank.dirty = True
    return product


def customer_of(bank: Bank, form: Form) -> Customer:
    """The one that the form names."""
    found = bank.books.customers.get(form.get("customer", ""))
    if found is None:
        raise missing("customer", form.get("customer", ""))
    return found


def open_joining(bank: Bank, form: Form, origin: str) -> Joining:
    """A page where a customer subscribes."""
    customer, line = customer_of(bank, form), dig(form, "line_items", "0")
    product, price, currency = _priced(bank, line)
    trial_end = number_of(dig(form, "subscription_data"), "trial_end")
    if trial_end and trial_end < bank.now() + SOONEST_TRIAL_S:
        message = "The `trial_end` date has to be at least 2 days in the future."
        raise RefusedError(message, "", "subscription_data[trial_end]")
    if number_of(line, "quantity") < 1:
        message = "This value must be greater than or equal to 1."
        raise RefusedError(message, "parameter_invalid_integer", "line_items[0][quantity]")
    made = Joining(
        f"cs_test_sub{secrets.token_hex(12)}",
        customer.id,
        form.get("client_reference_id", ""),
        product,
        price,
        currency,
        number_of(line, "quantity"),
        trial_end,
        dict(dig(form, "subscription_data").get("metadata", {})),
        form["success_url"],
        form.get("cancel_url", ""),
        "",
        int(bank.now()),
    )
    made.url = f"{origin}/stripe/subscribe/{made.id}"
    bank.books.joinings[made.id], bank.books.origin = made, origin
    bank.dirty = True
    return made


def _priced(bank: Bank, line: Form) -> tuple[str, int, str]:
    """Product, minor units and currency of one unit a month."""
    for path in PRICED:
        if not dig(line, *path[:-1]).get(path[-1]):
            message = f"Missing required param: {path[-1]}."
            raise RefusedError(message, "parameter_missing", path[-1])
    data = dig(line, "price_data")
    if data["product"] not in bank.books.products:
        raise missing("product", data["product"])
    return data["product"], number_of(data, "unit_amount"), data["currency"]


def join(bank: Bank, joining: Joining, number: str) -> None:
    """The customer gives a card: it is kept, and charged where there is no trial."""
    card = card_of(number)
    joining.declined = ""
    charged = not joining.trial_end
    if card.does != "pays" and (charged or not card.fails_later):
        joining.declined = card.message or "Your card was declined."
        return
    now = int(bank.now())
    made = Subscribed(
        f"sub_{secrets.token_hex(12)}",
        joining.customer,
        joining.product,
        joining.price,
        joining.currency,
        joining.quantity,
        "active" if charged else "trialing",
        now,
        joining.trial_end,
        now,
        joining.trial_end or now + MONTH_S,
        card.number,
        joining.metadata,
    )
    bank.books.subscriptions[made.id] = made
    joining.status = "complete"
    tell(bank, "customer.subscription.created", shapes.subscription(bank.books, made))
    _charge(bank, made, _issue(bank, made, made.price * made.quantity if charged else 0))
    tell(bank, "checkout.session.completed", shapes.joining(joining))


def update(bank: Bank, one: Subscribed, form: Form) -> None:
    """What the API says it shall be."""
    if one.status in OVER:
        message = "A canceled subscription can only update its cancellation_details and metadata."
        raise RefusedError(message, "", kept=True)
    if item := dig(form, "items", "0"):
        _change(bank, one, item)
    if "cancel_at_period_end" in form:
        one.cancels = form["cancel_at_period_end"] == "true"
    if "pause_collection" in form:
        pause: Any = form["pause_collection"]
        one.is_paused = bool(pause)
        one.resumes_at = number_of(pause, "resumes_at") if pause else 0
    tell(bank, "customer.subscription.updated", shapes.subscription(bank.books, one))


def _change(bank: Bank, one: Subscribed, item: Form) -> None:
    """Another quantity or price: the difference for the rest of the month goes on the next invoice."""
    before = one.price * one.quantity
    if "price_data" in item:
        product, price, currency = _priced(bank, item)
        if currency != one.currency:
            message = "You cannot combine currencies on a single customer."
            raise RefusedError(message, "", "items[0]")
        one.product, one.price = product, price
    if "quantity" in item:
        one.quantity = number_of(item, "quantity")
    if one.status != "trialing":
        left = max(one.period_end - int(bank.now()), 0)
        one.pending += (one.price * one.quantity - before) * left // MONTH_S


def end(bank: Bank, one: Subscribed, at: int) -> None:
    """It is over."""
    one.status, one.ended_at = "canceled", at
    tell(bank, "customer.subscription.deleted", shapes.subscription(bank.books, one))


def open_portal(bank: Bank, form: Form) -> Portal:
    """A way to the page for cards."""
    made = Portal(secrets.token_urlsafe(12), customer_of(bank, form).id, form.get("return_url", ""))
    bank.books.portals[made.token] = made
    bank.dirty = True
    return made


def change_card(bank: Bank, customer: Customer, number: str) -> bool:
    """Whether the card could be kept: it is charged from the next try on."""
    card = card_of(number)
    if card.does != "pays" and not card.fails_later:
        return False
    customer.card = card.number
    for one in bank.books.subscriptions.values():
        if one.customer == customer.id and one.status not in OVER:
            one.card = card.number
            tell(bank, "customer.subscription.updated", shapes.subscription(bank.books, one))
    return True


def pay(bank: Bank, invoice: Invoice, number: str) -> bool:
    """Whether the card paid an invoice on its own page."""
    if invoice.status == "open" and card_of(number).does == "pays":
        _paid(bank, bank.books.subscriptions[invoice.subscription], invoice)
    return invoice.status == "paid"


def settle(bank: Bank) -> None:
    """Let time do to every subscription what it does."""
    for one in bank.books.subscriptions.values():
        age(bank, one)


def age(bank: Bank, one: Subscribed) -> None:
    """Let time do to the subscription what it does."""
    now = int(bank.now())
    while one.status not in OVER and one.period_end <= now:
        if one.cancels:
            end(bank, one, one.period_end)
            return
        _renew(bank, one)
    if one.is_paused and 0 < one.resumes_at <= now:
        one.is_paused, one.resumes_at = False, 0
        tell(bank, "customer.subscription.updated", shapes.subscription(bank.books, one))
    for invoice in bank.books.open_invoices(one):
        if 0 < invoice.next_try <= now:
            _charge(bank, one, invoice)


def _renew(bank: Bank, one: Subscribed) -> None:
    """The next month begins with its invoice."""
    one.period_start, one.period_end = one.period_end, one.period_end + MONTH_S
    if one.status == "trialing":
        one.status = "active"
    is_void = one.is_paused and (not one.resumes_at or one.period_start < one.resumes_at)
    amount, one.pending = max(one.price * one.quantity + one.pending, 0), 0
    made = _issue(bank, one, amount)
    if is_void:
        made.status = "void"
        tell(bank, "invoice.voided", shapes.invoice(made))
    else:
        _charge(bank, one, made)
    tell(bank, "customer.subscription.updated", shapes.subscription(bank.books, one))


def _issue(bank: Bank, one: Subscribed, amount: int) -> Invoice:
    key = f"in_{secrets.token_hex(12)}"
    made = Invoice(
        key,
        f"SIM-{len(bank.books.invoices) + 1:04}",
        one.customer,
        one.id,
        amount,
        one.currency,
        one.period_start,
        one.period_start,
        one.period_end,
        f"{bank.books.origin}/stripe/invoice/{key}",
    )
    bank.books.invoices[key] = made
    tell(bank, "invoice.finalized", shapes.invoice(made))
    return made


def _charge(bank: Bank, one: Subscribed, invoice: Invoice) -> None:
    """Try the card."""
    if not invoice.amount or card_of(one.card).does == "pays":
        _paid(bank, one, invoice)
        return
    waits = TRIES_AFTER_S[invoice.tries :]
    invoice.tries += 1
    invoice.next_try = int(bank.now()) + waits[0] if waits else 0
    one.status = "past_due"
    tell(bank, "invoice.payment_failed", shapes.invoice(invoice))
    tell(bank, "customer.subscription.updated", shapes.subscription(bank.books, one))


def _paid(bank: Bank, one: Subscribed, invoice: Invoice) -> None:
    invoice.status, invoice.next_try = "paid", 0
    tell(bank, "invoice.paid", shapes.invoice(invoice))
    if one.status == "past_due" and not bank.books.open_invoices(one):
        one.status = "active"
        tell(bank, "customer.subscription.updated", shapes.subscription(bank.books, one))


def tell(bank: Bank, kind: str, thing: dict[str, Any]) -> None:
    """Send the message about the platform's own account."""
    bank.tell(kind, "", thing, of_platform=True)
