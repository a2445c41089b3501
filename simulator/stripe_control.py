"""The control API of the simulated Stripe, under /api/stripe: what it knows, its faults, its clock and its options."""

from dataclasses import asdict, replace

from aiohttp import web

from simulator import (
    stripe_billing_http,
    stripe_billing_pages,
    stripe_billing_shapes,
    stripe_http,
    stripe_moves,
    stripe_pages,
    stripe_subscribing,
)
from simulator import stripe_shapes as shapes
from simulator.control import answer, given
from simulator.fields import BadFieldError, Fields
from simulator.stripe_bank import BANK, FAULTS, Account, Bank, Fault, Message, Payment
from simulator.stripe_keys import DEMO_BILLING_SECRET, DEMO_KEY, DEMO_WEBHOOK_SECRET


def application() -> web.Application:
    """API and pages, to be mounted at /stripe."""
    app = web.Application()
    stripe_http.add_routes(app, stripe_http.ROUTES | stripe_billing_http.ROUTES)
    stripe_pages.add_routes(app)
    stripe_billing_pages.add_routes(app)
    return app


def add_routes(api: web.Application) -> None:
    """Hang the control API into the one that is mounted at /api."""
    api.add_routes(
        [
            web.get("/stripe", whole),
            web.get("/stripe/payments", payments),
            web.get("/stripe/events", events),
            web.get("/stripe/billing", billing),
            web.post("/stripe/accounts", account),
            web.post("/stripe/fault", fault),
            web.post("/stripe/clock", clock),
            web.post("/stripe/options", options),
        ]
    )


def _bank(request: web.Request) -> Bank:
    bank = request.config_dict[BANK]
    _settle(bank)
    return bank


def _settle(bank: Bank) -> None:
    stripe_moves.settle(bank)
    stripe_subscribing.settle(bank)


async def whole(request: web.Request) -> web.Response:
    """GET /api/stripe."""
    bank = _bank(request)
    return answer(
        {
            "api_base": str(request.url.origin() / "stripe"),
            "key": DEMO_KEY,
            "webhook_secret": DEMO_WEBHOOK_SECRET,
            "billing_webhook_secret": DEMO_BILLING_SECRET,
            "now": bank.now(),
            "ahead": bank.ahead,
            "options": asdict(bank.options),
            "faults": [asdict(one) for one in bank.faults],
            "accounts": [described_account(one) for one in bank.accounts.values()],
        }
    )


async def payments(request: web.Request) -> web.Response:
    """GET /api/stripe/payments: every payment's totals, oldest first."""
    return answer({"payments": [described(one) for one in _bank(request).payments.values()]})


def described(payment: Payment) -> dict[str, object]:
    """A payment, with what was captured, given back (or is on its way back) and released."""
    names = (
        "reference",
        "account",
        "session_id",
        "intent_id",
        "session",
        "intent",
        "amount",
        "currency",
        "fee",
    )
    totals = (
        "captured",
        "refunded",
        "voided",
        "authorised_at",
        "created",
        "expires_at",
        "title",
        "email",
        "url",
    )
    plain = {name: getattr(payment, name) for name in (*names, *totals)}
    return plain | {"refunds": [asdict(one) for one in payment.refunds]}


def described_account(one: Account) -> dict[str, object]:
    """A connected account, as the API shows it."""
    return shapes.account(one)


async def events(request: web.Request) -> web.Response:
    """GET /api/stripe/events: the last 2,000 messages and how they are doing, oldest first."""
    return answer({"events": [_told(one) for one in _bank(request).told]})


def _told(message: Message) -> dict[str, object]:
    names = ("id", "kind", "account", "state", "tries")
    return {name: getattr(message, name) for name in names} | {"about": message.thing["id"]}


async def billing(request: web.Request) -> web.Response:
    """GET /api/stripe/billing: customers, subscriptions and invoices, oldest first."""
    books = _bank(request).books
    return answer(
        {
            "customers": [stripe_billing_shapes.customer(one) for one in books.customers.values()],
            "subscriptions": [
                stripe_billing_shapes.subscription(books, one) for one in books.subscriptions.values()
            ],
            "invoices": [stripe_billing_shapes.invoice(one) for one in books.invoices.values()],
        }
    )


async def account(request: web.Request) -> web.Response:
    """POST /api/stripe/accounts: a connected account with this `id`, onboarded; one that exists is onboarded.

    With `connected` false its host takes it away from the platform, which Stripe then lets do nothing with it.
    """
    bank, fields = _bank(request), await given(request)
    account_id = fields.text("id")
    if not account_id.startswith("acct_") or not account_id.removeprefix("acct_").isalnum():
        message = "id must be acct_ and letters or digits."
        raise BadFieldError(message)
    known = bank.accounts.get(account_id)
    if known and not fields.flag("connected", default=True):
        del bank.accounts[account_id]
        bank.tell("account.application.deauthorized", account_id, {"id": "ca_demo", "object": "application"})
        return answer(described_account(known))
    form = {"country": fields.text("country", "ES"), "email": fields.text("email", "")}
    made = known or stripe_moves.create_account(bank, form, account_id)
    if not made.charges_enabled:
        stripe_moves.onboard(bank, made, "complete")
    return answer(described_account(made), 200 if known else 201)


async def fault(request: web.Request) -> web.Response:
    """POST /api/stripe/fault."""
    bank, fields = _bank(request), await given(request)
    kind = fields.choice("kind", ("none", *FAULTS))
    if kind == "none":
        bank.faults.clear()
    else:
        bank.faults.append(_fault(kind, fields))
    return answer({"faults": [asdict(one) for one in bank.faults]})


def _fault(kind: str, fields: Fields) -> Fault:
    return Fault(
        kind,
        fields.integer("count") or None,
        fields.text("on", ""),
        float(fields.integer("seconds", 0) or 0),
    )


async def clock(request: web.Request) -> web.Response:
    """POST /api/stripe/clock: puts it so many seconds ahead of the real one; what was due happens."""
    bank = _bank(request)
    bank.ahead = (await given(request)).integer("ahead", 0) or 0
    bank.dirty = True
    _settle(bank)
    return answer({"now": bank.now(), "ahead": bank.ahead})


async def options(request: web.Request) -> web.Response:
    """POST /api/stripe/options; the addresses are "none" where messages shall go nowhere."""
    bank, fields = _bank(request), await given(request)
    before = bank.options
    card, back = (
        fields.integer(name, getattr(before, name)) or 0 for name in ("card_seconds", "refund_seconds")
    )
    urls = {
        name: "" if fields.says(name, "none") else fields.url(name)
        for name in ("webhook_url", "billing_webhook_url")
        if name in fields
    }
    bank.options = replace(before, card_seconds=card, refund_seconds=back, **urls)
    bank.dirty = True
    return answer(asdict(bank.options))
