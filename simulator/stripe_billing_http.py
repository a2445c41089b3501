"""The simulated Stripe's API of billing on the platform's own account, beside that of payments in `stripe_http`."""

from simulator import stripe_billing_shapes as shapes
from simulator import stripe_subscribing as moves
from simulator.stripe_books import Subscribed
from simulator.stripe_http import Call, Route, open_session, page
from simulator.stripe_moves import RefusedError, missing
from simulator.stripe_shapes import Shape


def open_page(call: Call) -> Shape:
    """POST /v1/checkout/sessions, in either mode."""
    if call.form.get("mode") != "subscription":
        return open_session(call)
    return shapes.joining(moves.open_joining(call.bank, call.form, call.origin))


def create_customer(call: Call) -> Shape:
    """POST /v1/customers."""
    return shapes.customer(moves.create_customer(call.bank, call.form))


def create_product(call: Call) -> Shape:
    """POST /v1/products."""
    return {"id": moves.create_product(call.bank, call.form), "object": "product"}


def _subscription(call: Call, key: str) -> Subscribed:
    found = call.bank.books.subscriptions.get(key)
    if found is None:
        raise missing("subscription", key)
    moves.age(call.bank, found)
    return found


def list_subscriptions(call: Call) -> Shape:
    """GET /v1/subscriptions of one customer, newest first."""
    books, customer = call.bank.books, moves.customer_of(call.bank, call.form)
    found = [one for one in reversed(books.subscriptions.values()) if one.customer == customer.id]
    for one in found:
        moves.age(call.bank, one)
    wanted = [one for one in found if call.form.get("status") == "all" or one.status not in moves.OVER]
    things = [shapes.subscription(books, one, expanded=bool(call.expand)) for one in wanted]
    return page(call, things, "/v1/subscriptions")


def update_subscription(call: Call) -> Shape:
    """POST /v1/subscriptions/<id>."""
    found = _subscription(call, call.thing_id)
    moves.update(call.bank, found, call.form)
    return shapes.subscription(call.bank.books, found)


def end_subscription(call: Call) -> Shape:
    """DELETE /v1/subscriptions/<id>."""
    found = _subscription(call, call.thing_id)
    if found.status in moves.OVER:
        raise missing("subscription", call.thing_id)
    moves.end(call.bank, found, int(call.bank.now()))
    return shapes.subscription(call.bank.books, found)


def list_invoices(call: Call) -> Shape:
    """GET /v1/invoices of one customer, newest first."""
    moves.settle(call.bank)
    customer = moves.customer_of(call.bank, call.form)
    every = reversed(call.bank.books.invoices.values())
    return page(call, [shapes.invoice(one) for one in every if one.customer == customer.id], "/v1/invoices")


def preview_invoice(call: Call) -> Shape:
    """POST /v1/invoices/create_preview."""
    found = _subscription(call, call.form.get("subscription", ""))
    if found.status in moves.OVER or found.cancels:
        message = "No upcoming invoices for customer: " + found.customer
        raise RefusedError(message, "invoice_upcoming_none", "subscription", 404)
    return shapes.preview(found)


def open_portal(call: Call) -> Shape:
    """POST /v1/billing_portal/sessions."""
    made = moves.open_portal(call.bank, call.form)
    return shapes.portal(made, f"{call.origin}/stripe/portal/{made.token}")


ROUTES: dict[str, Route] = {
    "sessions.create": ("POST", "/checkout/sessions", open_page),
    "customers.create": ("POST", "/customers", create_customer),
    "products.create": ("POST", "/products", create_product),
    "subscriptions.list": ("GET", "/subscriptions", list_subscriptions),
    "subscriptions.update": ("POST", "/subscriptions/{id}", update_subscription),
    "subscriptions.cancel": ("DELETE", "/subscriptions/{id}", end_subscription),
    "invoices.list": ("GET", "/invoices", list_invoices),
    "invoices.preview": ("POST", "/invoices/create_preview", preview_invoice),
    "portals.create": ("POST", "/billing_portal/sessions", open_portal),
}
